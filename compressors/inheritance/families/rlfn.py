"""How RLFN is laid out."""

from collections.abc import Iterator
from functools import partial

from blocks.networks.rlfn import RlfnConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    channels,
    joined,
    layer,
    subpixels,
    units,
)


def _layout(config: RlfnConfig) -> Layout:
    """A block gates what it puts out: only its sum with the residual has the stream's channels."""
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    blocks = units("blocks", config.blocks)
    layouts = [layer("input_convolution", image, stream)]
    for block in blocks:
        layouts.append(_block(config, block.prefix))
    return joined(
        (
            *layouts,
            layer("trunk_convolution", stream, stream),
            layer("output_convolution", stream, subpixels(image, config.scale)),
        )
    ).with_stacks(blocks)


def _block(config: RlfnConfig, name: str) -> Layout:
    stream = channels("stream", config.channels)
    first, second = (
        channels(f"{name}.hidden {number}", config.inner_channels) for number in (1, 2)
    )
    return joined(
        (
            layer(f"{name}.convolution_1", stream, first),
            layer(f"{name}.convolution_2", first, second),
            layer(f"{name}.convolution_3", second, stream),
            layer(f"{name}.fuse", stream, stream, fill="double"),
            _attention(config, f"{name}.attention"),
        )
    )


def _attention(config: RlfnConfig, name: str) -> Layout:
    stream = channels("stream", config.channels)
    reduced, shrunk = (
        channels(f"{name}.{part}", config.attention_channels) for part in ("reduced", "shrunk")
    )
    return joined(
        (
            layer(f"{name}.reduce", stream, reduced),
            layer(f"{name}.shrink", reduced, shrunk),
            layer(f"{name}.context", shrunk, reduced),
            layer(f"{name}.skip", reduced, reduced),
            layer(f"{name}.restore", reduced, stream),
        )
    )


def _designs(config: RlfnConfig) -> Iterator[Series]:
    narrower = partial(widths, together=("inner_channels", "attention_channels"))
    return designs(config, narrower, "blocks")


RLFN = InheritedFamily(
    "rlfn", _layout, _designs, ("channels", "inner_channels", "attention_channels", "blocks")
)
