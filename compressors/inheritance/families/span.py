"""How SPAN is laid out."""

from collections.abc import Iterator
from functools import partial

from blocks.networks.span import GAIN, Form, SpanConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    channels,
    joined,
    layer,
    placed,
    subpixels,
    units,
)


def _layout(config: SpanConfig) -> Layout:
    """A block gates its input channel by channel, so that all have the stream's channels."""
    width, form = config.channels, config.form
    stream, image = channels("stream", width), channels(IMAGE, 3)
    trunk, fused = channels("trunk", width), channels("fused", config.fusion_channels or width)
    blocks = units("blocks", config.blocks)
    layouts = [_convolution("input_convolution", image, stream, form)]
    for block in blocks:
        first, second = (channels(f"{block.prefix}.hidden {n}", width) for n in (1, 2))
        steps = (stream, first, second, stream)
        layouts += [
            _convolution(f"{block.prefix}.convolution_{n + 1}", steps[n], steps[n + 1], form)
            for n in range(3)
        ]
    last_first = channels(f"{blocks[-1].prefix}.hidden 1", width)
    stages = placed(stream, ".input") + trunk + placed(stream, ".first block") + last_first
    return joined(
        (
            *layouts,
            _convolution("trunk_convolution", stream, trunk, form),
            layer("fuse", stages, fused),
            layer("output_convolution", fused, subpixels(image, config.scale)),
        )
    ).with_stacks(blocks)


def _convolution(name: str, reads: Slots, writes: Slots, form: Form) -> Layout:
    if form == "folded":
        return layer(name, reads, writes)
    expanded = channels(f"{name}.expanded", GAIN * len(reads))
    middle = channels(f"{name}.between", GAIN * len(writes))
    return joined(
        (
            layer(f"{name}.skip", reads, writes),
            layer(f"{name}.expand", reads, expanded),
            layer(f"{name}.middle", expanded, middle),
            layer(f"{name}.project", middle, writes),
        )
    )


def _designs(config: SpanConfig) -> Iterator[Series]:
    return designs(config, partial(widths, together=("fusion_channels",)), "blocks")


SPAN = InheritedFamily("span", _layout, _designs, ("channels", "blocks"), fixed=("form",))
