"""How hybrid networks are laid out: of the groups of SplitSR, SeemoRe and SMSR."""

from collections.abc import Iterator
from math import lcm

from blocks.features import upsampling_factors
from blocks.layers import SQUEEZE_REDUCTION
from blocks.networks.hybrid import GroupKind, HybridConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.families.seemore import dense_width, mixer_layers, mixer_unit
from compressors.inheritance.families.smsr import mask_layers, mask_unit
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    Unit,
    channels,
    joined,
    layer,
    residual_block,
    subpixels,
    units,
)


def _layout(config: HybridConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    groups = [
        _group(kind, config, f"groups.{number}", stream)
        for number, kind in enumerate(config.groups)
    ]
    upsampler, enlarged = _upsampler(config, stream)
    output = subpixels(image, config.scale) if config.upsampler == "one_step" else image
    return joined(
        (
            layer("input_convolution", image, stream),
            *(layout for layout, _ in groups),
            layer("trunk_convolution", stream, stream),
            upsampler,
            layer("output_convolution", enlarged, output),
        )
    ).with_stacks(tuple(unit for _, unit in groups))


def _group(
    kind: GroupKind, config: HybridConfig, prefix: str, stream: Slots
) -> tuple[Layout, Unit]:
    match kind:
        case "experts":
            unit = mixer_unit(config, prefix, kind)
            return mixer_layers(config, unit, stream), unit
        case "masked":
            unit = mask_unit(prefix, config.mask_layers, kind)
            return mask_layers(unit, stream), unit
        case "plain" | "split":
            unit = Unit(prefix, kind, (units(f"{prefix}.blocks", config.blocks),))
            return _residual_group(unit, config, stream), unit


def _residual_group(group: Unit, config: HybridConfig, stream: Slots) -> Layout:
    """Split blocks put the channels that they convolve behind the others."""
    (blocks,), order = group.stacks, stream
    layouts = []
    for block in blocks:
        if group.kind == "plain":
            layouts.append(residual_block(block.prefix, order))
            continue
        moving, passive = order[: config.active_channels], order[config.active_channels :]
        layouts.append(layer(f"{block.prefix}.convolution", moving, moving, fill="identity"))
        order = passive + moving
    return joined((*layouts, layer(f"{group.prefix}.convolution", order, stream)))


def _upsampler(config: HybridConfig, stream: Slots) -> tuple[Layout, Slots]:
    layout, order = Layout(), stream
    if config.upsampler == "chain":
        for step, factor in enumerate(upsampling_factors(config.scale)):
            enlarged = channels(f"enlarged {step}", config.channels)
            layout |= layer(f"upsampler.{step}.convolution", order, subpixels(enlarged, factor))
            order = enlarged
    return layout, order


def _narrower(config: HybridConfig) -> list[HybridConfig]:
    """Fewer channels and active channels, in one ratio; widths that all groups can have."""
    multiple = 1
    if "masked" in config.groups:
        multiple = lcm(multiple, SQUEEZE_REDUCTION)
    if "experts" in config.groups:
        multiple = lcm(multiple, dense_width(config))
    return widths(config, together=("active_channels",), multiple=multiple)


def _designs(config: HybridConfig) -> Iterator[Series]:
    return designs(config, _narrower, "blocks", "mask_layers")


HYBRID = InheritedFamily(
    "hybrid",
    _layout,
    _designs,
    sizes=("channels", "active_channels", "blocks", "mask_layers", "ffn_channels", "kernel"),
    fixed=("upsampler", "image_skip", "recursion", "shuffle", "dense_kind", "dense_parts"),
)
