"""The published systems as their papers and sheets write them, in ordinary modules.

What the variants of `blocks` are timed against, and nothing else: no fusion, no folding, the
layers in the order in which they are described. Each takes the weights of our network of the
same name, so that the images can be compared.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks import ClassSR, SeemoRe, SeemoReConfig, Smsr, SplitSR, SplitSRConfig

MEAN = (0.4488, 0.4371, 0.4040)


class LayerNorm(nn.Module):
    """Over the channels of a pixel, spelt out."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        x = (x - mean) / torch.sqrt(variance + 1e-6)
        return self.weight[:, None, None] * x + self.bias[:, None, None]


def striped(channels: int, kernel: int) -> nn.Sequential:
    half = kernel // 2
    return nn.Sequential(
        nn.Conv2d(channels, channels, (1, kernel), padding=(0, half), groups=channels),
        nn.Conv2d(channels, channels, (kernel, 1), padding=(half, 0), groups=channels),
    )


class GatedFeedForward(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.expand = nn.Conv2d(channels, 2 * channels, 1)
        self.gate = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.project = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        values, gates = F.gelu(self.expand(x)).chunk(2, dim=1)
        return F.gelu(self.project(values * self.gate(gates)))


class Expert(nn.Module):
    def __init__(self, channels: int, rank: int) -> None:
        super().__init__()
        self.local = nn.Conv2d(channels, rank, 1)
        self.context = nn.Conv2d(channels, rank, 1)
        self.restore = nn.Conv2d(rank, channels, 1)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        restored: Tensor = self.restore(self.local(a) * self.context(b))
        return restored


class Experts(nn.Module):
    """The best expert of one image, times its probability."""

    def __init__(self, channels: int, ranks: tuple[int, ...]) -> None:
        super().__init__()
        self.experts = nn.ModuleList(Expert(channels, rank) for rank in ranks)
        self.router = nn.Linear(channels, len(ranks), bias=False)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        probabilities = self.router(a.mean((2, 3))).softmax(dim=1)
        weight, chosen = probabilities[0].max(dim=0)
        mixed: Tensor = a + weight * self.experts[int(chosen)](a, b)
        return mixed


class RankMixer(nn.Module):
    def __init__(self, config: SeemoReConfig) -> None:
        super().__init__()
        C = config.channels
        self.shuffle = config.shuffle
        self.recursion = config.recursion
        self.dense = nn.Conv2d(C, C, 3, padding=1)
        self.expand = nn.Conv2d(C, 2 * C, 1)
        self.aggregate = nn.Conv2d(C, C, 4, stride=4, groups=C)
        self.calibrate = nn.Sequential(nn.Conv2d(C, C, 3, padding=1, groups=C), nn.Conv2d(C, C, 1))
        self.stripes = striped(C, 3)
        self.experts = Experts(C, config.ranks)
        self.project = nn.Conv2d(C, C, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.expand(F.gelu(self.dense(x)))
        if self.shuffle:
            n, c, h, w = x.shape
            x = x.reshape(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        a, b = x.chunk(2, dim=1)
        a = F.gelu(self.stripes(a))
        context = b
        for _ in range(self.recursion):
            context = F.gelu(self.aggregate(context))
        context = self.calibrate(context)
        b = b + F.interpolate(context, size=b.shape[2:], mode="bilinear", align_corners=False)
        mixed: Tensor = self.project(self.experts(a, b))
        return mixed


class SpatialMixer(nn.Module):
    def __init__(self, config: SeemoReConfig) -> None:
        super().__init__()
        C = config.channels
        self.expand = nn.Conv2d(C, 2 * C, 1)
        self.stripes = striped(C, config.kernel)
        self.project = nn.Conv2d(C, C, 1)

    def forward(self, x: Tensor) -> Tensor:
        queries, values = F.gelu(self.expand(x)).chunk(2, dim=1)
        mixed: Tensor = self.project(self.stripes(queries) * values)
        return mixed


class MixerLayer(nn.Module):
    def __init__(self, channels: int, mixer: nn.Module) -> None:
        super().__init__()
        self.mixer_norm = LayerNorm(channels)
        self.mixer = mixer
        self.feed_forward_norm = LayerNorm(channels)
        self.feed_forward = GatedFeedForward(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = self.mixer(self.mixer_norm(x)) + x
        x = self.feed_forward(self.feed_forward_norm(x)) + x
        return x


class PlainSeemoRe(nn.Module):
    """Sections 2 and 3 of Zamfir et al.'s code, evaluation of one image, top-1."""

    def __init__(self, config: SeemoReConfig) -> None:
        super().__init__()
        C = config.channels
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.input_convolution = nn.Conv2d(3, C, 3, padding=1)
        self.groups = nn.Sequential(
            *(
                nn.Sequential(MixerLayer(C, RankMixer(config)), MixerLayer(C, SpatialMixer(config)))
                for _ in range(config.groups)
            )
        )
        self.norm = LayerNorm(C)
        self.trunk_convolution = nn.Conv2d(C, C, 3, padding=1)
        self.output_convolution = nn.Conv2d(C, 3 * config.scale**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(config.scale)

    def forward(self, images: Tensor) -> Tensor:
        shallow = self.input_convolution(images - self.mean)
        deep = self.trunk_convolution(self.norm(self.groups(shallow))) + shallow
        enlarged: Tensor = self.shuffle(self.output_convolution(deep)) + self.mean
        return enlarged


def plain_seemore(network: SeemoRe) -> PlainSeemoRe:
    """The transcription with the weights of `network`, which must choose one expert."""
    plain = PlainSeemoRe(network.config).eval()
    plain.load_state_dict(_experts_apart(network.state_dict(), network.config))
    return plain


def _experts_apart(state: Mapping[str, Tensor], config: SeemoReConfig) -> dict[str, Tensor]:
    apart: dict[str, Tensor] = {}
    for name, tensor in state.items():
        layer, _, part = name.rpartition(".experts.")
        if not layer or part == "router.weight":
            apart[name] = tensor
        elif part == "restore_bias":
            for expert, bias in enumerate(tensor):
                apart[f"{layer}.experts.experts.{expert}.restore.bias"] = bias
        else:
            dim = 1 if part == "restore.weight" else 0
            parts = torch.split(tensor, list(config.ranks), dim)
            for expert, own in enumerate(parts):
                apart[f"{layer}.experts.experts.{expert}.{part}"] = own
    return apart


class SplitBlock(nn.Module):
    def __init__(self, active: int) -> None:
        super().__init__()
        self.active = active
        self.convolution = nn.Conv2d(active, active, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        changed = torch.relu(self.convolution(x[:, : self.active]))
        return torch.cat((x[:, self.active :], changed), dim=1)


class StandardBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution_1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.convolution_2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.convolution_2(torch.relu(self.convolution_1(x)))
        return x + changed


class Group(nn.Module):
    def __init__(self, config: SplitSRConfig, pattern: tuple[bool, ...]) -> None:
        super().__init__()
        C = config.channels
        self.blocks = nn.Sequential(
            *(
                SplitBlock(config.active_channels) if is_split else StandardBlock(C)
                for is_split in pattern
            )
        )
        self.convolution = nn.Conv2d(C, C, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        changed: Tensor = self.convolution(self.blocks(x))
        return x + changed


class UpsamplingStep(nn.Module):
    def __init__(self, channels: int, factor: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(channels, channels * factor**2, 3, padding=1)
        self.shuffle = nn.PixelShuffle(factor)

    def forward(self, x: Tensor) -> Tensor:
        enlarged: Tensor = self.shuffle(self.convolution(x))
        return enlarged


class PlainSplitSR(nn.Module):
    """The default reading: split features, no attention, the chain of upsampling steps."""

    def __init__(self, config: SplitSRConfig) -> None:
        super().__init__()
        C = config.channels
        self.mean: Tensor
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.input_convolution = nn.Conv2d(3, C, 3, padding=1)
        self.groups = nn.Sequential(*(Group(config, row) for row in config.split_pattern))
        self.trunk_convolution = nn.Conv2d(C, C, 3, padding=1)
        factors = (2, 2) if config.scale == 4 else (config.scale,)
        self.upsampler = nn.Sequential(*(UpsamplingStep(C, factor) for factor in factors))
        self.output_convolution = nn.Conv2d(C, 3, 3, padding=1)

    def forward(self, images: Tensor) -> Tensor:
        shallow = self.input_convolution(images - self.mean)
        deep = shallow + self.trunk_convolution(self.groups(shallow))
        enlarged: Tensor = self.output_convolution(self.upsampler(deep)) + self.mean
        return enlarged


def plain_splitsr(network: SplitSR) -> PlainSplitSR:
    """The transcription with the weights of `network`, which must be of the default reading."""
    plain = PlainSplitSR(network.config).eval()
    plain.load_state_dict(network.state_dict())
    return plain


class AllActiveSmsr(nn.Module):
    """SMSR without masks: its plain dense network, which gives other images."""

    def __init__(self, network: Smsr) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network.all_active(images)


class PatchByPatch(nn.Module):
    """ClassSR as its authors loop over an image, but with the seams and the borders of ours."""

    def __init__(self, network: ClassSR) -> None:
        super().__init__()
        self.config = network.config
        self.classifier = network.classifier
        self.branches = network.branches

    def forward(self, images: Tensor) -> Tensor:
        size, stride, scale = self.config.patch_px, self.config.stride_px, self.config.scale
        height, width = images.shape[2:]
        tops, lefts = (range(0, side - size + stride, stride) for side in (height, width))
        beyond = (0, lefts[-1] + size - width, 0, tops[-1] + size - height)
        mirrored = F.pad(images, beyond, mode="reflect")
        enlarged = images.new_zeros(1, 3, *(scale * side for side in mirrored.shape[2:]))
        for top in tops:
            for left in lefts:
                patch = mirrored[:, :, top : top + size, left : left + size]
                branch = self.branches[int(self.classifier(patch).argmax())]
                down = self.shares(top > 0, top < tops[-1])[:, None]
                across = self.shares(left > 0, left < lefts[-1])
                y, x, side = scale * top, scale * left, scale * size
                enlarged[:, :, y : y + side, x : x + side] += branch(patch) * down * across
        return enlarged[:, :, : scale * height, : scale * width]

    def shares(self, has_earlier: bool, has_later: bool) -> Tensor:
        scale, size = self.config.scale, self.config.patch_px
        overlap = scale * (size - self.config.stride_px)
        rising = (torch.arange(overlap) + 0.5) / overlap
        shares = torch.ones(scale * size)
        if has_earlier:
            shares[:overlap] = rising
        if has_later:
            shares[-overlap:] = rising.flip(0)
        return shares
