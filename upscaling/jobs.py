"""Which images are enlarged, and into which files; settled before anything is computed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from blocks import NetworkConfig
from imaging.decoding import BadImageError, SkippedImage, stored_size_px
from imaging.image_formats import IMAGE_SUFFIXES, format_of
from imaging.images import image_paths
from upscaling.images import why_too_small


@dataclass(frozen=True)
class FolderOptions:
    """How a folder of images is read and written."""

    recursive: bool = False
    """With the folders inside it."""
    skip_existing: bool = False
    """What is written already stays as it is."""
    suffix: str | None = None
    """Of all files written, such as ".png"; None: each keeps its own."""


@dataclass(frozen=True)
class ImageJob:
    """One image to be enlarged."""

    source: Path
    destination: Path
    size_px: tuple[int, int]
    """Height and width as stored; once upright, the two may change places."""


@dataclass(frozen=True)
class ImagePlan:
    """What is to be done."""

    jobs: tuple[ImageJob, ...]
    existing: tuple[Path, ...] = ()
    """Files that are there already, and stay."""
    skipped: tuple[SkippedImage, ...] = ()
    is_folder: bool = False
    """Then an image that turns out not to decode is skipped, too."""

    @property
    def total(self) -> int:
        return len(self.jobs) + len(self.existing) + len(self.skipped)


def planned(
    source: Path,
    destination: Path,
    scale: int,
    options: FolderOptions,
    config: NetworkConfig | None,
) -> ImagePlan:
    """Return what is enlarged, and the images of a folder that cannot be; nothing is written.

    Args:
        config: of the network that enlarges; None for bicubic.

    Raises:
        ValueError: there is no image at `source` or it cannot be enlarged, `destination` is the
            same, is of the other kind or cannot be written, or two images would get one file.
    """
    if destination.exists() and source.exists() and destination.samefile(source):
        raise ValueError(f"the destination must differ from the source, got {destination} for both")
    if source.is_dir():
        return _folder_plan(source, destination, scale, options, config)
    return _file_plan(source, destination, scale, options, config)


def _file_plan(
    source: Path,
    destination: Path,
    scale: int,
    options: FolderOptions,
    config: NetworkConfig | None,
) -> ImagePlan:
    if not source.exists():
        raise ValueError(f"no such file or folder: {source}")
    if options.recursive or options.suffix is not None:
        setting = "recursive" if options.recursive else "a format"
        raise ValueError(
            f"{setting} is for a folder of images, but the source is the file {source}"
        )
    if destination.is_dir():
        raise ValueError(
            f"the destination must be a file, as the source is, got the folder {destination}"
        )
    format_of(destination)
    if options.skip_existing and destination.exists():
        return ImagePlan((), (destination,))
    job = ImageJob(source, destination, stored_size_px(source))
    reason = _why_not(job, scale, config)
    if reason is not None:
        raise ValueError(f"{source} cannot be enlarged to {destination.name}: {reason}")
    return ImagePlan((job,))


def _folder_plan(
    source: Path,
    destination: Path,
    scale: int,
    options: FolderOptions,
    config: NetworkConfig | None,
) -> ImagePlan:
    if destination.exists() and not destination.is_dir():
        raise ValueError(
            f"the destination must be a folder, as the source is, got the file {destination}"
        )
    if options.suffix is not None and options.suffix not in IMAGE_SUFFIXES:
        names = ", ".join(sorted(suffix.removeprefix(".") for suffix in IMAGE_SUFFIXES))
        raise ValueError(f"the format must be one of {names}, got {options.suffix[1:]!r}")
    paths = image_paths(source, recursive=options.recursive, without=destination)
    files = {path: _file_of(path, source, destination, options.suffix) for path in paths}
    _require_distinct(files.values())
    jobs: list[ImageJob] = []
    existing: list[Path] = []
    skipped: list[SkippedImage] = []
    for path, file in files.items():
        if options.skip_existing and file.exists():
            existing.append(file)
            continue
        try:
            job = ImageJob(path, file, stored_size_px(path))
        except BadImageError as error:
            skipped.append(SkippedImage.of(error))
            continue
        reason = _why_not(job, scale, config)
        if reason is None:
            jobs.append(job)
        else:
            skipped.append(SkippedImage(path, reason))
    return ImagePlan(tuple(jobs), tuple(existing), tuple(skipped), is_folder=True)


def _file_of(path: Path, source: Path, destination: Path, suffix: str | None) -> Path:
    file = destination / path.relative_to(source)
    return file if suffix is None else file.with_suffix(suffix)


def _require_distinct(files: Iterable[Path]) -> None:
    file, count = Counter(files).most_common(1)[0]
    if count > 1:
        raise ValueError(f"each image needs a file of its own, but {count} would become {file}")


def _why_not(job: ImageJob, scale: int, config: NetworkConfig | None) -> str | None:
    height_px, width_px = job.size_px
    too_small = None if config is None else why_too_small(config, height_px, width_px)
    return too_small or format_of(job.destination).why_not(height_px * scale, width_px * scale)
