"""Patches sorted by how well a network restores them, the experiment that ClassSR rests on.

Source: ClassSR (Kong et al. 2021, arXiv:2103.04039, section 3.1): patches of one size, each
enlarged alone, sorted by their PSNR and cut into three classes of equal size. Half a patch lies
between neighbours, as in the authors' code, and PSNR is over RGB without a border of `scale`
pixels, as their tests count it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from blocks.models import BICUBIC
from foundation.listener import SILENT, Listener
from imaging import BUNDLED, Upscaler, ValidationPair, prepare_validation
from imaging.pairs import load_pairs
from paretosr.models import Model, load
from paretosr.results import Result, Table
from training.data.patch_classes import class_bounds
from upscaling import UpscalingOptions, upscaler_for

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FEWEST_CLASSES = 2
SMALLEST_PATCH_PX = 4


@dataclass(frozen=True)
class PatchClass:
    """Patches that the reference restores about equally well."""

    patches: int
    lowest_psnr_db: float
    """Of the reference, on the hardest patch of the class."""
    highest_psnr_db: float
    """Of the reference, on the easiest."""


@dataclass(frozen=True)
class ModelOnClasses:
    """What one model gives on the patches of each class."""

    model: str
    """Its reference."""
    psnr_db: float
    """The mean of all patches' decibels."""
    psnr_db_by_class: tuple[float, ...]
    """The mean of each class, the easiest first."""
    same_class: float
    """The part of the patches that sorting by this model's PSNR puts into the same class."""


@dataclass(frozen=True, repr=False)
class SortedPatches(Result):
    """Patches in classes of equal size by a network's PSNR, and how models do on each class.

    PSNR is over RGB values without a border of `scale` pixels of every patch.
    """

    scale: int
    """Enlargement of height and width."""
    data: str
    """The folder of the originals, or "bundled"."""
    low_resolution: str | None
    """The folder of their low-resolution images; None where MATLAB's imresize made them."""
    patch_px: int
    """Side of a low-resolution patch."""
    left_out: int
    """Patches that a model restores exactly, with an infinite PSNR."""
    classes: tuple[PatchClass, ...]
    """From the easiest to the hardest."""
    models: tuple[ModelOnClasses, ...]
    """The reference first, then the others as they were given; bicubic last unless it was given."""
    patch_psnr_db: NDArray[np.float64] = field(compare=False)
    """Of each model on every patch, from the reference's highest to its lowest.
    Shape: (models, patches). Not in the JSON document."""

    def to_dict(self) -> Mapping[str, object]:
        return {
            "scale": self.scale,
            "data": self.data,
            "low_resolution": self.low_resolution,
            "patch_px": self.patch_px,
            "left_out": self.left_out,
            "classes": [
                {
                    "patches": of_class.patches,
                    "lowest_psnr_db": of_class.lowest_psnr_db,
                    "highest_psnr_db": of_class.highest_psnr_db,
                }
                for of_class in self.classes
            ],
            "models": [
                {
                    "model": row.model,
                    "psnr_db": row.psnr_db,
                    "psnr_db_by_class": list(row.psnr_db_by_class),
                    "same_class": row.same_class,
                }
                for row in self.models
            ],
        }

    def tables(self) -> Sequence[Table]:
        numbers = range(1, len(self.classes) + 1)
        numeric = (*(f"class {number}" for number in numbers), "all", "same class")
        rows = (
            (
                row.model,
                *(f"{psnr_db:.2f}" for psnr_db in (*row.psnr_db_by_class, row.psnr_db)),
                f"{100 * row.same_class:.1f} %",
            )
            for row in self.models
        )
        title = (
            f"mean PSNR (dB, RGB) of patches of {self.patch_px}x{self.patch_px} pixels of "
            f"{self.data} x{self.scale}, sorted by {self.models[0].model}"
        )
        return (Table(("model", *numeric), tuple(rows), frozenset(numeric), title),)

    def sentences(self) -> Sequence[str]:
        reference = self.models[0].model
        ranges = (
            f"class {number}: {of_class.patches} patches, {of_class.lowest_psnr_db:.2f} to "
            f"{of_class.highest_psnr_db:.2f} dB with {reference}"
            for number, of_class in enumerate(self.classes, 1)
        )
        if not self.left_out:
            return tuple(ranges)
        return (*ranges, f"{self.left_out} patches left out, which a model restores exactly")

    def plot(self) -> "Figure":
        """The reference's PSNR by rank, and each model's mean gain over bicubic by class.

        `reports.figures.style.save_figure`, or the figure's own `savefig`, writes it.
        """
        from reports.figures.sorted_patches import sorted_patches

        curves = zip(self.models, self.patch_psnr_db, strict=True)
        return sorted_patches(
            [(row.model, curve) for row, curve in curves],
            class_bounds(self.patch_psnr_db.shape[1], len(self.classes)).tolist(),
            baseline=BICUBIC,
            title=f"Patches of {self.data}, x{self.scale}, sorted by {self.models[0].model}",
            patch_px=self.patch_px,
        )


def sort_patches(
    reference: Model | str | Path,
    others: Model | str | Path | Sequence[Model | str | Path] = (),
    data: str | Path = BUNDLED,
    *,
    low_resolution: str | Path | None = None,
    classes: int = 3,
    patch_px: int = 32,
    listener: Listener = SILENT,
) -> SortedPatches:
    """The patches of images in classes of equal size by a network's PSNR, with models' means.

    Where the easiest class gains next to nothing from a larger network, a ClassSR of such branches
    pays. Patches that a model restores exactly are left out.

    Args:
        reference: the trained network that sorts the patches, or bicubic.
        others: trained networks to judge on the classes; bicubic is always among them.
        data: folder of images, or "bundled" for three photographs that scikit-image contains.
        low_resolution: folder of the low-resolution images, as for `evaluate`; by default MATLAB's
            imresize makes them.
        classes: how many; at least 2.
        patch_px: side of a low-resolution patch, at least 4; half of it lies between neighbours.
        listener: hears of progress.

    Raises:
        ValueError: a model has no trained weights, another scale or needs larger patches, a number
            is too small, or the images hold fewer patches than classes.
        OSError: a file cannot be read.

    Examples:
        >>> import paretosr as psr
        >>> patches = psr.sort_patches(psr.load("bicubic", scale=4))
        >>> [of_class.patches for of_class in patches.classes]
        [37, 38, 37]
    """
    for name, value, least in (
        ("classes", classes, FEWEST_CLASSES),
        ("patch_px", patch_px, SMALLEST_PATCH_PX),
    ):
        if value < least:
            raise ValueError(f"{name} must be at least {least}, got {value}")
    listed = [others] if isinstance(others, Model | str | Path) else others
    models = _models(reference, listed, listener)
    scale = models[0].scale
    low = None if low_resolution is None else str(low_resolution)
    images = load_pairs(str(data), low, split="validation", scale=scale)
    for line in images.notes:
        listener.warning(line)
    patches = [
        patch
        for pair in prepare_validation(images.images, scale, images.low)
        for patch in _patches(pair, patch_px)
    ]
    if len(patches) < classes:
        raise ValueError(
            f"the images must hold at least {classes} patches of {patch_px}x{patch_px} pixels at "
            f"x{scale}, one for each class, got {len(patches)}: name a folder with larger images"
        )
    psnr_db = np.stack([_psnr_db(model, patches, listener) for model in models])
    finite = np.isfinite(psnr_db).all(axis=0)
    left_out = len(patches) - int(finite.sum())
    if len(patches) - left_out < classes:
        raise ValueError(
            f"at least {classes} patches must be of finite PSNR, one for each class, but a model "
            f"restores {left_out} of {len(patches)} exactly: name a folder of photographs"
        )
    kept = psnr_db[:, finite]
    # As they come where they are equal.
    ordered = kept[:, np.argsort(-kept[0], kind="stable")]
    return SortedPatches(
        scale=scale,
        data=str(data),
        low_resolution=low,
        patch_px=patch_px,
        left_out=left_out,
        classes=tuple(
            PatchClass(part.size, float(part.min()), float(part.max()))
            for part in _parts(ordered[0], classes)
        ),
        models=tuple(
            ModelOnClasses(
                model.name,
                float(curve.mean()),
                tuple(float(part.mean()) for part in _parts(curve, classes)),
                _same_class(curve, classes),
            )
            for model, curve in zip(models, ordered, strict=True)
        ),
        patch_psnr_db=ordered,
    )


def _models(
    reference: Model | str | Path, others: Sequence[Model | str | Path], listener: Listener
) -> tuple[Model, ...]:
    """All of one scale, bicubic at the end unless it was given."""
    first = load(reference, listener=listener)
    models = (first, *(load(other, first.scale, listener=listener) for other in others))
    if any(model.config is None for model in models):
        return models
    return (*models, load(BICUBIC, first.scale))


def _patches(pair: ValidationPair, patch_px: int) -> list[ValidationPair]:
    """The patches inside an image, on a grid of half a patch."""
    scale, (height, width) = pair.scale, pair.low.shape[:2]
    stride_px = patch_px // 2
    patches = []
    for top in range(0, height - patch_px + 1, stride_px):
        for left in range(0, width - patch_px + 1, stride_px):
            bottom, right = top + patch_px, left + patch_px
            high = pair.high[scale * top : scale * bottom, scale * left : scale * right]
            name = f"{pair.name} at {top}, {left}"
            patches.append(ValidationPair(name, pair.low[top:bottom, left:right], high))
    return patches


def _psnr_db(
    model: Model, patches: Sequence[ValidationPair], listener: Listener
) -> NDArray[np.float64]:
    """The model's PSNR on each patch, enlarged alone."""
    listener.status(f"enlarging patches by {model.name}")
    first = patches[0]
    upscale = upscaler_for(
        model,
        {first.name: first.low},
        [patch.low.shape[:2] for patch in patches],
        UpscalingOptions(tile_px=0),
        listener,
    ).upscale
    return np.array([_patch_psnr_db(upscale, patch) for patch in patches])


def _patch_psnr_db(upscale: Upscaler, patch: ValidationPair) -> float:
    border = patch.scale
    inside = np.s_[border:-border, border:-border]
    difference = upscale(patch.low)[inside].astype(np.float64) - patch.high[inside]
    squared_error = float(np.mean(difference**2))
    return float(10 * np.log10(255**2 / squared_error)) if squared_error else float("inf")


def _parts(curve: NDArray[np.float64], classes: int) -> list[NDArray[np.float64]]:
    """The values of each class, of all in the order of the reference."""
    return np.split(curve, class_bounds(curve.size, classes)[1:-1])


def _same_class(curve: NDArray[np.float64], classes: int) -> float:
    """The part of the patches whose class by this curve is that by their place in it."""
    numbers = np.repeat(np.arange(classes), np.diff(class_bounds(curve.size, classes)))
    own = np.empty_like(numbers)
    own[np.argsort(-curve, kind="stable")] = numbers
    return float((own == numbers).mean())
