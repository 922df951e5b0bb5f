"""How CARN-M is laid out."""

from collections.abc import Iterator
from functools import partial

from blocks.features import upsampling_factors
from blocks.networks.carn import CASCADE_LENGTH, CarnConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    channels,
    in_groups,
    joined,
    layer,
    per_channel,
    placed,
    subpixels,
)


def _layout(config: CarnConfig) -> Layout:
    """Channels stay in the group that convolves them."""
    image, width = channels(IMAGE, 3), config.channels
    inside = [_grouped(config, f"block {number}") for number in range(CASCADE_LENGTH)]
    outputs = [channels(f"output {number}", width) for number in range(CASCADE_LENGTH)]
    features = _grouped(config, "features")
    blocks = [
        _block(config, f"cascade.units.{number}", inside[number], outputs[number])
        for number in range(CASCADE_LENGTH)
    ]
    # The fusion in front of each block makes what is inside of it; the last makes the features.
    fusions = _fusions(config, "cascade.fusions", inside[0], outputs, [*inside[1:], features])
    chain, enlarged = _upsampler(config, features)
    shifts = ("subtract_mean", "add_mean") if config.design == "classsr" else ()
    return joined(
        (
            *(layer(name, image, image) for name in shifts),
            layer("input_convolution", image, inside[0]),
            *blocks,
            fusions,
            chain,
            layer("output_convolution", enlarged, image),
        )
    )


def _block(config: CarnConfig, name: str, stream: Slots, output: Slots) -> Layout:
    """Its one unit takes all three places, so that all but the last fusion make its channels."""
    unit, groups = f"{name}.units.0", config.convolution_groups
    first, second = (_grouped(config, f"{name}.hidden {number}") for number in (1, 2))
    collected = [placed(stream, f".unit {place}") for place in range(CASCADE_LENGTH)]
    return joined(
        (
            layer(f"{unit}.convolution_1", stream, first, groups=groups),
            layer(f"{unit}.convolution_2", first, second, groups=groups),
            layer(f"{unit}.project", second, stream),
            _fusions(config, f"{name}.fusions", stream, collected, [stream, stream, output]),
        )
    )


def _grouped(config: CarnConfig, space: str) -> Slots:
    return in_groups(channels(space, config.channels), config.convolution_groups)


def _fusions(
    config: CarnConfig, name: str, source: Slots, collected: list[Slots], fused: list[Slots]
) -> Layout:
    """Each fuses the source and all that was collected before it."""
    layouts, reads = [], source
    for place, writes in enumerate(fused):
        reads += collected[place]
        is_plain = config.design == "original"
        layouts.append(layer(f"{name}.{place}.0", reads, writes, bias=is_plain))
        if not is_plain:
            statistics = ("weight", "bias", "running_mean", "running_var")
            layouts.append(per_channel(f"{name}.{place}.1", writes, *statistics))
    return joined(layouts)


def _upsampler(config: CarnConfig, features: Slots) -> tuple[Layout, Slots]:
    chain = Layout()
    for step, factor in enumerate(upsampling_factors(config.scale)):
        enlarged = _grouped(config, f"enlarged {step}")
        chain |= layer(
            f"upsampler.{step}.0",
            features,
            subpixels(enlarged, factor),
            groups=config.convolution_groups,
        )
        features = enlarged
    return chain, features


def _designs(config: CarnConfig) -> Iterator[Series]:
    return designs(config, partial(widths, multiple=config.convolution_groups))


CARN = InheritedFamily(
    "carn", _layout, _designs, ("channels",), fixed=("design", "convolution_groups")
)
