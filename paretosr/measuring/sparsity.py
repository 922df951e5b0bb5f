"""How many of a network's activations are near zero: by layer, channel and region of the image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from blocks.pixels import to_images
from foundation.listener import SILENT, Listener
from imaging import BUNDLED, load_images, prepare_validation
from imaging.regions import RULE, Region, regions
from paretosr.models import Model, load
from paretosr.results import Result, Table
from profilers.counting.near_zeros import NearZeros, near_zeros

if TYPE_CHECKING:
    from matplotlib.figure import Figure

THRESHOLD = 0.01


@dataclass(frozen=True)
class LayerSparsity:
    """The share of activations near zero behind one layer, over the pixels of all images."""

    layer: str
    """The path of the module whose output was activated."""
    by_region: Mapping[Region, tuple[float, ...]]
    """Of each channel; NaN where no image has a pixel of the region."""
    by_channel: tuple[float, ...]
    """Of each channel, over the pixels of all regions."""

    def mean(self, region: Region) -> float:
        """Of all channels in a region."""
        return float(np.mean(self.by_region[region]))


@dataclass(frozen=True)
class RegionsOfImage:
    """A low-resolution image and its regions."""

    name: str
    pixels: NDArray[np.uint8]
    """Shape: (h, w, 3)."""
    regions: Mapping[Region, NDArray[np.bool_]]
    """Shape of each: (h, w)."""


@dataclass(frozen=True, repr=False)
class Sparsity(Result):
    """How many activations of a network are near zero, by layer, channel and region."""

    model: str
    """Its reference."""
    scale: int
    data: str
    """The folder of the originals, or "bundled"."""
    threshold: float
    """Near zero is up to this part of the layer's root mean square on the image."""
    images: tuple[str, ...]
    """Their names."""
    region_shares: Mapping[Region, float]
    """The part of all pixels in each region."""
    layers: tuple[LayerSparsity, ...]
    """In the order in which they are computed."""
    first_image: RegionsOfImage = field(compare=False)
    """What the figure shows."""

    def to_dict(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "scale": self.scale,
            "data": self.data,
            "threshold": self.threshold,
            "rule": RULE,
            "images": list(self.images),
            "region_shares": dict(self.region_shares),
            "layers": [
                {
                    "layer": of_layer.layer,
                    "near_zero": {name: list(of) for name, of in of_layer.by_region.items()},
                    "near_zero_by_channel": list(of_layer.by_channel),
                }
                for of_layer in self.layers
            ],
        }

    def tables(self) -> Sequence[Table]:
        numeric = ("channels", *self.region_shares, "lowest channel", "highest channel")
        rows = [
            (
                of_layer.layer,
                str(len(of_layer.by_channel)),
                *(_percent(of_layer.mean(region)) for region in self.region_shares),
                _percent(min(of_layer.by_channel)),
                _percent(max(of_layer.by_channel)),
            )
            for of_layer in self.layers
        ]
        title = f"activations of {self.model} x{self.scale} near zero on {self.data}"
        return (Table(("layer", *numeric), tuple(rows), frozenset(numeric), title),)

    def sentences(self) -> Sequence[str]:
        pixels = ", ".join(f"{name} {_percent(part)}" for name, part in self.region_shares.items())
        return (f"pixels: {pixels}", f"near zero: {self._near_zero()}", RULE)

    def figure(self) -> "Figure":
        """The regions of the first image, and the shares by layer and by channel."""
        from reports.figures.near_zeros import near_zero_figure

        return near_zero_figure(
            [np.array([*of_layer.by_region.values()]) for of_layer in self.layers],
            self.first_image.pixels,
            {str(name): inside for name, inside in self.first_image.regions.items()},
            title="Activations near zero",
            notes=(
                f"{self.model} x{self.scale}, on {len(self.images)} low-resolution images "
                f"({self.data}), {self.first_image.name} shown. Near zero: {self._near_zero()}.",
                f"{RULE[0].upper()}{RULE[1:]}.",
            ),
        )

    def _near_zero(self) -> str:
        if not self.threshold:
            return "exactly 0"
        return f"at most {self.threshold:g} times the layer's root mean square on the image"


def sparsity(
    model: Model | str | Path,
    data: str | Path = BUNDLED,
    *,
    threshold: float = THRESHOLD,
    listener: Listener = SILENT,
) -> Sparsity:
    """Return how many of a trained network's activations are near zero, and where.

    The images of `data` are shrunk by MATLAB's imresize, and each pixel of the result is flat, an
    edge or texture by the gradient around it. Behind every activation that is as large as the
    image the share of values near zero is found for each channel and region. That is what SMSR's
    masks build on: flat regions are near zero in most channels, and some channels nearly
    everywhere. Source: Wang et al. 2021, arXiv:2006.09603. An SMSR network is computed
    with every pixel active, as if it had no masks.

    Args:
        model: a trained network, or a reference to one.
        data: folder of the originals, or "bundled" for three photographs that scikit-image
            contains.
        threshold: near zero is up to this part of the root mean square of a layer's activations on
            an image, 0 for exact zeros.
        listener: hears of progress.

    Raises:
        ValueError: the model has no trained weights or no activation as large as the image, the
            threshold is negative, or there is no image, or one that is too small (it is named).
        OSError: a file cannot be read.

    Examples:
        >>> import paretosr as psr
        >>> training = psr.train(psr.load("fsrcnn", scale=2), "runs/sparsity", steps=5)
        >>> found = psr.sparsity(training.checkpoint, threshold=0)
        >>> list(found.layers[0].by_region)
        ['flat', 'edge', 'texture']
    """
    model = load(model, listener=listener)
    if model.config is None or model.weights is None:
        raise ValueError(
            f"sparsity is of a trained network, but {model.name} has no weights: give a checkpoint"
        )
    if not 0 <= threshold < float("inf"):
        raise ValueError(f"the threshold must be a number from 0, got {threshold}")
    loaded = load_images(str(data), split="validation")
    for line in loaded.notes:
        listener.warning(line)
    listener.status("computing activations")
    images = [
        RegionsOfImage(pair.name, pixels, regions(pixels))
        for pair in prepare_validation(loaded.images, model.scale)
        for pixels in [_of_even_sides(pair.low)]
    ]
    network = model.network()
    layers = near_zeros(
        network,
        network.paths()[0],
        ((to_images(image.pixels, "cpu"), _stacked(image)) for image in images),
        threshold=threshold,
    )
    if not layers:
        raise ValueError(
            f"{model.name} has no activation as large as the image, whose regions could be told "
            "apart: give a network that computes the image as a whole"
        )
    pixels = np.array([[inside.sum() for inside in image.regions.values()] for image in images])
    shares = pixels.sum(axis=0) / pixels.sum()
    names = list(images[0].regions)
    return Sparsity(
        model=model.name,
        scale=model.scale,
        data=str(data),
        threshold=threshold,
        images=tuple(image.name for image in images),
        region_shares=dict(zip(names, shares.tolist(), strict=True)),
        layers=tuple(_of_layer(of_layer, names, shares) for of_layer in layers),
        first_image=images[0],
    )


def _of_even_sides(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # So that no network pads: activations of another size are of no pixel of the image.
    height, width = pixels.shape[:2]
    return pixels[: height - height % 2, : width - width % 2]


def _stacked(image: RegionsOfImage) -> torch.Tensor:
    return torch.from_numpy(np.stack([*image.regions.values()]))


def _of_layer(
    found: NearZeros, names: Sequence[Region], pixels: NDArray[np.float64]
) -> LayerSparsity:
    weights = np.where(pixels > 0, pixels, np.nan)[:, None]
    return LayerSparsity(
        found.layer,
        {name: tuple(of.tolist()) for name, of in zip(names, found.shares, strict=True)},
        tuple(np.nansum(found.shares * weights, axis=0).tolist()),
    )


def _percent(share: float) -> str:
    return f"{share:.1%}" if isfinite(share) else "-"
