"""How SAFMN is laid out."""

from collections.abc import Iterator
from functools import partial

from blocks.networks.safmn import POOLING_FACTORS, SafmnConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    TensorLayout,
    channels,
    depthwise,
    in_groups,
    joined,
    layer,
    per_channel,
    subpixels,
    units,
)


def _layout(config: SafmnConfig) -> Layout:
    """Channels stay with the pooling factor that they belong to."""
    factors = len(POOLING_FACTORS[config.design])
    stream = in_groups(channels("stream", config.channels), factors)
    image = channels(IMAGE, 3)
    blocks = units("blocks", config.blocks)
    layouts = [layer("input_convolution", image, stream)]
    if config.design == "ntire":
        of_channel = TensorLayout((None, stream, None, None))
        layouts.append(Layout({"norm.gamma": of_channel, "norm.beta": of_channel}))
    return joined(
        (
            *layouts,
            *(_block(config, block.prefix, stream, factors) for block in blocks),
            layer("output_convolution", stream, subpixels(image, config.scale)),
        )
    ).with_stacks(blocks)


def _block(config: SafmnConfig, name: str, stream: Slots, factors: int) -> Layout:
    is_paper, part = config.design == "paper", len(stream) // factors
    hidden = channels(f"{name}.hidden", config.mixer_ratio * config.channels)
    layouts = [
        depthwise(
            f"{name}.modulation.scales.{number}",
            stream[number * part : (number + 1) * part],
            bias=is_paper,
        )
        for number in range(factors)
    ]
    if is_paper:
        layouts += [
            per_channel(f"{name}.{norm}", stream, "weight", "bias")
            for norm in ("modulation_norm", "mixer_norm")
        ]
    return joined(
        (
            *layouts,
            layer(f"{name}.modulation.fuse", stream, stream, bias=is_paper),
            layer(f"{name}.mixer.0", stream, hidden, bias=is_paper),
            layer(f"{name}.mixer.2", hidden, stream, bias=is_paper),
        )
    )


def _designs(config: SafmnConfig) -> Iterator[Series]:
    return designs(config, partial(widths, multiple=4), "mixer_ratio", "blocks")


SAFMN = InheritedFamily(
    "safmn", _layout, _designs, ("channels", "blocks", "mixer_ratio"), fixed=("design",)
)
