"""SeemoRe with its linear maps multiplied out, for inference.

SeemoRe streams more feature maps through memory than it computes. This variant makes fewer of
them, and gives compilers nothing to rearrange; every step is exact, up to rounding:

- Halves that are split, after a shuffle or not, are two convolutions from the start.
- What is added to the trunk has a mean of zero over the channels, a property of the weights of
  the mixers. A layer norm then is a division by the root mean square, and its scale and
  shift belong to the convolutions that read it, except one with padding.
- The context half is only read through the experts' few ranks and by the first aggregation.
  Both read what it is made of, and the context is enlarged with as many channels as ranks.
- The experts' way back and the projection behind them are one matrix.

Inside another network the mean over the channels is not the mixers' alone: then each norm takes it
off, and nothing that is added to the trunk is centred.
"""

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.layers import NORM_EPSILON, ChannelLayerNorm
from blocks.networks.seemore import (
    GatedFeedForward,
    MixerLayer,
    RankMixer,
    SeemoRe,
    SpatialMixer,
)
from blocks.networks.seemore_config import AGGREGATION_STRIDE, ExpertsConfig


def has_small_context(config: ExpertsConfig) -> bool:
    """Whether the context is reduced: only then can its half be left out at full size."""
    return config.recursion > 0


def seemore_folded(network: SeemoRe) -> SeemoRe:
    """The network, which is changed, in fewer and larger linear maps.

    Its configuration must be one that `has_small_context`.
    """
    layers = [layer for layer in network.groups.modules() if isinstance(layer, MixerLayer)]
    folded = (folded_mixer_layer(layer, is_centred=True) for layer in layers)
    network.groups = nn.Sequential(Centre(), *folded)
    network.norm = FoldedNorm(network.norm, nn.Identity())  # type: ignore[assignment]  # the same of what it gets
    return network.to(network.mean.dtype)  # the products were formed in double precision


def folded_mixer_layer(layer: MixerLayer, *, is_centred: bool) -> nn.Sequential:
    """A layer in fewer linear maps, its products in double precision.

    Where `is_centred`, it takes a trunk with a mean of zero over the channels and leaves it so.
    """
    mixer: FoldedRankMixer | FoldedSpatialMixer
    if isinstance(layer.mixer, RankMixer):
        mixer = FoldedRankMixer(layer.mixer, layer.mixer_norm, is_centred)
    else:
        assert isinstance(layer.mixer, SpatialMixer)  # there is no other
        mixer = FoldedSpatialMixer(layer.mixer, layer.mixer_norm, is_centred)
    return nn.Sequential(mixer, FoldedFeedForward(layer, is_centred))


@dataclass(frozen=True)
class ChannelMap:
    """x -> weight x + bias at every pixel, in double precision."""

    weight: Tensor
    bias: Tensor

    @classmethod
    def of(cls, convolution: nn.Conv2d) -> Self:
        assert convolution.bias is not None  # every convolution that is folded has one
        return cls(convolution.weight[:, :, 0, 0].double(), convolution.bias.double())

    @classmethod
    def of_norm(cls, norm: ChannelLayerNorm) -> Self:
        return cls(norm.weight.double().diag(), norm.bias.double())

    def after(self, first: "ChannelMap") -> "ChannelMap":
        return ChannelMap(self.weight @ first.weight, self.weight @ first.bias + self.bias)

    def linear(self) -> "ChannelMap":
        return ChannelMap(self.weight, torch.zeros_like(self.bias))

    def centred(self) -> "ChannelMap":
        return ChannelMap(self.weight - self.weight.mean(0), self.bias - self.bias.mean())

    def halves(self, shuffle: bool = False) -> tuple["ChannelMap", "ChannelMap"]:
        """The map to the first and to the second half of the channels, shuffled or not."""
        order = torch.arange(len(self.bias))
        if shuffle:
            order = order.view(2, -1).T.flatten()
        first, second = order.chunk(2)
        return (
            ChannelMap(self.weight[first], self.bias[first]),
            ChannelMap(self.weight[second], self.bias[second]),
        )

    def convolution(self) -> nn.Conv2d:
        outputs, inputs = self.weight.shape
        made = nn.Conv2d(inputs, outputs, 1)
        return _with_weights(made, self.weight[:, :, None, None], self.bias)


def _with_weights(layer: nn.Conv2d, weight: Tensor, bias: Tensor) -> nn.Conv2d:
    layer.weight, layer.bias = nn.Parameter(weight), nn.Parameter(bias)
    return layer


def _aggregation_of(half: ChannelMap, aggregate: nn.Conv2d) -> nn.Conv2d:
    """The depthwise aggregation of what `half` makes, as one convolution; it has no padding."""
    assert aggregate.bias is not None  # RankMixer's has one
    kernels = aggregate.weight[:, 0].double()
    weight = torch.einsum("ohw,oi->oihw", kernels, half.weight)
    bias = aggregate.bias.double() + kernels.sum((1, 2)) * half.bias
    outputs, inputs = half.weight.shape
    stride = AGGREGATION_STRIDE
    return _with_weights(nn.Conv2d(inputs, outputs, stride, stride=stride), weight, bias)


def _to_trunk(project: nn.Conv2d, is_centred: bool) -> ChannelMap:
    """The map whose output is added to the trunk."""
    whole = ChannelMap.of(project)
    return whole.centred() if is_centred else whole


class Centre(nn.Module):
    """x - mean(x) over the channels. Shape: (N, C, H, W) -> (N, C, H, W)."""

    def forward(self, x: Tensor) -> Tensor:
        return x - x.mean(dim=1, keepdim=True)


def _centre(is_centred: bool) -> nn.Module:
    """What takes the mean off, which is nothing where that is done."""
    return nn.Identity() if is_centred else Centre()


class FoldedNorm(nn.Module):
    """`ChannelLayerNorm` behind `centre`. Shape: (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, norm: ChannelLayerNorm, centre: nn.Module) -> None:
        super().__init__()
        self.centre = centre
        self.weight = nn.Parameter(norm.weight.view(-1, 1, 1))
        self.bias = nn.Parameter(norm.bias.view(-1, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return normalised(self.centre(x)) * self.weight + self.bias


def normalised(centred: Tensor) -> Tensor:
    """Each pixel over its root mean square, for a mean of zero over the channels."""
    # A norm is one reduction for every runtime; a mean of squares writes the squares first.
    length = torch.linalg.vector_norm(centred, dim=1, keepdim=True)
    return centred * torch.rsqrt(length * length / centred.shape[1] + NORM_EPSILON)


class FoldedFeedForward(nn.Module):
    """x + [centre](feed_forward(norm(x))). Shape: (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, layer: MixerLayer, is_centred: bool) -> None:
        super().__init__()
        plain: GatedFeedForward = layer.feed_forward
        norm = ChannelMap.of_norm(layer.feed_forward_norm)
        values, gates = ChannelMap.of(plain.expand).after(norm).halves()
        self.values, self.gates = values.convolution(), gates.convolution()
        self.gate = plain.gate
        self.project = plain.project
        self.centre_before = _centre(is_centred)
        self.centre_behind = _centre(not is_centred)

    def forward(self, x: Tensor) -> Tensor:
        rows = normalised(self.centre_before(x))
        gated = F.gelu(self.values(rows)) * self.gate(F.gelu(self.gates(rows)))
        changed: Tensor = self.centre_behind(F.gelu(self.project(gated)))
        return x + changed


class FoldedSpatialMixer(nn.Module):
    """x + [centre](mixer(norm(x))). Shape: (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, plain: SpatialMixer, norm: ChannelLayerNorm, is_centred: bool) -> None:
        super().__init__()
        expand = ChannelMap.of(plain.expand).after(ChannelMap.of_norm(norm))
        queries, values = expand.halves()
        self.queries, self.values = queries.convolution(), values.convolution()
        self.stripes = plain.stripes
        self.project = _to_trunk(plain.project, is_centred).convolution()
        self.centre = _centre(is_centred)

    def forward(self, x: Tensor) -> Tensor:
        rows = normalised(self.centre(x))
        gated = self.stripes(F.gelu(self.queries(rows))) * F.gelu(self.values(rows))
        changed: Tensor = self.project(gated)
        return x + changed


class FoldedRankMixer(nn.Module):
    """x + [centre](mixer(norm(x))). Shape: (N, C, H, W) -> (N, C, H, W)."""

    def __init__(self, plain: RankMixer, norm: ChannelLayerNorm, is_centred: bool) -> None:
        super().__init__()
        experts = plain.experts
        local, context = ChannelMap.of(plain.expand).halves(plain.shuffle)
        to_ranks = ChannelMap.of(experts.context)
        depthwise, pointwise = plain.calibrate.children()
        assert isinstance(depthwise, nn.Conv2d) and isinstance(pointwise, nn.Conv2d)
        project = _to_trunk(plain.project, is_centred)
        self.norm = FoldedNorm(norm, _centre(is_centred))
        self.dense = plain.dense
        self.local_half = local.convolution()
        self.stripes = plain.stripes
        self.context_ranks = to_ranks.after(context).convolution()
        self.first_aggregation = _aggregation_of(context, plain.aggregate)
        self.aggregate = plain.aggregate
        self.later_aggregations = plain.recursion - 1
        self.calibrate = nn.Sequential(
            depthwise, to_ranks.linear().after(ChannelMap.of(pointwise)).convolution()
        )
        self.experts = experts
        self.project = project.convolution()
        self.restore = nn.Conv2d(len(experts.expert_of_rank), len(project.bias), 1, bias=False)
        restored = project.weight @ experts.restore.weight[:, :, 0, 0].double()
        self.restore.weight = nn.Parameter(restored[:, :, None, None])
        self.restore_bias = nn.Parameter(experts.restore_bias.double() @ project.weight.T)

    def forward(self, x: Tensor) -> Tensor:
        shared = F.gelu(self.dense(self.norm(x)))
        a = F.gelu(self.stripes(self.local_half(shared)))
        weights = self.experts.weights_of(a)
        mask = weights[:, self.experts.expert_of_rank, None, None]
        ranks = self.context_ranks(shared) + self._context(shared)
        product = self.experts.local(a) * ranks * mask
        bias = (weights @ self.restore_bias)[:, :, None, None]
        changed: Tensor = (x + self.project(a)) + (self.restore(product) + bias)
        return changed

    def _context(self, shared: Tensor) -> Tensor:
        context = F.gelu(self.first_aggregation(shared))
        for _ in range(self.later_aggregations):
            context = F.gelu(self.aggregate(context))
        return F.interpolate(self.calibrate(context), size=shared.shape[2:], mode="bilinear")
