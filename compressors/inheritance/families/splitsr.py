"""How SplitSR is laid out: channels keep their identity while split blocks rotate them."""

from collections.abc import Iterator
from math import gcd

from blocks.features import upsampling_factors
from blocks.networks.splitsr import SplitSRConfig
from compressors.inheritance.designs import Series, designs
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    Unit,
    attention,
    channels,
    depthwise,
    in_groups,
    joined,
    layer,
    residual_block,
    subpixels,
)

_Part = tuple[Layout, Slots]
"""The tensors of a part, and the channels in the order in which it puts them out."""


def _layout(config: SplitSRConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    groups = [_group(config, number, stream) for number in range(config.groups)]
    upsampler, enlarged = _upsampler(config, stream)
    one_step = config.upsampler == "one_step"
    output = subpixels(image, config.scale) if one_step else image
    return joined(
        (
            layer("input_convolution", image, stream),
            *(layout for layout, _ in groups),
            layer("trunk_convolution", stream, stream),
            upsampler,
            layer("output_convolution", enlarged, output),
        )
    ).with_stacks(tuple(unit for _, unit in groups))


def _group(config: SplitSRConfig, number: int, stream: Slots) -> tuple[Layout, Unit]:
    prefix, order = f"groups.{number}", stream
    layouts: list[Layout] = []
    blocks: list[Unit] = []
    for place, is_split in enumerate(config.split_pattern[number]):
        name = f"{prefix}.blocks.{place}"
        layout, order = (
            _light_block(config, name, order) if is_split else _block(config, name, order)
        )
        layouts.append(layout)
        blocks.append(Unit(name, config.block_kind if is_split else "standard"))
    layouts.append(layer(f"{prefix}.convolution", order, stream))
    return joined(layouts), Unit(prefix, stacks=(tuple(blocks),))


def _block(config: SplitSRConfig, name: str, order: Slots) -> _Part:
    layout = residual_block(name, order)
    if config.attention == "squeeze_excitation":
        layout |= attention(f"{name}.attention", order)
    return layout, order


def _light_block(config: SplitSRConfig, name: str, order: Slots) -> _Part:
    active = config.active_channels
    moving, rotated = order[:active], order[active:] + order[:active]
    match config.block_kind:
        case "split" | "split_pointwise":
            return layer(f"{name}.convolution", moving, moving, fill="identity"), rotated
        case "split_separable":
            layout = depthwise(f"{name}.convolution.0", moving, bias=False)
            return layout | layer(f"{name}.convolution.1", moving, moving), rotated
        case "shuffle":
            return _shuffle_block(config, name, order), order
        case "inverted_residual":
            return _inverted_residual(config, name, order), order
        case "ghost":
            return _ghost_block(config, name, order), order


def _shuffle_block(config: SplitSRConfig, name: str, order: Slots) -> Layout:
    groups = config.convolution_groups
    hidden = in_groups(channels(f"{name}.hidden", config.active_channels), groups)
    size = len(hidden) // groups
    shuffled = tuple(
        hidden[group * size + place] for place in range(size) for group in range(groups)
    )
    return joined(
        (
            layer(f"{name}.compress", order, hidden, groups=groups),
            depthwise(f"{name}.depthwise", shuffled, bias=False),
            layer(f"{name}.expand", shuffled, order, groups=groups),
        )
    )


def _inverted_residual(config: SplitSRConfig, name: str, order: Slots) -> Layout:
    if config.expansion == 1:
        hidden, expand = order, Layout()
    else:
        hidden = channels(f"{name}.hidden", config.channels * config.expansion)
        expand = layer(f"{name}.expand.0", order, hidden)
    inside = depthwise(f"{name}.depthwise", hidden)
    return expand | inside | layer(f"{name}.project", hidden, order)


def _ghost_block(config: SplitSRConfig, name: str, order: Slots) -> Layout:
    intrinsic = config.active_channels * config.expansion
    hidden = channels(f"{name}.hidden", intrinsic)
    copies = config.channels // config.active_channels - 1
    cheap = tuple(slot._replace(place=f".cheap {n}") for slot in hidden for n in range(copies))
    first, second = order[: config.active_channels], order[config.active_channels :]
    layout = layer(f"{name}.widen.primary", order, hidden)
    layout |= layer(f"{name}.narrow.primary", hidden + cheap, first)
    if copies:
        layout |= depthwise(f"{name}.widen.cheap", cheap)
        layout |= depthwise(f"{name}.narrow.cheap", second)
    return layout


def _upsampler(config: SplitSRConfig, stream: Slots) -> _Part:
    """The steps of the chain; where they are split the passive channels stay who they are."""
    if config.upsampler == "one_step":
        return Layout(), stream
    active, order, layout = config.upsampler_active_channels, stream, Layout()
    for step, factor in enumerate(upsampling_factors(config.scale)):
        name = f"upsampler.{step}.convolution"
        if not config.splits_upsampler:
            enlarged = channels(f"enlarged {step}", config.channels)
            layout |= layer(name, order, subpixels(enlarged, factor))
            order = enlarged
        else:
            moving = order[:active]
            layout |= layer(name, moving, subpixels(moving, factor), fill="identity")
            order = order[active:] + moving
    return layout, order


def _narrower(config: SplitSRConfig) -> list[SplitSRConfig]:
    """Fewer channels and active channels, in one ratio where there are such."""
    whole, active = config.channels, config.active_channels
    step = whole // gcd(whole, active)
    if config.block_kind == "shuffle":
        step *= config.convolution_groups
    if step >= whole:
        step = 1
    return [
        config.replace(channels=width, active_channels=max(1, round(active * width / whole)))
        for width in range(whole - 1, 0, -1)
        if width % step == 0
    ]


def _designs(config: SplitSRConfig) -> Iterator[Series]:
    return designs(config, _narrower)


SPLITSR = InheritedFamily(
    "splitsr",
    _layout,
    _designs,
    sizes=("channels", "active_channels", "groups", "blocks", "expansion"),
    fixed=(
        "upsampler",
        "splits_upsampler",
        "image_skip",
        "attention",
        "block_kind",
        "convolution_groups",
    ),
)
