"""How EDSR is laid out."""

from collections.abc import Iterator

from blocks.networks.edsr import EdsrConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    channels,
    joined,
    layer,
    residual_block,
    units,
    upsampling_chain,
)


def _layout(config: EdsrConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    chain, enlarged = upsampling_chain(stream, config.scale)
    blocks = units("trunk.blocks", config.blocks)
    return joined(
        (
            layer("input_convolution", image, stream),
            *(residual_block(block.prefix, stream) for block in blocks),
            layer("trunk.convolution", stream, stream),
            chain,
            layer("output_convolution", enlarged, image),
        )
    ).with_stacks(blocks)


def _designs(config: EdsrConfig) -> Iterator[Series]:
    return designs(config, widths, "blocks")


EDSR = InheritedFamily("edsr", _layout, _designs, ("channels", "blocks"), fixed=("residual_scale",))
