"""SMSR: learned masks say where, and in which channels, an image needs computation.

Source: Wang et al. 2021 (SMSR), arXiv:2006.09603, and the authors' code
(LongguangWang/SMSR, model/smsr.py). Departures: images of odd height or width are made even by
repeating the last row or column, which is cut off the output again (the authors' code fails on
them in training and leaves them inactive at inference); the larger of two channel logits wins,
the dense one at a tie (theirs drops such a channel); a batch of any size is taken at inference; in
training too the channel mask of layer i - 1 splits the input of layer i, as in the paper and in the
authors' inference, where their training code takes the mask of layer i itself (the images of
the two differ by 0.06 to 1.9 of 255).
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, Literal, NamedTuple, Self

import torch
from pydantic import model_validator
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.config import NetworkConfigBase, check_multiple
from blocks.layers import (
    SQUEEZE_REDUCTION,
    SqueezeExcitation,
    SuperResolutionNetwork,
    convolution,
)
from foundation.configs import Count

INPUT_RANGE = 255
PREDICTOR_REDUCTION = 4
POOL = 2


class SmsrConfig(NetworkConfigBase):
    """An SMSR network; the defaults are the published one."""

    whole_image_parts: ClassVar[str] = "channel attention"
    is_input_adaptive: ClassVar[bool] = True

    family: Literal["smsr"] = "smsr"
    channels: Count = 64
    modules: Count = 5
    layers: Count = 4
    """Masked 3x3 convolutions in each module."""

    @model_validator(mode="after")
    def _check_together(self) -> Self:
        check_width(self.channels)
        return self

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> None:
        return None

    def canonical(self) -> Self:
        return self


def check_width(channels: int) -> None:
    """Refuse channels that the attention of mask modules cannot reduce.

    Raises:
        ValueError: they are no multiple of its reduction.
    """
    check_multiple(channels, SQUEEZE_REDUCTION, "by which the attention reduces them")


class Masks(NamedTuple):
    """What one module computes for each image: 1 is yes, 0 is no, in training also between."""

    spatial: Tensor
    """Whether a pixel is active. Shape: (N, 1, H, W)."""
    dense: Tensor
    """Whether a channel is computed at every pixel, not only the active. Shape: (L, C, 1, 1)."""

    def active(self, layer: int) -> Tensor:
        """Whether a channel of a layer is computed at a pixel. Shape: (N, C, H, W)."""
        dense = self.dense[layer]
        return dense + (1 - dense) * self.spatial

    def active_fractions(self) -> Tensor:
        """The mean of `active` in each layer. Shape: (N, L)."""
        pixels = self.spatial.mean(dim=(1, 2, 3))[:, None]
        dense = self.dense.mean(dim=(1, 2, 3))
        return dense + (1 - dense) * pixels


class SoftOutput(NamedTuple):
    """What a training step needs of a forward pass."""

    images: Tensor
    active_fraction: Tensor
    """The mean of the soft masks over images, modules, layers, channels and pixels; a scalar."""


class SparseMaskModule(nn.Module):
    """x + attention(fuse(the outputs of all masked layers)).

    A pixel is active where the second of two predicted maps is greater than the first.

    Shape: (N, C, H, W) -> (N, C, H, W), H and W even.
    """

    def __init__(self, channels: int, layers: int) -> None:
        super().__init__()
        C, narrow = channels, channels // PREDICTOR_REDUCTION
        self.predictor = nn.Sequential(
            convolution(C, narrow, 3),
            nn.ReLU(),
            nn.AvgPool2d(POOL),
            convolution(narrow, narrow, 3),
            nn.ReLU(),
            nn.ConvTranspose2d(narrow, 2, 3, stride=POOL, padding=1, output_padding=1),
        )
        # The authors' shape: one batch, channels, layers, {dense, sparse}.
        self.channel_logits = nn.Parameter(torch.rand(1, C, layers, 2))
        self.convolutions = nn.ModuleList(convolution(C, C, 3, bias=False) for _ in range(layers))
        self.fuse = convolution(layers * C, C, 1)
        self.attention = SqueezeExcitation(C)

    def forward(self, x: Tensor) -> Tensor:
        return self.compute(x, self.masks(x))

    def compute(self, x: Tensor, masks: Masks) -> Tensor:
        """The output with given masks.

        At an inactive pixel dense channels see dense channels only, and sparse ones are 0.
        """
        first, *others = self.convolutions
        features = [F.relu(first(x) * masks.active(0))]
        for layer, conv in enumerate(others, start=1):
            dense = masks.dense[layer - 1]
            from_dense = conv(features[-1] * dense) * masks.active(layer)
            from_sparse = conv(features[-1] * (1 - dense)) * masks.spatial
            features.append(F.relu(from_dense + from_sparse))
        return self.finish(x, self.fuse(torch.cat(features, dim=1)))

    def compute_everything(self, x: Tensor) -> Tensor:
        """The output with all pixels active, at the cost of one convolution for each layer."""
        self.spatial_logits(x)  # computed whatever comes of it
        features = [x]
        for conv in self.convolutions:
            features.append(F.relu(conv(features[-1])))
        return self.finish(x, self.fuse(torch.cat(features[1:], dim=1)))

    def finish(self, x: Tensor, fused: Tensor) -> Tensor:
        """Attention and the residual. Shape: (N, C, H, W), (N, C, H, W) -> (N, C, H, W)."""
        attended: Tensor = self.attention(fused)
        return x + attended

    def masks(self, x: Tensor) -> Masks:
        """The hard masks, by which images are computed."""
        return Masks(self.active_pixels(x).to(x.dtype), self.dense_channels().to(x.dtype))

    def active_pixels(self, x: Tensor) -> Tensor:
        """Where a pixel is active. Shape: (N, C, H, W) -> (N, 1, H, W), bool."""
        inactive, active = self.spatial_logits(x).chunk(2, dim=1)
        return active > inactive

    def dense_channels(self) -> Tensor:
        """Which channels are computed everywhere. Shape: (L, C, 1, 1), bool."""
        return _by_layer(self.channel_logits.argmax(dim=3) == 0)

    def sampled_masks(self, x: Tensor, temperature: float) -> Masks:
        """Soft masks, drawn anew: the pixels' for each image, the channels' for the batch."""
        spatial = gumbel_softmax(self.spatial_logits(x), temperature, dim=1)[:, 1:]
        channel = gumbel_softmax(self.channel_logits, temperature, dim=3)[..., 0]
        return Masks(spatial.to(x.dtype), _by_layer(channel).to(x.dtype))

    def spatial_logits(self, x: Tensor) -> Tensor:
        """Logits of {inactive, active}. Shape: (N, C, H, W) -> (N, 2, H, W).

        In the weights' precision even under autocast: rounded, many would be equal.
        """
        with _without_autocast(x.device.type):
            logits: Tensor = self.predictor(x.to(self.channel_logits.dtype))
        return logits


Compute = Callable[[Any, Tensor], Tensor]
"""From a mask module and its input to its output."""


def by_hard_masks(module: SparseMaskModule, x: Tensor) -> Tensor:
    """The output of a mask module as it is at inference."""
    output: Tensor = module(x)
    return output


class MaskedNetwork(SuperResolutionNetwork):
    """A network with mask modules.

    The masks are hard: in training mode too, images are what they are at inference. No
    gradient reaches the masks' predictors and logits that way; `soft` is for training.
    """

    @abstractmethod
    def enlarge_by(self, encoded: Tensor, compute: Compute) -> Tensor:
        """`enlarge`, with `compute` to run the mask modules."""

    def enlarge(self, encoded: Tensor) -> Tensor:
        return self.enlarge_by(encoded, by_hard_masks)

    @property
    def deciding_parts(self) -> tuple[nn.Module, ...]:
        """The predictors of the spatial masks."""
        modules = (part for part in self.modules() if isinstance(part, SparseMaskModule))
        return tuple(module.predictor for module in modules)

    def paths(self) -> tuple[Callable[[Tensor], Tensor], ...]:
        """The path on which every pixel is active."""
        return (self.all_active,)

    def all_active(self, images: Tensor) -> Tensor:
        """The images with every pixel active: other images, by ordinary convolutions only.

        Shape and raises: as `forward`.
        """
        return self.images_by(
            lambda encoded: self.enlarge_by(encoded, SparseMaskModule.compute_everything), images
        )

    def soft(self, images: Tensor, temperature: float) -> SoftOutput:
        """The images by masks that are drawn anew, soft and differentiable.

        The masks are a Gumbel-softmax at `temperature` (above 0; harder the lower), its noise
        of torch's global generator. Shape and raises: as `forward`.
        """
        enlarged, masks = self._masked(images, lambda block, x: block.sampled_masks(x, temperature))
        return SoftOutput(enlarged, _active_fractions(masks).mean())

    def active_fractions(self, images: Tensor) -> Tensor:
        """The fraction of (channel, pixel) pairs that the hard masks let compute.

        Shape: (N, 3, h, w) -> (N, modules, layers).

        Raises:
            ValueError: as `forward`.
        """
        return _active_fractions(self.masks(images))

    def masks(self, images: Tensor) -> tuple[Masks, ...]:
        """The hard masks of each module; of images of odd sides those of the images made even.

        Raises:
            ValueError: as `forward`.
        """
        return self._masked(images, SparseMaskModule.masks)[1]

    def _masked(
        self, images: Tensor, masks_of: Callable[[SparseMaskModule, Tensor], Masks]
    ) -> tuple[Tensor, tuple[Masks, ...]]:
        """The images, and the masks of each module."""
        used = []

        def compute(block: SparseMaskModule, x: Tensor) -> Tensor:
            masks = masks_of(block, x)
            used.append(masks)
            return block.compute(x, masks)

        enlarged = self.images_by(lambda encoded: self.enlarge_by(encoded, compute), images)
        return enlarged, tuple(used)


def made_even(images: Tensor) -> Tensor:
    """With the last row and column repeated where their number is odd, as mask modules need it."""
    height, width = images.shape[2:]
    return F.pad(images, (0, width % POOL, 0, height % POOL), mode="replicate")


class Smsr(MaskedNetwork):
    """Two convolutions; mask modules, the outputs of all fused; long skip; one-step upsampler."""

    config: SmsrConfig

    def __init__(self, config: SmsrConfig) -> None:
        super().__init__(config, image_skip="bicubic")
        C, scale = config.channels, config.scale
        self.input_convolution = convolution(3, C, 3)
        self.shallow_convolution = convolution(C, C, 3)
        self.blocks = nn.ModuleList(
            SparseMaskModule(C, config.layers) for _ in range(config.modules)
        )
        self.fuse = convolution(config.modules * C, C, 1)
        self.trunk_convolution = convolution(C, C, 3)
        self.output_convolution = convolution(C, 3 * scale**2, 3)

    def encode(self, images: Tensor) -> Tensor:
        return (images - self.mean) * INPUT_RANGE

    def decode(self, enlarged: Tensor, images: Tensor) -> Tensor:
        return enlarged / INPUT_RANGE + self.mean

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output_convolution,)

    def enlarge_by(self, encoded: Tensor, compute: Compute) -> Tensor:
        height, width = encoded.shape[2:]
        even = made_even(encoded)
        shallow = x = self.shallow_convolution(F.relu(self.input_convolution(even)))
        outputs = []
        for block in self.blocks:
            x = compute(block, x)
            outputs.append(x)
        fused = F.relu(self.fuse(torch.cat(outputs, dim=1)))
        deep = self.trunk_convolution(fused) + shallow
        scale = self.config.scale
        enlarged = F.pixel_shuffle(self.output_convolution(deep), scale)
        return enlarged[:, :, : scale * height, : scale * width]


def gumbel_softmax(logits: Tensor, temperature: float, dim: int) -> Tensor:
    """softmax((logits + g) / temperature) with g of a standard Gumbel distribution, soft.

    g is -log(-log u), u uniform in (0, 1) in float32. Source: Jang et al. 2017,
    arXiv:1611.01144, Eq. 2.

    Shape: any -> the same, in float32.
    """
    uniform = torch.rand_like(logits, dtype=torch.float32)
    while not uniform.all():  # 0 is drawn once in 2^24 numbers, and has no logarithm
        uniform = torch.rand_like(uniform)
    noise = -(-uniform.log()).log()
    return ((logits.float() + noise) / temperature).softmax(dim=dim)


def _active_fractions(masks: Iterable[Masks]) -> Tensor:
    """Shape: (N, modules, layers)."""
    return torch.stack([of_module.active_fractions() for of_module in masks], dim=1)


def _by_layer(of_channels: Tensor) -> Tensor:
    """(1, C, L) -> (L, C, 1, 1)."""
    return of_channels.permute(2, 1, 0)[..., None]


def _without_autocast(device_type: str) -> AbstractContextManager[object]:
    # Entered only where autocast is on, so that exported graphs hold no trace of it.
    if torch.amp.is_autocast_available(device_type) and torch.is_autocast_enabled(device_type):
        return torch.autocast(device_type, enabled=False)
    return nullcontext()
