"""How RCAN is laid out."""

from collections.abc import Iterator

from blocks.networks.rcan import RcanConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    Unit,
    attention,
    channels,
    joined,
    layer,
    residual_block,
    units,
    upsampling_chain,
)


def _layout(config: RcanConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    chain, enlarged = upsampling_chain(stream, config.scale)
    groups = tuple(
        Unit(group.prefix, stacks=(units(f"{group.prefix}.blocks", config.blocks),))
        for group in units("trunk.blocks", config.groups)
    )
    return joined(
        (
            layer("subtract_mean", image, image),
            layer("input_convolution", image, stream),
            *(_group(group, stream) for group in groups),
            layer("trunk.convolution", stream, stream),
            chain,
            layer("output_convolution", enlarged, image),
            layer("add_mean", image, image),
        )
    ).with_stacks(groups)


def _group(group: Unit, stream: Slots) -> Layout:
    (blocks,) = group.stacks
    layouts = [layer(f"{group.prefix}.convolution", stream, stream)]
    for block in blocks:
        layouts.append(residual_block(block.prefix, stream))
        layouts.append(attention(f"{block.prefix}.attention", stream))
    return joined(layouts)


def _designs(config: RcanConfig) -> Iterator[Series]:
    return designs(config, widths, "blocks", "groups")


RCAN = InheritedFamily("rcan", _layout, _designs, ("channels", "groups", "blocks"))
