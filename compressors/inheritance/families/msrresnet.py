"""How MSRResNet is laid out."""

from collections.abc import Iterator

from blocks.networks.msrresnet import MsrResNetConfig
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


def _layout(config: MsrResNetConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    detail = channels("detail", config.channels)
    chain, enlarged = upsampling_chain(stream, config.scale, layers_per_step=3)
    blocks = units("blocks", config.blocks)
    return joined(
        (
            layer("input_convolution", image, stream),
            *(residual_block(block.prefix, stream) for block in blocks),
            chain,
            layer("detail_convolution", enlarged, detail),
            layer("output_convolution", detail, image),
        )
    ).with_stacks(blocks)


def _designs(config: MsrResNetConfig) -> Iterator[Series]:
    return designs(config, widths, "blocks")


MSRRESNET = InheritedFamily("msrresnet", _layout, _designs, ("channels", "blocks"))
