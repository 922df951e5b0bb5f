"""How SMSR is laid out."""

from collections.abc import Iterator
from functools import partial

from blocks.layers import SQUEEZE_REDUCTION
from blocks.networks.smsr import PREDICTOR_REDUCTION, SmsrConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Layout,
    Slots,
    TensorLayout,
    Unit,
    attention,
    channels,
    joined,
    layer,
    placed,
    subpixels,
    units,
)


def _layout(config: SmsrConfig) -> Layout:
    stream, image = channels("stream", config.channels), channels(IMAGE, 3)
    shallow, fused = (channels(name, config.channels) for name in ("shallow", "fused"))
    modules = tuple(
        mask_unit(f"blocks.{number}", config.layers) for number in range(config.modules)
    )
    outputs = [slot for unit in modules for slot in placed(stream, unit.prefix)]
    return joined(
        (
            layer("input_convolution", image, shallow),
            layer("shallow_convolution", shallow, stream),
            *(mask_layers(unit, stream) for unit in modules),
            layer("fuse", tuple(outputs), fused),
            layer("trunk_convolution", fused, stream),
            layer("output_convolution", stream, subpixels(image, config.scale)),
        )
    ).with_stacks(modules)


def mask_unit(prefix: str, layers: int, kind: str = "") -> Unit:
    """A mask module with its masked convolutions."""
    return Unit(prefix, kind, (units(f"{prefix}.convolutions", layers),))


def mask_layers(module: Unit, stream: Slots) -> Layout:
    """The tensors of a mask module."""
    name = module.prefix
    (layers,) = module.stacks
    layouts = [_predictor(f"{name}.predictor", stream)]
    features, outputs = stream, []
    for unit in layers:
        hidden = channels(f"{unit.prefix}.hidden", len(stream))
        layouts.append(layer(unit.prefix, features, hidden, bias=False))
        outputs.append(placed(hidden, unit.prefix))
        features = hidden
    fused = tuple(slot for output in outputs for slot in output)
    # Channels by layers, each of which has two logits.
    of_channels = tuple(slot for slots in zip(*outputs, strict=True) for slot in slots)
    logits = TensorLayout((None, of_channels, None), merged=(1, 2))
    return joined(
        (
            *layouts,
            Layout({f"{name}.channel_logits": logits}),
            layer(f"{name}.fuse", fused, stream),
            attention(f"{name}.attention", stream),
        )
    )


def _predictor(name: str, stream: Slots) -> Layout:
    narrow = len(stream) // PREDICTOR_REDUCTION
    first, second = (channels(f"{name}.hidden {number}", narrow) for number in (1, 2))
    return joined(
        (
            layer(f"{name}.0", stream, first),
            layer(f"{name}.3", first, second),
            layer(f"{name}.5", second, channels(f"{name}.decision", 2), transposed=True),
        )
    )


def _designs(config: SmsrConfig) -> Iterator[Series]:
    narrower = partial(widths, multiple=SQUEEZE_REDUCTION)
    return designs(config, narrower, "layers", "modules")


SMSR = InheritedFamily("smsr", _layout, _designs, ("channels", "modules", "layers"))
