"""How SeemoRe is laid out."""

from collections.abc import Iterator

from blocks.networks.seemore import SeemoReConfig
from blocks.networks.seemore_config import DIVIDING_KINDS, ExpertsConfig
from compressors.inheritance.designs import Series, designs
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slot,
    Slots,
    TensorLayout,
    Unit,
    channels,
    depthwise,
    joined,
    layer,
    per_channel,
    placed,
    subpixels,
    units,
)


def _layout(config: SeemoReConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    groups = tuple(mixer_unit(config, f"groups.{number}") for number in range(config.groups))
    return joined(
        (
            layer("input_convolution", image, stream),
            *(mixer_layers(config, group, stream) for group in groups),
            per_channel("norm", stream, "weight", "bias"),
            layer("trunk_convolution", stream, stream),
            layer("output_convolution", stream, subpixels(image, config.scale)),
        )
    ).with_stacks(groups)


def mixer_unit(config: ExpertsConfig, prefix: str, kind: str = "") -> Unit:
    """A group of mixers with its experts."""
    return Unit(prefix, kind, (units(f"{prefix}.0.mixer.experts", len(config.ranks)),))


def mixer_layers(config: ExpertsConfig, group: Unit, stream: Slots) -> Layout:
    """The tensors of a group of mixers."""
    (experts,) = group.stacks
    return joined(
        (
            _mixer_layer(config, f"{group.prefix}.0", stream),
            _rank_mixer(config, f"{group.prefix}.0.mixer", experts, stream),
            _mixer_layer(config, f"{group.prefix}.1", stream),
            _spatial_mixer(f"{group.prefix}.1.mixer", stream),
        )
    )


def _mixer_layer(config: ExpertsConfig, name: str, stream: Slots) -> Layout:
    """What surrounds a mixer: both halves of the feed-forward part have the same channels."""
    hidden = channels(f"{name}.hidden", config.ffn_channels // 2)
    halves = placed(hidden, ".values") + placed(hidden, ".gates")
    return joined(
        (
            per_channel(f"{name}.mixer_norm", stream, "weight", "bias"),
            per_channel(f"{name}.feed_forward_norm", stream, "weight", "bias"),
            layer(f"{name}.feed_forward.expand", stream, halves),
            depthwise(f"{name}.feed_forward.gate", hidden),
            layer(f"{name}.feed_forward.project", hidden, stream),
        )
    )


def _rank_mixer(
    config: ExpertsConfig, name: str, experts: tuple[Unit, ...], stream: Slots
) -> Layout:
    first, dense = _dense(config, f"{name}.dense", stream)
    local, context = (channels(f"{name}.{part}", config.channels) for part in ("local", "context"))
    halves = local + context
    if config.shuffle:  # output j of the convolution comes to stand at 2 (j mod C) + j div C
        width = config.channels
        halves = tuple(halves[2 * (place % width) + place // width] for place in range(2 * width))
    layouts = [
        first,
        layer(f"{name}.expand", dense, halves),
        depthwise(f"{name}.stripes.0", local),
        depthwise(f"{name}.stripes.1", local),
        depthwise(f"{name}.calibrate.0", context),
        layer(f"{name}.calibrate.1", context, context),
        _experts(config, f"{name}.experts", experts, local, context),
        layer(f"{name}.project", local, stream),
    ]
    if config.recursion:
        layouts.append(depthwise(f"{name}.aggregate", context))
    return joined(layouts)


def _dense(config: ExpertsConfig, name: str, stream: Slots) -> tuple[Layout, Slots]:
    """The tensors in the place of the dense convolution, and the channels that it puts out."""
    written = channels(name, config.channels)
    match config.built_dense_kind:
        case "dense":
            return layer(name, stream, written), written
        case "grouped":
            return layer(name, stream, written, groups=config.dense_parts), written
        case "separable":
            first = depthwise(f"{name}.0", stream, bias=False)
            return first | layer(f"{name}.1", stream, written), written
        case "partial":
            active = config.channels // config.dense_parts
            first = layer(f"{name}.convolution", stream[:active], written[:active])
            return first, stream[active:] + written[:active]


def dense_width(config: ExpertsConfig) -> int:
    """Of what the channels must be a multiple, so that the dense convolution can be divided."""
    return config.dense_parts if config.built_dense_kind in DIVIDING_KINDS else 1


def _experts(
    config: ExpertsConfig, name: str, experts: tuple[Unit, ...], local: Slots, context: Slots
) -> Layout:
    """The experts' ranks stand side by side on one axis; each expert is also a channel itself."""
    ranks = tuple(
        slot
        for expert, rank in zip(experts, config.ranks, strict=True)
        for slot in channels(f"{expert.prefix}.ranks", rank)
    )
    themselves = tuple(Slot(f"{expert.prefix}.itself", 0) for expert in experts)
    layouts = [
        layer(f"{name}.local", local, ranks),
        layer(f"{name}.context", context, ranks),
        layer(f"{name}.restore", ranks, local, bias=False),
        Layout({f"{name}.restore_bias": TensorLayout((themselves, local))}),
    ]
    if len(experts) > 1:
        layouts.append(layer(f"{name}.router", local, themselves, bias=False, kernel_axes=0))
    return joined(layouts)


def _spatial_mixer(name: str, stream: Slots) -> Layout:
    hidden = channels(f"{name}.hidden", len(stream))
    halves = placed(hidden, ".queries") + placed(hidden, ".values")
    return joined(
        (
            layer(f"{name}.expand", stream, halves),
            depthwise(f"{name}.stripes.0", hidden),
            depthwise(f"{name}.stripes.1", hidden),
            layer(f"{name}.project", hidden, stream),
        )
    )


def _narrower(config: SeemoReConfig) -> list[SeemoReConfig]:
    """Fewer channels, with about the same share of them inside the feed-forward part."""
    inner = {
        width: max(1, round(config.ffn_ratio * width / 2))
        for width in range(config.channels - 1, 0, -1)
        if width % dense_width(config) == 0
    }
    return [
        config.replace(channels=width, ffn_ratio=2 * half / width) for width, half in inner.items()
    ]


def _designs(config: SeemoReConfig) -> Iterator[Series]:
    return designs(config, _narrower, "groups")


SEEMORE = InheritedFamily(
    "seemore",
    _layout,
    _designs,
    ("channels", "groups", "ffn_channels", "kernel"),
    fixed=("image_skip", "recursion", "shuffle", "dense_kind", "dense_parts"),
)
