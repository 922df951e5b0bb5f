"""Photographs as uint8 RGB pixels: a folder of image files, or those inside scikit-image."""

import math
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from foundation.listener import SILENT, Listener
from foundation.memory import available_memory_bytes
from imaging.bundled_photographs import bundled_photographs
from imaging.decoding import GRAYSCALE, BadImageError, conversion_notes, decode, decoded_bytes
from imaging.image_formats import IMAGE_SUFFIXES, is_image_name

BUNDLED = "bundled"

Read = TypeVar("Read")


@dataclass(frozen=True)
class Image:
    """One decoded photograph."""

    name: str
    """The file's name."""
    pixels: NDArray[np.uint8]
    """Shape: (H, W, 3), RGB; a `numpy.memmap` where it does not lie in memory."""
    is_gray: bool
    """The file has one channel; `pixels` repeats it."""


@dataclass(frozen=True)
class ImageSet:
    """Photographs in the order of their names, and what was done to them."""

    images: tuple[Image, ...]
    notes: tuple[str, ...]
    """One line per kind of conversion, to be told once."""
    bad: tuple[BadImageError, ...] = ()
    """The files that were passed over, since they do not decode."""


def load_images(
    source: str,
    *,
    split: Literal["training", "validation"],
    memory_limit_bytes: int | None = None,
    skip_bad: bool = False,
    listener: Listener = SILENT,
) -> ImageSet:
    """The photographs of a folder, or for "bundled" those of `split` inside scikit-image.

    Each is decoded once. Where their pixels would take more than `memory_limit_bytes` (by default
    half of the available memory) they lie in a temporary memory-mapped file, which a note says.
    Files that do not decode are an error that names them all; if `skip_bad`, only if no other is
    left. `listener` hears how many are decoded.

    Raises:
        ValueError: the folder is missing or holds no image, images cannot be decoded, or the
            temporary file does not fit.
    """
    is_bundled = source == BUNDLED
    paths = bundled_photographs(split) if is_bundled else image_paths(Path(source).expanduser())
    paths = list(paths)
    return load_files(
        paths,
        memory_limit_bytes=memory_limit_bytes,
        skip_bad=skip_bad,
        on_image=lambda done: listener.progress(done, len(paths), f"decoding {split} images"),
    )


def load_files(
    paths: Iterable[Path],
    *,
    memory_limit_bytes: int | None = None,
    skip_bad: bool = False,
    on_image: Callable[[int], object] = lambda _: None,
) -> ImageSet:
    """The photographs in these files; the rest is as for `load_images`."""
    paths = list(paths)
    limit_bytes = (
        available_memory_bytes() // 2 if memory_limit_bytes is None else memory_limit_bytes
    )
    bad: list[BadImageError] = []
    sizes_bytes = dict(_attempted(paths, decoded_bytes, bad))
    total_bytes = sum(sizes_bytes.values())
    counts: Counter[str] = Counter()
    decoded = _counted(_decode_all(sizes_bytes, counts, bad), on_image)
    in_memory = total_bytes <= limit_bytes
    images = tuple(decoded if in_memory else _memory_mapped(decoded))
    if bad and not (skip_bad and images):
        raise _not_decoding(bad, len(paths))
    notes = conversion_notes(counts, len(images))
    if not in_memory:
        notes.append(
            f"the decoded images take {_gib(total_bytes)}, more than the {_gib(limit_bytes)} that "
            f"may lie in memory: they are memory-mapped in {tempfile.gettempdir()} (TMPDIR)"
        )
    return ImageSet(images, tuple(notes), tuple(bad))


def image_paths(
    folder: Path, *, recursive: bool = False, without: Path | None = None
) -> list[Path]:
    """The image files of a folder, in the order of their names.

    If `recursive`, those of the folders inside it too, except of `without` and of hidden ones.

    Raises:
        ValueError: the folder is missing or holds no image.
    """
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "does not exist"
        raise ValueError(
            f"images must lie in a folder, but '{folder}' {problem}: name a folder or '{BUNDLED}'"
        )
    paths = sorted(_walk(folder, recursive=recursive, without=without))
    if not paths:
        unread = "" if recursive else " (folders inside it are not read)"
        raise ValueError(
            f"an image folder must hold {', '.join(sorted(IMAGE_SUFFIXES))} files, but '{folder}' "
            f"holds none: name the folder they lie in{unread}"
        )
    return paths


def _walk(folder: Path, *, recursive: bool, without: Path | None) -> Iterator[Path]:
    for path in folder.iterdir():
        if not path.is_dir():
            if is_image_name(path):
                yield path
        elif recursive and not (
            path.name.startswith(".") or path.is_symlink() or _is_same(path, without)
        ):
            yield from _walk(path, recursive=True, without=without)


def _is_same(path: Path, other: Path | None) -> bool:
    return other is not None and other.exists() and path.samefile(other)


def _attempted(
    paths: Iterable[Path], read: Callable[[Path], Read], bad: list[BadImageError]
) -> Iterator[tuple[Path, Read]]:
    """Yields each path with what is read of it, and collects those that fail."""
    for path in paths:
        try:
            yield path, read(path)
        except BadImageError as error:
            bad.append(error)


def _not_decoding(bad: Sequence[BadImageError], total: int) -> ValueError:
    if len(bad) == 1:
        return bad[0]
    names = ", ".join(f"'{error.path}' ({error.reason})" for error in bad)
    return ValueError(
        f"images must decode without error, but {len(bad)} of {total} do not, {names}: replace "
        "the files or remove them"
    )


def _decode_all(
    paths: Iterable[Path], counts: Counter[str], bad: list[BadImageError]
) -> Iterator[Image]:
    """Yields the images one by one and counts the kinds of conversion they needed."""
    for path, (pixels, kinds) in _attempted(paths, decode, bad):
        counts.update(kinds)
        yield Image(path.name, pixels, GRAYSCALE in kinds)


def _counted(images: Iterable[Image], on_image: Callable[[int], object]) -> Iterator[Image]:
    for number, image in enumerate(images, start=1):
        yield image
        on_image(number)


def _memory_mapped(images: Iterable[Image]) -> Iterator[Image]:
    """The same images, their pixels in one nameless temporary file that vanishes with them."""
    places: list[tuple[str, bool, tuple[int, ...], int]] = []
    with tempfile.TemporaryFile() as file:
        for image in images:
            places.append((image.name, image.is_gray, image.pixels.shape, file.tell()))
            _write(file, image.pixels)
        if not places:
            return
        # Copy-on-write, since torch warns of memory that it may not write to.
        mapped = np.memmap(file, np.uint8, mode="c")
    for name, is_gray, shape, start in places:
        yield Image(name, mapped[start : start + math.prod(shape)].reshape(shape), is_gray)


def _write(file: IO[bytes], pixels: NDArray[np.uint8]) -> None:
    try:
        file.write(pixels.data)
        file.flush()
    except OSError as error:
        raise ValueError(
            f"decoded images must fit into memory or into {tempfile.gettempdir()}, but writing "
            f"there failed ({error}): set TMPDIR to a folder with more room"
        ) from error


def _gib(size_bytes: int) -> str:
    return f"{size_bytes / 2**30:.3g} GiB"
