"""ClassSR: a small classifier sends each patch of an image to the network it needs.

Source: Kong et al. 2021 (ClassSR), arXiv:2103.04039, and XPixelGroup/ClassSR. Departures: the
windows cover the whole image, which is mirrored at the right and bottom, where the published
ones leave up to stride - 1 pixels out; overlapping patches are blended by weights that fall
towards their borders, where the published mean shows seams, and are not rounded before. The
classifier pools before its last two layers, which are linear and so commute with pooling: the
others run once over the whole image and not anew for every patch. `upscale_as_published` cuts,
rounds and averages as published.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

import torch
from pydantic import Field, PlainValidator, SerializeAsAny, model_validator
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase
from blocks.family import parser_of
from blocks.layers import PlainRangeNetwork, SuperResolutionNetwork, initialise_small
from blocks.networks.single import BRANCHES
from blocks.windows import Canvas, Windows, halves, ramp
from foundation.configs import Count

Branch = Annotated[SerializeAsAny[NetworkConfigBase], PlainValidator(parser_of(BRANCHES))]

MINIMUM_BRANCHES, MAXIMUM_BRANCHES = 2, 5
CELL_PX = 4
CLASSIFIER_FEATURES = 32
SLOPE = 0.1
# Pixels of patches that a branch gets at a time: on a processor 4 patches of 32x32, which stay in
# cache (with CARN-M 32 take 1.35 times as long); a GPU needs more to be busy.
CHUNK_PIXELS = 4 * 32 * 32
GPU_CHUNK_PIXELS = 64 * 32 * 32
NO_BRANCH = -1


class ClassSRConfig(NetworkConfigBase):
    """Branches from the simplest to the hardest, and how images are cut for them.

    A branch whose mapping names no scale has that of the whole.
    """

    whole_image_parts: ClassVar[str] = "patches cut from the top left corner on"
    is_input_adaptive: ClassVar[bool] = True

    family: Literal["classsr"] = "classsr"
    branches: tuple[Branch, ...]
    """One for each class of patches, in the order of the classes."""
    patch_px: Count = 32
    stride_px: Count = 28
    classifier_channels: Count = 128
    classifier_layers: Annotated[int, Field(ge=2, strict=True)] = 5
    """Convolutions of the classifier."""

    @model_validator(mode="before")
    @classmethod
    def _hand_scale_to_branches(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or not {"scale", "branches"} <= data.keys():
            return data
        if not isinstance(data["branches"], list | tuple):
            return data
        branches = [
            {"scale": data["scale"], **branch} if isinstance(branch, Mapping) else branch
            for branch in data["branches"]
        ]
        return {**data, "branches": branches}

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        if not MINIMUM_BRANCHES <= len(self.branches) <= MAXIMUM_BRANCHES:
            raise ValueError(
                f"branches must be {MINIMUM_BRANCHES} to {MAXIMUM_BRANCHES}, one for each class"
                f" of patches, got {len(self.branches)}"
            )
        for name, length in (("patch_px", self.patch_px), ("stride_px", self.stride_px)):
            if length % CELL_PX:
                raise ValueError(
                    f"{name} must be a multiple of {CELL_PX}, the classifier's cells, got {length};"
                    f" use {max(1, length // CELL_PX) * CELL_PX}"
                )
        if not self.patch_px <= 2 * self.stride_px <= 2 * self.patch_px:
            raise ValueError(
                f"stride_px must be between half of patch_px ({self.patch_px}) and patch_px,"
                f" got {self.stride_px}; 28 with patches of 32 is published"
            )
        for number, branch in enumerate(self.branches, start=1):
            if branch.scale != self.scale:
                raise ValueError(
                    f"every branch must have the scale of the whole ({self.scale}), got"
                    f" {branch.scale} for branch {number} ({branch.family})"
                )
            if branch.minimum_size_px > self.patch_px:
                raise ValueError(
                    f"patch_px must be at least {branch.minimum_size_px}, which branch {number}"
                    f" ({branch.family}) needs, got {self.patch_px}"
                )
        return self

    @property
    def minimum_size_px(self) -> int:
        return self.patch_px

    @property
    def receptive_field_radius_px(self) -> None:
        """None: an output pixel depends on where its patches lie, counted from the corner."""
        return None

    def canonical(self) -> Self:
        return self.replace(branches=[branch.canonical() for branch in self.branches])


class Classifier(nn.Module):
    """The logits of every window, from the mean over its cells of 4x4 pixels.

    Shape: (N, 3, H, W) -> (N, classes, rows, columns), for the windows inside the images.
    """

    def __init__(self, config: ClassSRConfig) -> None:
        super().__init__()
        C = config.classifier_channels
        self.window_cells = config.patch_px // CELL_PX
        self.stride_cells = config.stride_px // CELL_PX
        layers: list[nn.Module] = [nn.Conv2d(3, C, CELL_PX, CELL_PX), nn.LeakyReLU(SLOPE)]
        for _ in range(config.classifier_layers - 2):
            layers += [nn.Conv2d(C, C, 1), nn.LeakyReLU(SLOPE)]
        self.cells = nn.Sequential(*layers)
        self.features = nn.Conv2d(C, CLASSIFIER_FEATURES, 1)
        self.output = nn.Linear(CLASSIFIER_FEATURES, len(config.branches))
        initialise_small(self)

    def forward(self, images: Tensor) -> Tensor:
        return self._logits(F.avg_pool2d(self.cells(images), self.window_cells, self.stride_cells))

    def of_whole(self, patches: Tensor) -> Tensor:
        """The logits of patches of any size, each taken as one window.

        Shape: (N, 3, H, W), H and W of at least 4 -> (N, classes).
        """
        return self._logits(self.cells(patches).mean(dim=(2, 3), keepdim=True)).flatten(1)

    def _logits(self, pooled: Tensor) -> Tensor:
        features = self.features(pooled).permute(0, 2, 3, 1)
        logits: Tensor = self.output(features)
        return logits.permute(0, 3, 1, 2)


@dataclass(frozen=True)
class SoftOutput:
    """What training sees of a batch of patches.

    Attributes:
        images: the branches' outputs, weighted by probability, (N, 3, scale h, scale w).
        probabilities: of each class, (N, classes).
    """

    images: Tensor
    probabilities: Tensor


class ClassSR(PlainRangeNetwork):
    """A classifier and one branch per class.

    The forward pass routes each patch to the branch of its likeliest class, in training mode
    too; `soft` mixes all branches and is what the classifier can be trained by.
    """

    config: ClassSRConfig

    def __init__(self, config: ClassSRConfig) -> None:
        super().__init__(config)
        self.classifier = Classifier(config)
        self.branches = nn.ModuleList(
            BRANCHES[branch.family].network_type(branch) for branch in config.branches
        )

    def enlarge(self, encoded: Tensor) -> Tensor:
        return self._route(encoded, self._classes(encoded).flatten().tolist())

    def probabilities(self, patches: Tensor) -> Tensor:
        """The probability of each class. Shape: (N, 3, patch_px, patch_px) -> (N, classes).

        Raises:
            ValueError: the images are not patches of the configuration's size.
        """
        self._check(patches)
        side = self.config.patch_px
        if patches.shape[2:] != (side, side):
            height, width = patches.shape[2:]
            raise ValueError(
                f"patches must be {side}x{side} px, as the network cuts them, got {height}x{width}"
            )
        logits: Tensor = self.classifier(patches).flatten(1)
        return logits.softmax(dim=1)

    def soft(self, patches: Tensor) -> SoftOutput:
        """All branches' images of patches, each weighted by the probability of its class.

        Shape: (N, 3, patch_px, patch_px).

        Raises:
            ValueError: as `probabilities`.
        """
        return self.mixed(patches, [branch(patches) for branch in self.branch_networks()])

    def mixed(self, patches: Tensor, enlarged: Sequence[Tensor]) -> SoftOutput:
        """`soft`, given what each branch makes of the patches, (N, 3, scale p, scale p) each.

        Raises:
            ValueError: as `probabilities`.
        """
        probabilities = self.probabilities(patches)
        shares = probabilities.to(patches.dtype).unbind(dim=1)
        weighted = [
            share[:, None, None, None] * images
            for share, images in zip(shares, enlarged, strict=True)
        ]
        return SoftOutput(torch.stack(weighted).sum(dim=0), probabilities)

    def classify(self, images: Tensor) -> Tensor:
        """The class, from 0, of every window. Shape: (N, 3, h, w) -> (N, rows, columns)."""
        self._check(images)
        return self._classes(images)

    def upscale_as_published(self, images: Tensor) -> Tensor:
        """The images as ClassSR's test code gives them.

        Only whole windows are enlarged, each result is rounded to 8 bits, and the mean is taken
        where they overlap.

        Shape: (N, 3, h, w) -> (N, 3, scale h', scale w') with h' and w' the multiples of the
        stride, plus patch - stride, next below h and w.
        """
        self._check(images)
        windows = Windows.inside(images, self.config.patch_px, self.config.stride_px)
        canvas = Canvas(images, windows, self.config.scale, halves)
        routes = self.classifier(images).argmax(dim=1).flatten().tolist()
        patches = windows.cut(images)
        for branch, places in self._calls(patches, routes):
            canvas.add((branch(patches[places]).clamp(0, 1) * 255).round() / 255, places)
        return canvas.images

    def paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """For each branch that of an image whose patches all take it."""
        return tuple(partial(self._all_through, number) for number in range(len(self.branches)))

    def peak_paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """For each branch that of an image of which as many patches take it as do at a time."""
        return tuple(partial(self._some_through, number) for number in range(len(self.branches)))

    def growing_paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """Those around the branches, which get a few patches at a time, however large the image."""
        around = [{"family": "interpolation"}] * MINIMUM_BRANCHES
        with torch.device(self.mean.device):
            return ClassSR(self.config.replace(branches=around)).train(self.training).peak_paths()

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d | nn.ConvTranspose2d, ...]:
        return tuple(
            convolution
            for branch in self.branch_networks()
            for convolution in branch.last_convolutions
        )

    def branch_networks(self) -> Iterator[SuperResolutionNetwork]:
        """The branches as what they are, in the order of the classes."""
        for branch in self.branches:
            assert isinstance(branch, SuperResolutionNetwork)  # a ModuleList does not say so
            yield branch

    def covering_windows(self, images: Tensor) -> Windows:
        """The windows in which the images are cut."""
        return Windows.covering(images, self.config.patch_px, self.config.stride_px)

    def _classes(self, images: Tensor) -> Tensor:
        logits: Tensor = self.classifier(self.covering_windows(images).fit(images))
        return logits.argmax(dim=1)

    def _all_through(self, number: int, images: Tensor) -> Tensor:
        return self._route(images, [number] * self.classify(images).numel())

    def _some_through(self, number: int, images: Tensor) -> Tensor:
        patches = self.classify(images).numel()
        some = min(patches, _patches_at_once(CHUNK_PIXELS, self.config.patch_px))
        return self._route(images, [number] * some + [NO_BRANCH] * (patches - some))

    def _route(self, images: Tensor, routes: Sequence[int]) -> Tensor:
        windows = self.covering_windows(images)
        canvas = Canvas(images, windows, self.config.scale, ramp)
        patches = windows.cut(images)
        for branch, places in self._calls(patches, routes):
            canvas.add(branch(patches[places]), places)
        return canvas.images

    def _calls(
        self, patches: Tensor, routes: Sequence[int]
    ) -> Iterator[tuple[SuperResolutionNetwork, list[int]]]:
        """The branches, with the places of patches that each gets at a time."""
        pixels = GPU_CHUNK_PIXELS if patches.is_cuda else CHUNK_PIXELS
        chunk = _patches_at_once(pixels, self.config.patch_px)
        if patches.is_meta:
            # Nothing is computed there: what calls are many only takes time.
            chunk = len(patches)
        for number, branch in enumerate(self.branch_networks()):
            places = [place for place, route in enumerate(routes) if route == number]
            for first in range(0, len(places), chunk):
                yield branch, places[first : first + chunk]


def _patches_at_once(pixels: int, patch_px: int) -> int:
    return max(1, pixels // patch_px**2)
