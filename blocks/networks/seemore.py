"""SeemoRe: mixtures of low-rank experts and striped-kernel gates.

Source: Zamfir et al. 2024 (SeemoRe), arXiv:2402.03412, and the authors' code
(eduardzamfir/seemoredetails). Departures: all experts are one masked product, exactly equal
to choosing the top ones and safe for any batch; a single expert has no router (its weight
would be constant 1); without recursion there is no unused aggregation convolution; for an
FFN ratio other than 2 the output projection takes ratio C / 2 channels; in place of the dense 3x3
convolution, a third of the work of a group, there can be a cheaper one.
"""

import math
from typing import ClassVar, Literal, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.layers import (
    ChannelLayerNorm,
    ImageSkip,
    SuperResolutionNetwork,
    convolution,
    depthwise,
)
from blocks.networks.seemore_config import (
    AGGREGATION_STRIDE,
    ExpertsConfig,
    dense_convolution,
)
from foundation.configs import Count

RankGrowth = Literal["exponential", "linear", "double"]


class SeemoReConfig(ExpertsConfig):
    """A SeemoRe network; the defaults are SeemoRe-T."""

    whole_image_parts: ClassVar[str] = "routers and a pooled context"

    family: Literal["seemore"] = "seemore"
    groups: Count = 6
    image_skip: ImageSkip = "none"

    @property
    def minimum_size_px(self) -> int:
        return self.smallest_context_px

    @property
    def receptive_field_radius_px(self) -> None:
        return None

    def canonical(self) -> Self:
        return self.replace(**self.canonical_experts())


def ranks_of(growth: RankGrowth, experts: int) -> tuple[int, ...]:
    """The published growths: exponential 2, 4, 8; linear 2, 3, 4; double 2, 4, 6.

    Raises:
        ValueError: experts is below 1.
    """
    if experts < 1:
        raise ValueError(f"the number of experts must be at least 1, got {experts}")
    match growth:
        case "exponential":
            return tuple(2 ** (expert + 1) for expert in range(experts))
        case "linear":
            return tuple(expert + 2 for expert in range(experts))
        case "double":
            return tuple(2 * expert + 2 for expert in range(experts))


class Stripes(nn.Sequential):
    """Depthwise 1 x kernel, then kernel x 1.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__(depthwise(channels, 1, kernel), depthwise(channels, kernel, 1))


class GatedFeedForward(nn.Module):
    """gelu(project(a * gate(g))) with a, g the halves of gelu(expand(x)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, inner_channels: int) -> None:
        super().__init__()
        half = inner_channels // 2
        self.expand = convolution(channels, inner_channels, 1)
        self.gate = depthwise(half, 3, 3)
        self.project = convolution(half, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        values, gates = F.gelu(self.expand(x)).chunk(2, dim=1)
        return F.gelu(self.project(values * self.gate(gates)))


class LowRankExperts(nn.Module):
    """sum over the chosen experts i of p_i restore_i(local_i(a) * context_i(b)).

    Expert i works in its own rank-r_i space. The experts' matrices stand side by side in
    one matrix each, ordered as `ranks`, and the choice is a mask on the shared rank axis.

    Shape: (N, C, H, W), (N, C, H, W) -> (N, C, H, W).
    """

    expert_of_rank: Tensor

    def __init__(self, channels: int, ranks: tuple[int, ...], top_k: int) -> None:
        super().__init__()
        self.top_k = top_k
        self.local = convolution(channels, sum(ranks), 1)
        self.context = convolution(channels, sum(ranks), 1)
        self.restore = nn.Conv2d(sum(ranks), channels, 1, bias=False)
        self.restore_bias = nn.Parameter(torch.empty(len(ranks), channels))
        self.router = nn.Linear(channels, len(ranks), bias=False) if len(ranks) > 1 else None
        experts = [expert for expert, rank in enumerate(ranks) for _ in range(rank)]
        self.register_buffer("expert_of_rank", torch.tensor(experts), persistent=False)
        self._initialise(ranks)

    def _initialise(self, ranks: tuple[int, ...]) -> None:
        """Give every expert the bounds its own r_i -> C convolution would have."""
        weights = torch.split(self.restore.weight, list(ranks), dim=1)
        for weight, bias, rank in zip(weights, self.restore_bias, ranks, strict=True):
            bound = 1 / math.sqrt(rank)
            nn.init.uniform_(weight, -bound, bound)
            nn.init.uniform_(bias, -bound, bound)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        product: Tensor = self.local(a) * self.context(b)
        if self.router is None:
            restored: Tensor = self.restore(product)
            return restored + self.restore_bias[:, :, None, None]
        weights = self.weights_of(a)
        mask = weights[:, self.expert_of_rank, None, None]
        restored = self.restore(product * mask)
        return restored + (weights @ self.restore_bias)[:, :, None, None]

    def weights_of(self, a: Tensor) -> Tensor:
        """How much each expert counts for each image, 0 unless it is chosen.

        Shape: (N, C, H, W) -> (N, E).
        """
        if self.router is None:
            return a.new_ones(len(a), 1)
        return self._weights(self.router(a.mean(dim=(2, 3)))).to(a.dtype)

    def chosen(self, a: Tensor) -> Tensor:
        """Which experts count for each image. Shape: (N, C, H, W) -> (N, E), bool."""
        weights = self.weights_of(a)
        indices = weights.topk(self.top_k, dim=1).indices
        return torch.zeros_like(weights, dtype=torch.bool).scatter(1, indices, True)

    def _weights(self, logits: Tensor) -> Tensor:
        """Softmax over all experts, kept for the top ones and not normalised anew.

        Shape: (N, E) -> (N, E), float32.
        """
        probabilities = logits.softmax(dim=1, dtype=torch.float32)
        chosen = probabilities.topk(self.top_k, dim=1)
        return torch.zeros_like(probabilities).scatter(1, chosen.indices, chosen.values)


class RankMixer(nn.Module):
    """The rank-modulating mixer: local detail times pooled context in low-rank spaces.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, config: ExpertsConfig) -> None:
        super().__init__()
        C = config.channels
        self.shuffle = config.shuffle
        self.recursion = config.recursion
        self.dense = dense_convolution(config)
        self.expand = convolution(C, 2 * C, 1)
        self.stripes = Stripes(C, 3)
        if config.recursion:
            stride = AGGREGATION_STRIDE
            self.aggregate = nn.Conv2d(C, C, stride, stride=stride, groups=C)
        self.calibrate = nn.Sequential(depthwise(C, 3, 3), convolution(C, C, 1))
        self.experts = LowRankExperts(C, config.ranks, config.top_k)
        self.project = convolution(C, C, 1)

    def forward(self, x: Tensor) -> Tensor:
        expanded = self.expand(F.gelu(self.dense(x)))
        if self.shuffle:
            expanded = F.channel_shuffle(expanded, 2)
        a, b = expanded.chunk(2, dim=1)
        a = F.gelu(self.stripes(a))
        b = b + self._context(b)
        mixed: Tensor = self.project(a + self.experts(a, b))
        return mixed

    def _context(self, b: Tensor) -> Tensor:
        context = b
        for _ in range(self.recursion):
            context = F.gelu(self.aggregate(context))
        context = self.calibrate(context)
        if self.recursion:
            context = F.interpolate(context, size=b.shape[2:], mode="bilinear")
        return context


class SpatialMixer(nn.Module):
    """project(stripes(q) * v) with q, v the halves of gelu(expand(x)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, channels: int, kernel: int) -> None:
        super().__init__()
        self.expand = convolution(channels, 2 * channels, 1)
        self.stripes = Stripes(channels, kernel)
        self.project = convolution(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        queries, values = F.gelu(self.expand(x)).chunk(2, dim=1)
        mixed: Tensor = self.project(self.stripes(queries) * values)
        return mixed


class MixerLayer(nn.Module):
    """x + mixer(norm(x)), then x + feed_forward(norm(x)).

    Shape: (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, config: ExpertsConfig, mixer: nn.Module) -> None:
        super().__init__()
        self.mixer_norm = ChannelLayerNorm(config.channels)
        self.mixer = mixer
        self.feed_forward_norm = ChannelLayerNorm(config.channels)
        self.feed_forward = GatedFeedForward(config.channels, config.ffn_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.mixer(self.mixer_norm(x))
        x = x + self.feed_forward(self.feed_forward_norm(x))
        return x


def mixer_group(config: ExpertsConfig) -> nn.Sequential:
    """A layer with a rank mixer and one with a spatial mixer.

    Shape: (N, C, H, W) -> (N, C, H, W).
    """
    return nn.Sequential(
        MixerLayer(config, RankMixer(config)),
        MixerLayer(config, SpatialMixer(config.channels, config.kernel)),
    )


class ExpertsNetwork(SuperResolutionNetwork):
    """A network with groups of mixers, each of which chooses experts."""

    def chosen_experts(self, images: Tensor) -> Tensor:
        """Which experts each group of mixers chooses for each image.

        Shape: (N, 3, h, w) -> (N, groups, E), bool.

        Raises:
            ValueError: as `forward`.
        """
        of_groups: list[Tensor] = []
        hooks = [
            module.register_forward_pre_hook(
                lambda experts, inputs: of_groups.append(experts.chosen(inputs[0]))
            )
            for module in self.modules()
            if isinstance(module, LowRankExperts)
        ]
        try:
            self(images)
        finally:
            for hook in hooks:
                hook.remove()
        return torch.stack(of_groups, dim=1)


class SeemoRe(ExpertsNetwork):
    """Input convolution; groups of a rank and a spatial mixer; trunk skip; one-step upsampler."""

    config: SeemoReConfig

    def __init__(self, config: SeemoReConfig) -> None:
        super().__init__(config, config.image_skip)
        C, scale = config.channels, config.scale
        self.input_convolution = convolution(3, C, 3)
        self.groups = nn.Sequential(*(mixer_group(config) for _ in range(config.groups)))
        self.norm = ChannelLayerNorm(C)
        self.trunk_convolution = convolution(C, C, 3)
        self.output_convolution = convolution(C, 3 * scale**2, 3)

    def enlarge(self, centred: Tensor) -> Tensor:
        shallow = self.input_convolution(centred)
        deep = shallow + self.trunk_convolution(self.norm(self.groups(shallow)))
        return F.pixel_shuffle(self.output_convolution(deep), self.config.scale)

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output_convolution,)
