"""The authors' checkpoints: their names and shapes, and what is computed from them.

Each network is built from random tensors under the authors' names and compared with a plain
transcription of its specification that reads the same tensors.

Covers blocks.weights.layouts, blocks.weights.renaming, blocks.weights.carn, blocks.weights.classsr,
blocks.weights.smsr, blocks.weights.mean_shifts and blocks.weights.span.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks import (
    CarnConfig,
    ClassSR,
    ClassSRConfig,
    EdsrConfig,
    FsrcnnConfig,
    ImdnConfig,
    MsrResNetConfig,
    NetworkConfig,
    RcanConfig,
    RlfnConfig,
    SafmnConfig,
    SmsrConfig,
    SpanConfig,
    SplitSRConfig,
    build_network,
    catalogue_config,
    from_official,
    import_official,
    in_variant,
    variants_of,
)
from blocks.catalogue import SCALES
from blocks.config import Scale
from blocks.resampling import interpolate

Shapes = dict[str, tuple[int, ...]]
Tensors = dict[str, Tensor]

MEAN = torch.tensor((0.4488, 0.4371, 0.4040)).view(1, 3, 1, 1)


def layer(name: str, *shape: int, bias: bool = True) -> Shapes:
    return {f"{name}.weight": shape} | ({f"{name}.bias": shape[:1]} if bias else {})


def draw(shapes: Shapes) -> Tensors:
    tensors = {}
    for name, shape in shapes.items():
        fan_in = torch.Size(shape[1:]).numel()
        tensors[name] = torch.randn(shape) / fan_in**0.5
        if name.endswith("running_var"):
            tensors[name] = 0.5 + tensors[name].abs()
        if name.endswith("num_batches_tracked"):
            tensors[name] = torch.tensor(7)
    return tensors


def conv(x: Tensor, tensors: Tensors, name: str, stride: int = 1, padded: bool = True) -> Tensor:
    weight, bias = tensors[f"{name}.weight"], tensors.get(f"{name}.bias")
    padding = weight.shape[2] // 2 if padded else 0
    groups = x.shape[1] // weight.shape[1]
    return F.conv2d(x, weight, bias, stride=stride, padding=padding, groups=groups)


def shuffled_chain(x: Tensor, tensors: Tensors, names: tuple[str, ...], factor: int) -> Tensor:
    for name in names:
        x = F.pixel_shuffle(conv(x, tensors, name), factor)
    return x


# EDSR, in the layouts of BasicSR and of the authors; 16 blocks.


def edsr_shapes(config: EdsrConfig) -> Shapes:
    C, last = config.channels, config.blocks
    steps = {2: (4,), 3: (9,), 4: (4, 4)}[config.scale]
    shapes = layer("conv_first", C, 3, 3, 3)
    for k in range(last):
        shapes |= layer(f"body.{k}.conv1", C, C, 3, 3) | layer(f"body.{k}.conv2", C, C, 3, 3)
    shapes |= layer("conv_after_body", C, C, 3, 3)
    for step, times in enumerate(steps):
        shapes |= layer(f"upsample.{2 * step}", times * C, C, 3, 3)
    return shapes | layer("conv_last", 3, C, 3, 3)


def original_edsr_shapes(config: EdsrConfig) -> Shapes:
    C, last = config.channels, config.blocks
    steps = {2: (4,), 3: (9,), 4: (4, 4)}[config.scale]
    shapes = layer("sub_mean", 3, 3, 1, 1) | layer("add_mean", 3, 3, 1, 1)
    shapes |= layer("head.0", C, 3, 3, 3)
    for k in range(last):
        shapes |= layer(f"body.{k}.body.0", C, C, 3, 3) | layer(f"body.{k}.body.2", C, C, 3, 3)
    shapes |= layer(f"body.{last}", C, C, 3, 3)
    for step, times in enumerate(steps):
        shapes |= layer(f"tail.0.{2 * step}", times * C, C, 3, 3)
    return shapes | layer("tail.1", 3, C, 3, 3)


def edsr(x: Tensor, t: Tensors, config: EdsrConfig) -> Tensor:
    first = f = conv((x - MEAN) * 255, t, "conv_first")
    for k in range(config.blocks):
        inner = F.relu(conv(f, t, f"body.{k}.conv1"))
        f = conv(inner, t, f"body.{k}.conv2") * config.residual_scale + f
    f = conv(f, t, "conv_after_body") + first
    names = ("upsample.0", "upsample.2") if config.scale == 4 else ("upsample.0",)
    f = shuffled_chain(f, t, names, 3 if config.scale == 3 else 2)
    return conv(f, t, "conv_last") / 255 + MEAN


def original_edsr(x: Tensor, t: Tensors, config: EdsrConfig) -> Tensor:
    first = f = conv((x - MEAN) * 255, t, "head.0")
    for k in range(config.blocks):
        f = f + conv(F.relu(conv(f, t, f"body.{k}.body.0")), t, f"body.{k}.body.2")
    f = conv(f, t, f"body.{config.blocks}") + first
    names = ("tail.0.0", "tail.0.2") if config.scale == 4 else ("tail.0.0",)
    f = shuffled_chain(f, t, names, 3 if config.scale == 3 else 2)
    return conv(f, t, "tail.1") / 255 + MEAN


# IMDN, with the prefix of parallel training.


def imdn_shapes(config: ImdnConfig) -> Shapes:
    C, kept = config.channels, config.channels // 4
    shapes = layer("module.fea_conv", C, 3, 3, 3)
    for k in range(1, config.blocks + 1):
        block = f"module.IMDB{k}"
        shapes |= layer(f"{block}.c1", C, C, 3, 3)
        shapes |= layer(f"{block}.c2", C, C - kept, 3, 3) | layer(f"{block}.c3", C, C - kept, 3, 3)
        shapes |= layer(f"{block}.c4", kept, C - kept, 3, 3) | layer(f"{block}.c5", C, C, 1, 1)
        shapes |= layer(f"{block}.cca.conv_du.0", C // 16, C, 1, 1)
        shapes |= layer(f"{block}.cca.conv_du.2", C, C // 16, 1, 1)
    shapes |= layer("module.c.0", C, config.blocks * C, 1, 1)
    shapes |= layer("module.LR_conv", C, C, 3, 3)
    return shapes | layer("module.upsampler.0", 3 * config.scale**2, C, 3, 3)


def imdn(x: Tensor, t: Tensors, config: ImdnConfig) -> Tensor:
    t = {name.removeprefix("module."): tensor for name, tensor in t.items()}
    kept = config.channels // 4
    first = f = conv(x, t, "fea_conv")
    outputs = []
    for k in range(1, config.blocks + 1):
        a = F.leaky_relu(conv(f, t, f"IMDB{k}.c1"), 0.05)
        b = F.leaky_relu(conv(a[:, kept:], t, f"IMDB{k}.c2"), 0.05)
        c = F.leaky_relu(conv(b[:, kept:], t, f"IMDB{k}.c3"), 0.05)
        d = conv(c[:, kept:], t, f"IMDB{k}.c4")
        z = torch.cat((a[:, :kept], b[:, :kept], c[:, :kept], d), dim=1)
        mean = z.mean((2, 3), keepdim=True)
        contrast = ((z - mean) ** 2).mean((2, 3), keepdim=True).sqrt() + mean
        gate = conv(
            F.relu(conv(contrast, t, f"IMDB{k}.cca.conv_du.0")), t, f"IMDB{k}.cca.conv_du.2"
        )
        f = conv(z * torch.sigmoid(gate), t, f"IMDB{k}.c5") + f
        outputs.append(f)
    f = F.leaky_relu(conv(torch.cat(outputs, dim=1), t, "c.0"), 0.05)
    return F.pixel_shuffle(conv(conv(f, t, "LR_conv") + first, t, "upsampler.0"), config.scale)


# RLFN.


def rlfn_shapes(config: RlfnConfig) -> Shapes:
    C, M, E = config.channels, config.inner_channels, config.attention_channels
    shapes = layer("conv_1", C, 3, 3, 3)
    for k in range(1, config.blocks + 1):
        block = f"block_{k}"
        shapes |= layer(f"{block}.c1_r", M, C, 3, 3) | layer(f"{block}.c2_r", M, M, 3, 3)
        shapes |= layer(f"{block}.c3_r", C, M, 3, 3) | layer(f"{block}.c5", C, C, 1, 1)
        shapes |= layer(f"{block}.esa.conv1", E, C, 1, 1) | layer(f"{block}.esa.conv_f", E, E, 1, 1)
        shapes |= layer(f"{block}.esa.conv2", E, E, 3, 3) | layer(f"{block}.esa.conv3", E, E, 3, 3)
        shapes |= layer(f"{block}.esa.conv4", C, E, 1, 1)
    shapes |= layer("conv_2", C, C, 3, 3)
    return shapes | layer("upsampler.0", 3 * config.scale**2, C, 3, 3)


def rlfn(x: Tensor, t: Tensors, config: RlfnConfig) -> Tensor:
    first = f = conv(x * 255, t, "conv_1")
    for k in range(1, config.blocks + 1):
        inner = f
        for name in ("c1_r", "c2_r", "c3_r"):
            inner = F.leaky_relu(conv(inner, t, f"block_{k}.{name}"), 0.05)
        f = conv(inner + f, t, f"block_{k}.c5")
        e = conv(f, t, f"block_{k}.esa.conv1")
        pooled = conv(e, t, f"block_{k}.esa.conv2", stride=2, padded=False)
        pooled = F.max_pool2d(pooled, kernel_size=7, stride=3)
        pooled = conv(pooled, t, f"block_{k}.esa.conv3")
        resized = F.interpolate(pooled, f.shape[2:], mode="bilinear", align_corners=False)
        e = conv(resized + conv(e, t, f"block_{k}.esa.conv_f"), t, f"block_{k}.esa.conv4")
        f = f * torch.sigmoid(e)
    f = conv(f, t, "conv_2") + first
    return F.pixel_shuffle(conv(f, t, "upsampler.0"), config.scale) / 255


# SAFMN, the paper's and the challenge's.


def safmn_shapes(config: SafmnConfig) -> Shapes:
    D, is_paper = config.channels, config.design == "paper"
    shapes = layer("to_feat", D, 3, 3, 3)
    if not is_paper:
        shapes |= {"norm.gamma": (1, D, 1, 1), "norm.beta": (1, D, 1, 1)}
    for k in range(config.blocks):
        block = f"feats.{k}"
        if is_paper:
            shapes |= layer(f"{block}.norm1", D) | layer(f"{block}.norm2", D)
        for scale in range(4):
            shapes |= layer(f"{block}.safm.mfr.{scale}", D // 4, 1, 3, 3, bias=is_paper)
        shapes |= layer(f"{block}.safm.aggr", D, D, 1, 1, bias=is_paper)
        shapes |= layer(f"{block}.ccm.ccm.0", 2 * D, D, 3, 3, bias=is_paper)
        shapes |= layer(f"{block}.ccm.ccm.2", D, 2 * D, 1, 1, bias=is_paper)
    return shapes | layer("to_img.0", 3 * config.scale**2, D, 3, 3)


def safmn(x: Tensor, t: Tensors, config: SafmnConfig) -> Tensor:
    is_paper = config.design == "paper"
    height, width = x.shape[2:]

    def norm(f: Tensor, name: str) -> Tensor:
        if not is_paper:
            return f
        mean, variance = f.mean(1, keepdim=True), f.var(1, keepdim=True, unbiased=False)
        weight, bias = t[f"{name}.weight"][:, None, None], t[f"{name}.bias"][:, None, None]
        return (f - mean) / torch.sqrt(variance + 1e-6) * weight + bias

    f = conv(x, t, "to_feat")
    if not is_paper:
        lengths = (f**2).sum((2, 3), keepdim=True).sqrt()
        relative = lengths / (lengths.mean(1, keepdim=True) + 1e-6)
        f = t["norm.gamma"] * (f * relative) + t["norm.beta"] + f
    first = f
    for k in range(config.blocks):
        y = norm(f, f"feats.{k}.norm1")
        parts = list(torch.chunk(y, 4, dim=1))
        for scale in range(4):
            name = f"feats.{k}.safm.mfr.{scale}"
            if scale == 0:
                parts[0] = conv(parts[0], t, name)
                continue
            factor = 2**scale if is_paper else 2 ** (scale + 1)
            pooled = F.adaptive_max_pool2d(parts[scale], (height // factor, width // factor))
            parts[scale] = F.interpolate(conv(pooled, t, name), (height, width), mode="nearest")
        fused = conv(torch.cat(parts, dim=1), t, f"feats.{k}.safm.aggr")
        f = f + F.gelu(fused) * y
        mixed = F.gelu(conv(norm(f, f"feats.{k}.norm2"), t, f"feats.{k}.ccm.ccm.0"))
        f = f + conv(mixed, t, f"feats.{k}.ccm.ccm.2")
    if is_paper:
        return F.pixel_shuffle(conv(f + first, t, "to_img.0"), config.scale)
    skip = F.interpolate(x, scale_factor=config.scale, mode="bilinear", align_corners=False)
    return F.pixel_shuffle(conv(f, t, "to_img.0"), config.scale) + skip


# SPAN: a file has the branches and stale copies, or the folded convolutions alone.


def span_convolutions(config: SpanConfig) -> dict[str, tuple[int, int]]:
    C = config.channels
    blocks = {f"block_{k}.c{j}_r": (C, C) for k in range(1, config.blocks + 1) for j in (1, 2, 3)}
    return {"conv_1": (C, 3)} | blocks | {"conv_2": (C, C)}


def span_shapes(config: SpanConfig) -> Shapes:
    shapes: Shapes = {}
    for name, (o, i) in span_convolutions(config).items():
        shapes |= layer(f"{name}.sk", o, i, 1, 1) | layer(f"{name}.conv.0", 2 * i, i, 1, 1)
        shapes |= layer(f"{name}.conv.1", 2 * o, 2 * i, 3, 3)
        shapes |= layer(f"{name}.conv.2", o, 2 * o, 1, 1) | layer(f"{name}.eval_conv", o, i, 3, 3)
    return shapes | span_end(config)


def slim_span_shapes(config: SpanConfig) -> Shapes:
    shapes: Shapes = {}
    for name, (o, i) in span_convolutions(config).items():
        shapes |= layer(f"{name}.eval_conv", o, i, 3, 3)
    return shapes | span_end(config)


def span_end(config: SpanConfig) -> Shapes:
    C, fused = config.channels, config.fusion_channels or config.channels
    return layer("conv_cat", fused, 4 * C, 1, 1) | layer(
        "upsampler.0", 3 * config.scale**2, fused, 3, 3
    )


def span(x: Tensor, t: Tensors, config: SpanConfig) -> Tensor:
    def rep(f: Tensor, name: str) -> Tensor:
        if f"{name}.sk.weight" not in t:
            return conv(f, t, f"{name}.eval_conv")
        deep = conv(F.pad(f, (1, 1, 1, 1)), t, f"{name}.conv.0")
        deep = conv(conv(deep, t, f"{name}.conv.1", padded=False), t, f"{name}.conv.2")
        return deep + conv(f, t, f"{name}.sk")

    first = f = rep((x - MEAN) * 255, "conv_1")
    outputs, activated = [], first
    for k in range(1, config.blocks + 1):
        activated = F.silu(rep(f, f"block_{k}.c1_r"))
        o = rep(F.silu(rep(activated, f"block_{k}.c2_r")), f"block_{k}.c3_r")
        f = (o + f) * (torch.sigmoid(o) - 0.5)
        outputs.append(f)
    stages = (first, rep(f, "conv_2"), outputs[0], activated)
    fused = conv(torch.cat(stages, dim=1), t, "conv_cat")
    return F.pixel_shuffle(conv(fused, t, "upsampler.0"), config.scale)


# ClassSR's backbones.


def fsrcnn_shapes(config: FsrcnnConfig) -> Shapes:
    d, s, m = config.channels, config.mapping_channels, config.mapping_layers
    shapes = layer("head_conv.0", d, 3, 5, 5) | layer("head_conv.1", 1, bias=False)
    shapes |= layer("body_conv.0.0", s, d, 1, 1) | layer("body_conv.0.1", 1, bias=False)
    for k in range(1, m + 1):
        shapes |= layer(f"body_conv.{k}", s, s, 3, 3)
    shapes |= layer(f"body_conv.{m + 1}", 1, bias=False)
    shapes |= layer(f"body_conv.{m + 2}.0", d, s, 1, 1)
    shapes |= layer(f"body_conv.{m + 2}.1", 1, bias=False)
    return shapes | {"tail_conv.weight": (d, 3, 9, 9), "tail_conv.bias": (3,)}


def fsrcnn(x: Tensor, t: Tensors, config: FsrcnnConfig) -> Tensor:
    m = config.mapping_layers

    def prelu(f: Tensor, name: str) -> Tensor:
        return torch.where(f >= 0, f, f * t[f"{name}.weight"])

    f = prelu(conv(x, t, "head_conv.0"), "head_conv.1")
    f = prelu(conv(f, t, "body_conv.0.0"), "body_conv.0.1")
    for k in range(1, m + 1):
        f = conv(f, t, f"body_conv.{k}")
    f = prelu(f, f"body_conv.{m + 1}")
    f = prelu(conv(f, t, f"body_conv.{m + 2}.0"), f"body_conv.{m + 2}.1")
    weight, bias = t["tail_conv.weight"], t["tail_conv.bias"]
    return F.conv_transpose2d(f, weight, bias, stride=4, padding=3, output_padding=1)


def carn_shapes(config: CarnConfig) -> Shapes:
    C, part = config.channels, config.channels // config.convolution_groups

    def fusions(prefix: str) -> Shapes:
        shapes: Shapes = {}
        for k in (1, 2, 3):
            norm = f"{prefix}c{k}.1"
            shapes |= layer(f"{prefix}c{k}.0", C, (k + 1) * C, 1, 1, bias=False) | layer(norm, C)
            shapes |= {f"{norm}.running_mean": (C,), f"{norm}.running_var": (C,)}
            shapes |= {f"{norm}.num_batches_tracked": ()}
        return shapes

    shapes = layer("sub_mean", 3, 3, 1, 1) | layer("add_mean", 3, 3, 1, 1)
    shapes |= layer("entry", C, 3, 3, 3) | fusions("")
    for block in ("b1", "b2", "b3"):
        shapes |= layer(f"{block}.b1.body.0", C, part, 3, 3)
        shapes |= layer(f"{block}.b1.body.2", C, part, 3, 3)
        shapes |= layer(f"{block}.b1.body.4", C, C, 1, 1) | fusions(f"{block}.")
    shapes |= layer("upsample.up.body.0", 4 * C, part, 3, 3)
    return shapes | layer("upsample.up.body.3", 4 * C, part, 3, 3) | layer("exit", 3, C, 3, 3)


def carn(x: Tensor, t: Tensors, config: CarnConfig) -> Tensor:
    def unit(f: Tensor, name: str) -> Tensor:
        inner = F.relu(conv(f, t, f"{name}.body.0"))
        inner = F.relu(conv(inner, t, f"{name}.body.2"))
        return F.relu(conv(inner, t, f"{name}.body.4") + f)

    def fuse(f: Tensor, name: str) -> Tensor:
        f = conv(f, t, f"{name}.0")
        weight, bias, mean, variance = (
            t[f"{name}.1.{leaf}"][:, None, None]
            for leaf in ("weight", "bias", "running_mean", "running_var")
        )
        return F.relu((f - mean) / torch.sqrt(variance + 1e-5) * weight + bias)

    def block(f: Tensor, name: str) -> Tensor:
        c, o = f, f
        for k in (1, 2, 3):
            c = torch.cat((c, unit(o, f"{name}.b1")), dim=1)
            o = fuse(c, f"{name}.c{k}")
        return o

    c = o = conv(conv(x, t, "sub_mean"), t, "entry")
    for k in (1, 2, 3):
        c = torch.cat((c, block(o, f"b{k}")), dim=1)
        o = fuse(c, f"c{k}")
    for name in ("upsample.up.body.0", "upsample.up.body.3"):
        o = F.pixel_shuffle(F.relu(conv(o, t, name)), 2)
    return conv(conv(o, t, "exit"), t, "add_mean")


def carn_original_shapes(config: CarnConfig) -> Shapes:
    """One network for three scales, whose file has the upsamplers of all."""
    C, part = config.channels, config.channels // config.convolution_groups

    def fusions(prefix: str) -> Shapes:
        shapes: Shapes = {}
        for k in (1, 2, 3):
            shapes |= layer(f"{prefix}c{k}.body.0", C, (k + 1) * C, 1, 1)
        return shapes

    shapes = layer("sub_mean.shifter", 3, 3, 1, 1) | layer("add_mean.shifter", 3, 3, 1, 1)
    shapes |= layer("entry", C, 3, 3, 3) | fusions("")
    for block in ("b1", "b2", "b3"):
        shapes |= layer(f"{block}.b1.body.0", C, part, 3, 3)
        shapes |= layer(f"{block}.b1.body.2", C, part, 3, 3)
        shapes |= layer(f"{block}.b1.body.4", C, C, 1, 1) | fusions(f"{block}.")
    for scale, times in ((2, 4), (3, 9), (4, 4)):
        shapes |= layer(f"upsample.up{scale}.body.0", times * C, part, 3, 3)
    shapes |= layer("upsample.up4.body.3", 4 * C, part, 3, 3)
    return shapes | layer("exit", 3, C, 3, 3)


def carn_original(x: Tensor, t: Tensors, config: CarnConfig) -> Tensor:
    def unit(f: Tensor, name: str) -> Tensor:
        inner = F.relu(conv(f, t, f"{name}.body.0"))
        inner = F.relu(conv(inner, t, f"{name}.body.2"))
        return F.relu(conv(inner, t, f"{name}.body.4") + f)

    def cascade(f: Tensor, prefix: str, parts: Callable[[Tensor, int], Tensor]) -> Tensor:
        c, o = f, f
        for k in (1, 2, 3):
            c = torch.cat((c, parts(o, k)), dim=1)
            o = F.relu(conv(c, t, f"{prefix}c{k}.body.0"))
        return o

    def block(f: Tensor, k: int) -> Tensor:
        return cascade(f, f"b{k}.", lambda o, _: unit(o, f"b{k}.b1"))

    o = cascade(conv(conv(x, t, "sub_mean.shifter"), t, "entry"), "", block)
    steps = {2: ((0, 2),), 3: ((0, 3),), 4: ((0, 2), (3, 2))}[config.scale]
    for index, factor in steps:
        name = f"upsample.up{config.scale}.body.{index}"
        o = F.pixel_shuffle(F.relu(conv(o, t, name)), factor)
    return conv(conv(o, t, "exit"), t, "add_mean.shifter")


def carn_shifts() -> Tensors:
    identity, mean = torch.eye(3).view(3, 3, 1, 1), MEAN.flatten()
    return {
        "sub_mean.shifter.weight": identity,
        "sub_mean.shifter.bias": -mean,
        "add_mean.shifter.weight": identity,
        "add_mean.shifter.bias": mean,
    }


def fsrcnn_port_shapes(config: FsrcnnConfig) -> Shapes:
    d, s, m = config.channels, config.mapping_channels, config.mapping_layers
    shapes = layer("first_part.0", d, 1, 5, 5) | layer("first_part.1", d, bias=False)
    shapes |= layer("mid_part.0", s, d, 1, 1) | layer("mid_part.1", s, bias=False)
    for k in range(1, m + 1):
        shapes |= layer(f"mid_part.{2 * k}", s, s, 3, 3)
        shapes |= layer(f"mid_part.{2 * k + 1}", s, bias=False)
    shapes |= layer(f"mid_part.{2 * m + 2}", d, s, 1, 1)
    shapes |= layer(f"mid_part.{2 * m + 3}", d, bias=False)
    return shapes | {"last_part.weight": (d, 1, 9, 9), "last_part.bias": (1,)}


def fsrcnn_port(x: Tensor, t: Tensors, config: FsrcnnConfig) -> Tensor:
    """The port takes luma; the whole is bicubic with its luma, by ITU-R BT.601."""
    weights = torch.tensor((65.738, 129.057, 25.064), dtype=x.dtype).view(1, 3, 1, 1) / 256

    def luma(images: Tensor) -> Tensor:
        return (images * weights).sum(dim=1, keepdim=True) + 16 / 255

    def layers(f: Tensor, name: str, index: int) -> Tensor:
        f = conv(f, t, f"{name}.{index}")
        return torch.where(f >= 0, f, f * t[f"{name}.{index + 1}.weight"][:, None, None])

    y = layers(luma(x), "first_part", 0)
    for k in range(config.mapping_layers + 2):
        y = layers(y, "mid_part", 2 * k)
    weight, bias, s = t["last_part.weight"], t["last_part.bias"], config.scale
    y = F.conv_transpose2d(y, weight, bias, stride=s, padding=4, output_padding=s - 1)
    enlarged = interpolate(x, s, "bicubic")
    return enlarged + (y - luma(enlarged)) / weights.sum()


def msrresnet_shapes(config: MsrResNetConfig) -> Shapes:
    C = config.channels
    shapes = layer("conv_first", C, 3, 3, 3)
    for k in range(config.blocks):
        shapes |= layer(f"recon_trunk.{k}.conv1", C, C, 3, 3)
        shapes |= layer(f"recon_trunk.{k}.conv2", C, C, 3, 3)
    for name, factor in msrresnet_steps(config):
        shapes |= layer(name, factor**2 * C, C, 3, 3)
    return shapes | layer("HRconv", C, C, 3, 3) | layer("conv_last", 3, C, 3, 3)


def msrresnet(x: Tensor, t: Tensors, config: MsrResNetConfig) -> Tensor:
    f = F.leaky_relu(conv(x, t, "conv_first"), 0.1)
    for k in range(config.blocks):
        inner = F.relu(conv(f, t, f"recon_trunk.{k}.conv1"))
        f = f + conv(inner, t, f"recon_trunk.{k}.conv2")
    for name, factor in msrresnet_steps(config):
        f = F.leaky_relu(F.pixel_shuffle(conv(f, t, name), factor), 0.1)
    f = conv(F.leaky_relu(conv(f, t, "HRconv"), 0.1), t, "conv_last")
    return f + F.interpolate(x, scale_factor=config.scale, mode="bilinear", align_corners=False)


def msrresnet_steps(config: MsrResNetConfig) -> tuple[tuple[str, int], ...]:
    return (("upconv1", 2), ("upconv2", 2)) if config.scale == 4 else (("upconv1", config.scale),)


def rcan_shapes(config: RcanConfig) -> Shapes:
    C, hidden = config.channels, config.channels // 16
    shapes = layer("sub_mean", 3, 3, 1, 1) | layer("add_mean", 3, 3, 1, 1)
    shapes |= layer("head.0", C, 3, 3, 3)
    for g in range(config.groups):
        for b in range(config.blocks):
            block = f"body.{g}.body.{b}.body"
            shapes |= layer(f"{block}.0", C, C, 3, 3) | layer(f"{block}.2", C, C, 3, 3)
            shapes |= layer(f"{block}.3.conv_du.0", hidden, C, 1, 1)
            shapes |= layer(f"{block}.3.conv_du.2", C, hidden, 1, 1)
        shapes |= layer(f"body.{g}.body.{config.blocks}", C, C, 3, 3)
    shapes |= layer(f"body.{config.groups}", C, C, 3, 3)
    shapes |= layer("tail.0.0", (9 if config.scale == 3 else 4) * C, C, 3, 3)
    if config.scale == 4:
        shapes |= layer("tail.0.2", 4 * C, C, 3, 3)
    return shapes | layer("tail.1", 3, C, 3, 3)


def rcan(x: Tensor, t: Tensors, config: RcanConfig) -> Tensor:
    first = f = conv(conv(x * 255, t, "sub_mean"), t, "head.0")
    for g in range(config.groups):
        before = f
        for b in range(config.blocks):
            name = f"body.{g}.body.{b}.body"
            r = conv(F.relu(conv(f, t, f"{name}.0")), t, f"{name}.2")
            gate = F.relu(conv(r.mean((2, 3), keepdim=True), t, f"{name}.3.conv_du.0"))
            f = f + r * torch.sigmoid(conv(gate, t, f"{name}.3.conv_du.2"))
        f = before + conv(f, t, f"body.{g}.body.{config.blocks}")
    f = first + conv(f, t, f"body.{config.groups}")
    names = ("tail.0.0", "tail.0.2") if config.scale == 4 else ("tail.0.0",)
    f = conv(shuffled_chain(f, t, names, 3 if config.scale == 3 else 2), t, "tail.1")
    return conv(f, t, "add_mean") / 255


# SMSR: the inference path, image by image; at an inactive pixel only dense to dense.


def smsr_shapes(config: SmsrConfig) -> Shapes:
    C, L = config.channels, config.layers
    shapes = layer("sub_mean", 3, 3, 1, 1) | layer("add_mean", 3, 3, 1, 1)
    shapes |= layer("head.0", C, 3, 3, 3) | layer("head.2", C, C, 3, 3)
    for k in range(config.modules):
        name = f"body.{k}"
        shapes |= layer(f"{name}.spa_mask.0", C // 4, C, 3, 3)
        shapes |= layer(f"{name}.spa_mask.3", C // 4, C // 4, 3, 3)
        shapes |= {f"{name}.spa_mask.5.weight": (C // 4, 2, 3, 3), f"{name}.spa_mask.5.bias": (2,)}
        shapes |= {f"{name}.body.ch_mask": (1, C, L, 2)}
        for m in range(L):
            shapes |= layer(f"{name}.body.body.{m}", C, C, 3, 3, bias=False)
        shapes |= layer(f"{name}.body.collect", C, L * C, 1, 1)
        shapes |= layer(f"{name}.ca.conv_du.0", C // 16, C, 1, 1)
        shapes |= layer(f"{name}.ca.conv_du.2", C, C // 16, 1, 1)
    shapes |= layer("collect.0", C, config.modules * C, 1, 1) | layer("collect.2", C, C, 3, 3)
    return shapes | layer("tail.0", 3 * config.scale**2, C, 3, 3)


def smsr_shifts() -> Tensors:
    """The only tensors in a file that are no weights: by the mean colour and back."""
    mean, identity = MEAN.flatten() * 255, torch.eye(3).view(3, 3, 1, 1)
    return {
        "sub_mean.weight": identity,
        "sub_mean.bias": -mean,
        "add_mean.weight": identity,
        "add_mean.bias": mean,
    }


def smsr_mask(x: Tensor, t: Tensors, name: str) -> Tensor:
    """Which of the H W pixels of one image are active."""
    f = F.avg_pool2d(F.relu(conv(x, t, f"{name}.0")), 2)
    f = F.relu(conv(f, t, f"{name}.3"))
    weight, bias = t[f"{name}.5.weight"], t[f"{name}.5.bias"]
    logits = F.conv_transpose2d(f, weight, bias, stride=2, padding=1, output_padding=1)
    return (logits[0, 1] > logits[0, 0]).flatten()


def smsr_module(x: Tensor, t: Tensors, name: str, layers: int) -> Tensor:
    active = smsr_mask(x, t, f"{name}.spa_mask")
    assert active.any() and not active.all()
    is_dense = t[f"{name}.body.ch_mask"][0].softmax(2).round()[:, :, 0].bool()
    C, height, width = x.shape[1:]
    seen_everywhere = torch.ones(C, dtype=torch.bool)
    f, outputs = x, []
    for m in range(layers):
        weight = t[f"{name}.body.body.{m}.weight"].reshape(C, C, 9)
        patches = F.unfold(f, 3, padding=1).view(C, 9, -1)
        everywhere = torch.einsum(
            "oct,ctp->op", weight[:, seen_everywhere], patches[seen_everywhere]
        )
        where_active = torch.einsum("oct,ctp->op", weight, patches)
        dense = is_dense[:, m]
        out = torch.zeros_like(everywhere)
        out[dense] = everywhere[dense]
        out[:, active] = where_active[:, active]
        f = F.relu(out).view(1, C, height, width)
        seen_everywhere = dense
        outputs.append(f)
    fused = conv(torch.cat(outputs, dim=1), t, f"{name}.body.collect")
    gate = F.relu(conv(fused.mean((2, 3), keepdim=True), t, f"{name}.ca.conv_du.0"))
    return x + fused * torch.sigmoid(conv(gate, t, f"{name}.ca.conv_du.2"))


def smsr(x: Tensor, t: Tensors, config: SmsrConfig) -> Tensor:
    """Odd images with their last row and column twice, the output without them."""
    rows, columns = (range(size + size % 2) for size in x.shape[2:])
    rows, columns = ([min(k, x.shape[d] - 1) for k in r] for d, r in ((2, rows), (3, columns)))
    images = [smsr_even(image[None][:, :, rows][:, :, :, columns], t, config) for image in x]
    height, width = (config.scale * size for size in x.shape[2:])
    return torch.cat(images)[:, :, :height, :width]


def smsr_even(x: Tensor, t: Tensors, config: SmsrConfig) -> Tensor:
    shifted = conv(x * 255, t, "sub_mean")
    first = f = conv(F.relu(conv(shifted, t, "head.0")), t, "head.2")
    outputs = []
    for k in range(config.modules):
        f = smsr_module(f, t, f"body.{k}", config.layers)
        outputs.append(f)
    f = conv(F.relu(conv(torch.cat(outputs, dim=1), t, "collect.0")), t, "collect.2") + first
    f = F.pixel_shuffle(conv(f, t, "tail.0"), config.scale)
    f = f + F.interpolate(shifted, scale_factor=config.scale, mode="bicubic", align_corners=False)
    return conv(f, t, "add_mean") / 255


@dataclass(frozen=True)
class Case:
    """One layout: its names, the plain computation, and how many tensors the real file has."""

    config: NetworkConfig
    shapes: Callable[..., Shapes]
    transcription: Callable[..., Tensor]
    catalogue: str
    entries: int
    constants: Tensors = field(default_factory=dict)


CASES = {
    "edsr": Case(EdsrConfig(scale=4, channels=8, blocks=3), edsr_shapes, edsr, "edsr-baseline", 74),
    "edsr-x3": Case(
        EdsrConfig(scale=3, channels=4, blocks=1, residual_scale=0.1),
        edsr_shapes,
        edsr,
        "edsr-baseline",
        72,
    ),
    "edsr-original": Case(
        EdsrConfig(scale=4, channels=8, blocks=3),
        original_edsr_shapes,
        original_edsr,
        "edsr-baseline",
        78,
    ),
    "edsr-original-x2": Case(
        EdsrConfig(scale=2, channels=8, blocks=2),
        original_edsr_shapes,
        original_edsr,
        "edsr-baseline",
        76,
    ),
    "imdn": Case(ImdnConfig(scale=3, channels=32, blocks=3), imdn_shapes, imdn, "imdn", 92),
    "rlfn": Case(
        RlfnConfig(scale=2, channels=10, inner_channels=12, blocks=2, attention_channels=5),
        rlfn_shapes,
        rlfn,
        "rlfn",
        114,
    ),
    "rlfn-ntire": Case(
        RlfnConfig(scale=4, channels=6, inner_channels=8, blocks=3, attention_channels=4),
        rlfn_shapes,
        rlfn,
        "rlfn-ntire",
        78,
    ),
    "safmn": Case(SafmnConfig(scale=4, channels=12, blocks=2), safmn_shapes, safmn, "safmn", 148),
    "safmn-ntire": Case(
        SafmnConfig(scale=4, channels=12, blocks=2, design="ntire"),
        safmn_shapes,
        safmn,
        "safmn-ntire",
        62,
    ),
    "span": Case(SpanConfig(scale=4, channels=6, blocks=3), span_shapes, span, "span", 204),
    "span-train": Case(
        SpanConfig(scale=2, channels=6, blocks=3, form="training"),
        span_shapes,
        span,
        "span-train",
        204,
    ),
    "span-slim": Case(
        SpanConfig(scale=4, channels=6, fusion_channels=5, blocks=3),
        slim_span_shapes,
        span,
        "span-ntire-2025",
        44,
    ),
    "fsrcnn-rgb": Case(
        FsrcnnConfig(scale=4, channels=8, mapping_channels=5, mapping_layers=3, design="rgb"),
        fsrcnn_shapes,
        fsrcnn,
        "fsrcnn-rgb",
        20,
    ),
    "carn-m": Case(CarnConfig(scale=4, channels=8), carn_shapes, carn, "carn-m", 102),
    **{
        f"carn-m-original-x{scale}": Case(
            CarnConfig(scale=scale, channels=8, design="original"),
            carn_original_shapes,
            carn_original,
            "carn-m-original",
            58,
            carn_shifts(),
        )
        for scale in SCALES
    },
    **{
        f"fsrcnn-pytorch-x{scale}": Case(
            FsrcnnConfig(
                scale=scale,
                channels=8,
                mapping_channels=5,
                mapping_layers=3,
                design="luma_pytorch",
            ),
            fsrcnn_port_shapes,
            fsrcnn_port,
            "fsrcnn-pytorch",
            23,
        )
        for scale in SCALES
    },
    "msrresnet-x3": Case(
        MsrResNetConfig(scale=3, channels=8, blocks=2),
        msrresnet_shapes,
        msrresnet,
        "msrresnet",
        72,
    ),
    "rcan-x2": Case(
        RcanConfig(scale=2, channels=32, groups=1, blocks=1), rcan_shapes, rcan, "rcan", 1632
    ),
    "rcan-x3": Case(
        RcanConfig(scale=3, channels=32, groups=1, blocks=1), rcan_shapes, rcan, "rcan", 1632
    ),
    "msrresnet": Case(
        MsrResNetConfig(scale=4, channels=8, blocks=2),
        msrresnet_shapes,
        msrresnet,
        "msrresnet",
        74,
    ),
    "rcan": Case(
        RcanConfig(scale=4, channels=32, groups=2, blocks=2), rcan_shapes, rcan, "rcan", 1634
    ),
    "smsr": Case(
        SmsrConfig(scale=2, channels=32, modules=2, layers=3),
        smsr_shapes,
        smsr,
        "smsr",
        99,
        smsr_shifts(),
    ),
    "smsr-x3": Case(
        SmsrConfig(scale=3, channels=16, modules=1, layers=1),
        smsr_shapes,
        smsr,
        "smsr",
        99,
        smsr_shifts(),
    ),
}
every_layout = pytest.mark.parametrize("name", CASES)


@every_layout
def test_a_network_computes_what_its_specification_says(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    tensors = draw(case.shapes(case.config)) | case.constants
    torch.save(tensors, tmp_path / "official.pth")
    network = build_network(case.config).double().eval()
    network.load_state_dict(import_official(tmp_path / "official.pth", case.config).state)
    images = torch.rand(2, 3, 19, 25, dtype=torch.float64)
    with torch.no_grad():
        expected = case.transcription(
            images, {key: tensor.double() for key, tensor in tensors.items()}, case.config
        )
        # Folded weights are rounded to float32, which shows in proportion to the largest values.
        bound = 1e-5 * max(1.0, float(expected.abs().max()))
        for form in variants_of(case.config):
            output = in_variant(network, form)(images)
            torch.testing.assert_close(output, expected, rtol=1e-5, atol=bound)


@every_layout
def test_the_published_networks_take_files_of_the_published_size(name: str) -> None:
    case = CASES[name]
    config = catalogue_config(case.catalogue, case.config.scale)
    shapes = case.shapes(config)
    assert len(shapes) == case.entries
    tensors = {key.removeprefix("module."): torch.zeros(shape) for key, shape in shapes.items()}
    tensors |= case.constants
    network = build_network(config)
    assert from_official(tensors, config).keys() == network.state_dict().keys()


# ClassSR: a classifier and three of a backbone, each under a prefix of its own.


@dataclass(frozen=True)
class Backbone:
    """Three small branches, and how many tensors the real file of ClassSR has."""

    branches: tuple[CarnConfig | FsrcnnConfig | MsrResNetConfig | RcanConfig, ...]
    shapes: Callable[..., Shapes]
    transcription: Callable[..., Tensor]
    entries: int


BACKBONES = {
    "fsrcnn": Backbone(
        tuple(FsrcnnConfig(scale=4, channels=C, design="rgb") for C in (4, 6, 8)),
        fsrcnn_shapes,
        fsrcnn,
        72,
    ),
    "carn-m": Backbone(
        tuple(CarnConfig(scale=4, channels=C) for C in (4, 8, 12)), carn_shapes, carn, 318
    ),
    "msrresnet": Backbone(
        tuple(MsrResNetConfig(scale=4, channels=C, blocks=2) for C in (4, 6, 8)),
        msrresnet_shapes,
        msrresnet,
        234,
    ),
    "rcan": Backbone(
        tuple(RcanConfig(scale=4, channels=C, groups=1, blocks=2) for C in (32, 36, 50)),
        rcan_shapes,
        rcan,
        4914,
    ),
}
every_backbone = pytest.mark.parametrize("name", BACKBONES)


def classsr_shapes(config: ClassSRConfig, branch_shapes: Callable[..., Shapes]) -> Shapes:
    shapes = layer("classifier.CondNet.0", 128, 3, 4, 4)
    for k in (2, 4, 6):
        shapes |= layer(f"classifier.CondNet.{k}", 128, 128, 1, 1)
    shapes |= layer("classifier.CondNet.8", 32, 128, 1, 1)
    shapes |= layer("classifier.lastOut", 3, 32)
    for i, branch in enumerate(config.branches, start=1):
        shapes |= {f"net{i}.{key}": shape for key, shape in branch_shapes(branch).items()}
    return shapes


def classsr_logits(patch: Tensor, t: Tensors) -> Tensor:
    f = conv(patch, t, "classifier.CondNet.0", stride=4, padded=False)
    for k in (2, 4, 6, 8):
        f = conv(F.leaky_relu(f, 0.1), t, f"classifier.CondNet.{k}")
    pooled = F.avg_pool2d(f, f.shape[2]).flatten(1)
    return F.linear(pooled, t["classifier.lastOut.weight"], t["classifier.lastOut.bias"])


def classsr(
    x: Tensor, t: Tensors, config: ClassSRConfig, branch: Callable[..., Tensor]
) -> tuple[Tensor, list[int]]:
    """One image: patch by patch, each rounded to 8 bits, the mean in overlaps; and the routes."""
    tops, lefts = range(0, x.shape[2] - 31, 28), range(0, x.shape[3] - 31, 28)
    total = torch.zeros(1, 3, 4 * (tops[-1] + 32), 4 * (lefts[-1] + 32), dtype=x.dtype)
    count = torch.zeros_like(total)
    routes = []
    for top in tops:
        for left in lefts:
            patch = x[:, :, top : top + 32, left : left + 32]
            routes.append(int(classsr_logits(patch, t).argmax()))
            prefix = f"net{routes[-1] + 1}."
            own = {k.removeprefix(prefix): v for k, v in t.items() if k.startswith(prefix)}
            y = branch(patch, own, config.branches[routes[-1]]).clamp(0, 1) * 255
            area = (..., slice(4 * top, 4 * top + 128), slice(4 * left, 4 * left + 128))
            total[area] += y.round()
            count[area] += 1
    return total / count / 255, routes


@every_backbone
def test_classsr_computes_what_was_published(name: str) -> None:
    backbone = BACKBONES[name]
    config = ClassSRConfig(scale=4, branches=backbone.branches)
    tensors = draw(classsr_shapes(config, backbone.shapes))
    # Darker to the right; the bias puts the two ends on different sides of a decision.
    images = torch.rand(1, 3, 61, 119) * torch.linspace(1, 0, 119)
    ends = (images[..., :32, :32], images[..., -32:, -32:])
    middle = torch.stack([classsr_logits(end, tensors)[0] for end in ends]).mean(dim=0)
    tensors["classifier.lastOut.bias"] -= middle
    plain, images = {key: tensor.double() for key, tensor in tensors.items()}, images.double()
    network = build_network(config).double().eval()
    assert isinstance(network, ClassSR)
    network.load_state_dict(from_official(tensors, config))
    with torch.no_grad():
        expected, routes = classsr(images, plain, config, backbone.transcription)
        output = network.upscale_as_published(images)
    assert len(routes) == 2 * 4 and len(set(routes)) > 1
    assert output.shape == (1, 3, 240, 464)
    torch.testing.assert_close(output, expected)


@every_backbone
def test_classsr_takes_files_of_the_published_size(name: str) -> None:
    config = catalogue_config(f"classsr-{name}", 4)
    assert isinstance(config, ClassSRConfig)
    shapes = classsr_shapes(config, BACKBONES[name].shapes)
    assert len(shapes) == BACKBONES[name].entries
    tensors = {key: torch.zeros(shape) for key, shape in shapes.items()}
    with torch.device("meta"):
        network = build_network(config)
    assert from_official(tensors, config).keys() == network.state_dict().keys()


@every_backbone
@pytest.mark.parametrize("number", [0, 1])
def test_single_branches_of_classsr_are_networks_of_their_own(name: str, number: int) -> None:
    widths = {"fsrcnn": (16, 36), "carn-m": (36, 52), "msrresnet": (36, 52), "rcan": (36, 50)}
    single = "fsrcnn-rgb" if name == "fsrcnn" else name
    config = catalogue_config(f"{single}-{widths[name][number]}", 4)
    whole = catalogue_config(f"classsr-{name}", 4)
    assert isinstance(whole, ClassSRConfig)
    assert whole.branches[number] == config
    assert whole.branches[2] == catalogue_config(single, 4)
    shapes = BACKBONES[name].shapes(config)
    with torch.device("meta"):
        network = build_network(config)
    tensors = {key: torch.zeros(shape) for key, shape in shapes.items()}
    assert from_official(tensors, config).keys() == network.state_dict().keys()


def test_a_branch_of_classsr_that_is_missing_is_listed() -> None:
    config = catalogue_config("classsr-fsrcnn", 4)
    shapes = classsr_shapes(config, fsrcnn_shapes)  # type: ignore[arg-type]
    tensors = {k: torch.zeros(s) for k, s in shapes.items() if not k.startswith("net2.")}
    with pytest.raises(ValueError) as caught:
        from_official(tensors, config)
    message = str(caught.value)
    assert "fsrcnn (channels 16, mapping_channels 12, mapping_layers 4, design rgb), " in message
    assert "unexpected: none; missing, in our names: branches.1.extract.0.weight" in message


def test_classsr_of_other_systems_was_not_published() -> None:
    branches = (RcanConfig(scale=4), SafmnConfig(scale=4))
    with pytest.raises(ValueError, match=r"must be of carn, fsrcnn \(rgb\), .* got safmn"):
        from_official({}, ClassSRConfig(scale=4, branches=branches))


SMALL = SafmnConfig(scale=2, channels=4, blocks=1)


def test_half_precision_becomes_single() -> None:
    tensors = {name: tensor.half() for name, tensor in draw(safmn_shapes(SMALL)).items()}
    assert {t.dtype for t in from_official(tensors, SMALL).values()} == {torch.float32}


def test_missing_and_unexpected_tensors_are_listed() -> None:
    tensors = draw(safmn_shapes(SMALL))
    del tensors["feats.0.ccm.ccm.0.bias"]
    tensors["feats.0.ccm.ccm.4.bias"] = torch.zeros(8)
    tensors["x.to_feat.weight"] = torch.zeros(4, 3, 3, 3)
    with pytest.raises(ValueError) as caught:
        from_official(tensors, SMALL)
    assert str(caught.value) == (
        "the tensors must be those of safmn x2 with channels 4, blocks 1, mixer_ratio 2, design"
        " paper; unexpected: feats.0.ccm.ccm.4.bias (8,), x.to_feat.weight (4, 3, 3, 3);"
        " missing, in our names: blocks.0.mixer.0.bias (8,)"
    )


def test_another_scale_is_told_by_the_shapes() -> None:
    with pytest.raises(ValueError, match=r"to_img.0.weight \(12, 4, 3, 3\), which should be \(27"):
        from_official(draw(safmn_shapes(SMALL)), SMALL.replace(scale=3))


def test_two_layouts_in_one_file_are_refused() -> None:
    config = EdsrConfig(scale=2, channels=4, blocks=1)
    tensors = draw(edsr_shapes(config) | original_edsr_shapes(config))
    with pytest.raises(ValueError, match=r"unexpected: head\.0\.weight"):
        from_official(tensors, config)


@pytest.mark.parametrize("name", ["sub_mean.bias", "add_mean.weight"])
def test_smsr_shifts_the_colours_as_published(name: str) -> None:
    case = CASES["smsr"]
    tensors = draw(case.shapes(case.config)) | case.constants
    with pytest.raises(ValueError, match=f"{name} must be .*; a network of another shift"):
        from_official(tensors | {name: 1.01 * tensors[name]}, case.config)
    without = {key: tensor for key, tensor in tensors.items() if "_mean" not in key}
    assert from_official(without, case.config).keys() == from_official(tensors, case.config).keys()


def test_a_tensor_of_smsr_that_no_layer_has_is_refused() -> None:
    case = CASES["smsr"]
    tensors = draw(case.shapes(case.config)) | case.constants
    tensors["body.0.body.collect.ch_mask"] = tensors.pop("body.0.body.ch_mask")
    with pytest.raises(ValueError, match=r"unexpected: .*ch_mask .*; missing.*channel_logits"):
        from_official(tensors, case.config)


def test_the_branches_of_span_cannot_be_made_from_folded_convolutions() -> None:
    config = SpanConfig(scale=2, channels=4, blocks=1, form="training")
    with pytest.raises(ValueError, match="the file has only folded ones"):
        from_official(draw(slim_span_shapes(config)), config)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (FsrcnnConfig(scale=2), "published for Caffe only; .* last_part\\) as fsrcnn-pytorch"),
        (SplitSRConfig(scale=2), "must be one of carn, .* got splitsr"),
    ],
)
def test_networks_without_known_names(config: NetworkConfig, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_official({}, config)


def carn_original_file(scale: Scale) -> tuple[Tensors, CarnConfig]:
    config = CarnConfig(scale=scale, channels=8, design="original")
    return draw(carn_original_shapes(config)) | carn_shifts(), config


def test_carn_trained_for_one_scale_names_its_upsampler_otherwise() -> None:
    tensors, config = carn_original_file(4)
    single = {
        name.replace(".up4.", ".up."): tensor
        for name, tensor in tensors.items()
        if ".up2." not in name and ".up3." not in name
    }
    expected, state = from_official(tensors, config), from_official(single, config)
    assert state.keys() == expected.keys()
    assert all(torch.equal(state[name], expected[name]) for name in state)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("b2.c3.body.0.bias", r"missing, in our names: cascade.units.1.fusions.2.0.bias \(8,\)"),
        ("upsample.up2.body.0.weight", r"missing, in our names: upsampler.0.0.weight"),
    ],
)
def test_a_tensor_that_carns_file_lacks_is_listed(name: str, message: str) -> None:
    tensors, config = carn_original_file(2)
    del tensors[name]
    with pytest.raises(ValueError, match=message):
        from_official(tensors, config)


def test_foreign_tensors_and_shifts_of_carn_are_refused() -> None:
    tensors, config = carn_original_file(3)
    with pytest.raises(ValueError, match=r"unexpected: b1\.b2.body.0.weight"):
        from_official(tensors | {"b1.b2.body.0.weight": torch.zeros(8, 2, 3, 3)}, config)
    shifted = {"sub_mean.shifter.bias": torch.tensor([-0.4, -0.4, -0.4])}
    with pytest.raises(
        ValueError, match=r"sub_mean\.shifter\.bias must be .*; a network of another"
    ):
        from_official(tensors | shifted, config)
    with pytest.raises(ValueError, match="unexpected"):  # of ClassSR's variant
        from_official(tensors, CarnConfig(scale=3, channels=8))
