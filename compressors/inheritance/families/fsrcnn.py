"""How FSRCNN is laid out."""

from collections.abc import Iterator
from functools import partial

from blocks.networks.fsrcnn import FsrcnnConfig
from compressors.inheritance.designs import Series, designs, widths
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import (
    IMAGE,
    Fill,
    Layout,
    Slots,
    Stack,
    TensorLayout,
    Unit,
    channels,
    joined,
    layer,
)


def _layout(config: FsrcnnConfig) -> Layout:
    """All mapping layers have the same channels, so that one can be left out."""
    planes = channels(IMAGE, 3 if config.design == "rgb" else 1)
    extracted, expanded = (channels(name, config.channels) for name in ("extracted", "expanded"))
    mapped = channels("mapped", config.mapping_channels)
    return joined(
        (
            layer("extract.0", planes, extracted),
            _activation(config, "extract.1", extracted),
            layer("shrink.0", extracted, mapped),
            _activation(config, "shrink.1", mapped),
            _mapping(config, mapped),
            layer("expand.0", mapped, expanded),
            _activation(config, "expand.1", expanded),
            layer("output_convolution", expanded, planes, transposed=True),
        )
    )


def _activation(config: FsrcnnConfig, name: str, slots: Slots, fill: Fill = "fresh") -> Layout:
    axis = slots if config.design == "luma_pytorch" else None
    return Layout({f"{name}.weight": TensorLayout((axis,), fill=fill)})


def _mapping(config: FsrcnnConfig, mapped: Slots) -> Layout:
    number = config.mapping_layers
    if config.design == "rgb":  # which has one activation, behind all
        layouts = [layer(f"map.{n}", mapped, mapped, fill="identity") for n in range(number)]
        layouts.append(_activation(config, f"map.{number}", mapped))
        stacks: tuple[Stack, ...] = (
            tuple(Unit(f"map.{n}") for n in range(number)),
            (Unit(f"map.{number}"),),
        )
        return joined(layouts).with_stacks(*stacks)
    layouts = []
    for place in range(number):
        layouts.append(layer(f"map.{2 * place}", mapped, mapped, fill="identity"))
        layouts.append(_activation(config, f"map.{2 * place + 1}", mapped, fill="one"))
    return joined(layouts).with_stacks(
        tuple(Unit(f"map.{2 * n}", beside=(f"map.{2 * n + 1}",)) for n in range(number))
    )


def _designs(config: FsrcnnConfig) -> Iterator[Series]:
    return designs(config, partial(widths, together=("mapping_channels",)), "mapping_layers")


FSRCNN = InheritedFamily(
    "fsrcnn",
    _layout,
    _designs,
    ("channels", "mapping_channels", "mapping_layers"),
    fixed=("design",),
)
