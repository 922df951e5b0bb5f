"""Originals and the low-resolution images that go with them, from two folders.

The layouts are DIV2K's, NAME.png beside X2/NAMEx2.png, and BasicSR's, NAME.png in both, the
low-resolution ones in LRbicx2.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from imaging.decoding import BadImageError
from imaging.image_formats import is_image_name
from imaging.images import BUNDLED, Image, ImageSet, image_paths, load_files, load_images

_NAMED = 5
"""So many files are named; of the others the number is told."""


@dataclass(frozen=True)
class ImagePairs(ImageSet):
    """Photographs, and where they are given the low-resolution image of each."""

    low: tuple[Image, ...] | None = None
    """In the order of `images`; None where they are still to be made."""

    @property
    def all_images(self) -> tuple[Image, ...]:
        """Both, as far as they are given."""
        return (*self.images, *(self.low or ()))


def load_pairs(
    source: str,
    low_source: str | None,
    *,
    split: Literal["training", "validation"],
    scale: int,
    skip_bad: bool = False,
) -> ImagePairs:
    """The photographs of `source`, as `load_images` gives them, and those of `low_source`.

    A low-resolution image lies in the folder `low_source`, or in a folder X2, x2 or LRbicx2 of it
    (for scale 2), and is called like its original or with x2 behind. Its sides are those of the
    original divided by the scale, rounded down. What has no original is left out, as a note says.
    A pair of which a file does not decode is passed over if `skip_bad`.

    Raises:
        ValueError: as `load_images`; an original has no low-resolution image or several, or one
            of another size. The message names it.
    """
    if low_source is None:
        loaded = load_images(source, split=split, skip_bad=skip_bad)
        return ImagePairs(loaded.images, loaded.notes, loaded.bad)
    if source == BUNDLED:
        raise ValueError(
            f"low-resolution images (--lr, {low_source}) need the folder of their originals, but"
            " none was named, only the embedded photographs: name it with --data"
        )
    originals = image_paths(Path(source).expanduser())
    folder = _folder_of(Path(low_source).expanduser(), scale)
    low_paths = _partners(originals, folder, scale)
    high = load_files(originals, skip_bad=skip_bad)
    low = load_files(low_paths.values(), skip_bad=skip_bad)
    partners = {original.name: path.name for original, path in low_paths.items()}
    decoded = {image.name: image for image in low.images}
    pairs = [
        (image, decoded[partners[image.name]])
        for image in high.images
        if partners[image.name] in decoded
    ]
    bad: tuple[BadImageError, ...] = (*high.bad, *low.bad)
    if not pairs:
        raise bad[0]
    _check_sizes(pairs, scale)
    notes = dict.fromkeys((*high.notes, *low.notes, *_unused(folder, low_paths)))
    images, lows = zip(*pairs, strict=True)
    return ImagePairs(images, tuple(notes), bad, lows)


def _folder_of(folder: Path, scale: int) -> Path:
    """The folder itself, or that of the scale in it where it holds no images itself."""
    if not folder.is_dir():
        problem = "is a file" if folder.exists() else "does not exist"
        raise ValueError(
            f"low-resolution images (--lr) must lie in a folder, but '{folder}' {problem} (a"
            " learning rate is --learning-rate)"
        )
    if any(is_image_name(path) for path in folder.iterdir() if not path.is_dir()):
        return folder
    names = {f"x{scale}", f"lrbicx{scale}"}
    inner = sorted(
        path for path in folder.iterdir() if path.is_dir() and path.name.lower() in names
    )
    if len(inner) != 1:
        found = "none" if not inner else " and ".join(path.name for path in inner)
        raise ValueError(
            f"'{folder}' must hold low-resolution images, or one folder X{scale} or LRbicx{scale}"
            f" of them, but holds no images and of such folders {found}: name the folder they lie"
            " in (--lr)"
        )
    return inner[0]


def _partners(originals: Sequence[Path], folder: Path, scale: int) -> dict[Path, Path]:
    """The low-resolution file of each original.

    Raises:
        ValueError: there is none, or more than one.
    """
    by_stem: defaultdict[str, list[Path]] = defaultdict(list)
    for path in image_paths(folder):
        by_stem[path.stem].append(path)
    found = {
        original: [
            path
            for stem in (f"{original.stem}x{scale}", original.stem)
            for path in by_stem.get(stem, ())
        ]
        for original in originals
    }
    if missing := [original.name for original, paths in found.items() if not paths]:
        raise ValueError(
            f"every original must have a low-resolution image in '{folder}', called like it or with"
            f" x{scale} behind, but {_names(missing)} {_have(missing)} none"
        )
    for original, paths in found.items():
        if len(paths) > 1:
            raise ValueError(
                f"every original must have one low-resolution image in '{folder}', but"
                f" {original.name} has {_names([path.name for path in paths])}: remove all but one"
            )
    return {original: paths[0] for original, paths in found.items()}


def _check_sizes(pairs: Sequence[tuple[Image, Image]], scale: int) -> None:
    wrong = list(_of_wrong_size(pairs, scale))
    if not wrong:
        return
    others = f" (and {len(wrong) - 1} more pairs)" if len(wrong) > 1 else ""
    raise ValueError(
        f"a low-resolution image must have the sides of its original divided by {scale}, rounded"
        f" down, but {wrong[0]}{others}: correct the scale, or --lr"
    )


def _of_wrong_size(pairs: Sequence[tuple[Image, Image]], scale: int) -> Iterator[str]:
    for high, low in pairs:
        height, width = high.pixels.shape[:2]
        expected, found = (height // scale, width // scale), low.pixels.shape[:2]
        if found != expected:
            yield (
                f"{low.name} has {found[0]}x{found[1]} pixels and not {expected[0]}x{expected[1]},"
                f" as {high.name} has {height}x{width}"
            )


def _unused(folder: Path, partners: Mapping[Path, Path]) -> Iterator[str]:
    used = {path.name for path in partners.values()}
    unused = [path.name for path in image_paths(folder) if path.name not in used]
    if unused:
        yield f"left out, as no original is called so: {_names(unused)} in '{folder}'"


def _names(names: Sequence[str]) -> str:
    others = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {others} more" if others > 0 else "")


def _have(names: Sequence[str]) -> str:
    return "has" if len(names) == 1 else "have"
