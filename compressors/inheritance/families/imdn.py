"""How IMDN is laid out."""

from collections.abc import Iterator
from functools import partial

from blocks.networks.imdn import ImdnConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    attention,
    channels,
    joined,
    layer,
    placed,
    subpixels,
    units,
)


def _layout(config: ImdnConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    fused = channels("fused", config.channels)
    blocks = units("blocks", config.blocks)
    outputs = [slot for block in blocks for slot in placed(stream, block.prefix)]
    return joined(
        (
            layer("input_convolution", image, stream),
            *(_block(block.prefix, stream) for block in blocks),
            layer("fuse", tuple(outputs), fused),
            layer("trunk_convolution", fused, stream),
            layer("output_convolution", stream, subpixels(image, config.scale)),
        )
    ).with_stacks(blocks)


def _block(name: str, stream: Slots) -> Layout:
    """Each convolution keeps its first quarter, which has a space of its own beside the rest."""
    kept = len(stream) // 4
    layouts, passed = [], stream
    quarters: Slots = ()
    for number in range(1, 5):
        quarter = channels(f"{name}.kept {number}", kept)
        rest = channels(f"{name}.passed {number}", len(stream) - kept) if number < 4 else ()
        layouts.append(layer(f"{name}.convolution_{number}", passed, quarter + rest))
        passed = rest
        quarters += quarter
    return joined(
        (
            *layouts,
            attention(f"{name}.attention", quarters),
            layer(f"{name}.fuse", quarters, stream),
        )
    )


def _designs(config: ImdnConfig) -> Iterator[Series]:
    return designs(config, partial(widths, multiple=4), "blocks")


IMDN = InheritedFamily("imdn", _layout, _designs, ("channels", "blocks"))
