"""From a model to enlarged images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blocks import NetworkConfig, SuperResolutionNetwork, in_variant, load_network, variants_of
from blocks.models import Model
from blocks.pixels import network_upscaler, program_upscaler
from foundation.listener import Listener
from foundation.memory import give_back_memory
from imaging.evaluation import Upscaler, bicubic_upscaler
from imaging.tiling import tiled
from profilers import OtherVariant, Program
from profilers.host.variants import fastest_call, require_variant
from upscaling.tiles import chosen_tiling, in_strips

# The variants of a network are compared on the middle of an image, no larger than this.
_SAMPLE_SIDE_PX = 256


@dataclass(frozen=True)
class UpscalingOptions:
    """How images are enlarged.

    Attributes:
        variant: in which the network is computed; None for the fastest on this machine.
        tile_px: side of the tiles; 0 for none, None for as large as the bounds on memory allow.
        only_exact: if `tile_px` is None, cut only where that does not change the result.
        program: that of a target, which enlarges in place of PyTorch here; None for none.
    """

    variant: str | None = None
    tile_px: int | None = None
    only_exact: bool = False
    program: "NamedProgram | None" = None


@dataclass(frozen=True)
class NamedProgram:
    """A network as a target runs it.

    Attributes:
        call: (N, 3, h, w) float32 in [0, 1] -> (N, 3, s h, s w), for any size.
        name: of the variant that it computes.
    """

    call: Program
    name: str


@dataclass(frozen=True)
class ChosenUpscaler:
    """An upscaler for images of any size, and how it computes.

    Attributes:
        upscale: from uint8 (h, w, 3) to uint8 (s h, s w, 3), with s = model.scale.
        variant: the variant of the network; None for bicubic.
        others: the variants that it was chosen from, with how much longer they take.
    """

    upscale: Upscaler
    variant: str | None
    others: tuple[OtherVariant, ...] = ()


def upscaler_for(
    model: Model,
    images: Mapping[str, NDArray[np.uint8]],
    sizes_px: Sequence[tuple[int, int]],
    options: UpscalingOptions,
    listener: Listener,
) -> ChosenUpscaler:
    """Return `model` as it enlarges images of `sizes_px`, (h, w), cut where they are too large.

    Without a variant it is computed in the one that is the fastest on the first of `images`, some
    of those that are to be enlarged, by name. The listener hears of each enlarged piece, and is
    warned of tiles that change the result.

    Raises:
        ValueError: the model is a network without trained weights, its checkpoint is corrupt, it
            has no such variant, or one of `images` is too small for it.
    """
    chosen = _upscaler_of(model, options, images)
    tiling, notes = chosen_tiling(
        model.config,
        chosen.variant,
        options.tile_px,
        sizes_px,
        only_exact=options.only_exact,
        in_strips=options.program is None,
    )
    for line in notes:
        listener.warning(line)
    pieces = sum(tiling.pieces(*size_px) for size_px in sizes_px)
    upscale = _piece_by_piece(chosen.upscale, pieces, listener)
    return replace(chosen, upscale=tiled(upscale, model.scale, tiling))


def _upscaler_of(
    model: Model, options: UpscalingOptions, images: Mapping[str, NDArray[np.uint8]]
) -> ChosenUpscaler:
    variant = options.variant
    require_variant(model, variant)
    if model.config is None:
        return ChosenUpscaler(bicubic_upscaler(model.scale), None)
    require_weights(model)
    _require_sizes(model.config, images)
    if options.program is not None:
        return ChosenUpscaler(program_upscaler(options.program.call), options.program.name)
    network = trained_network(model)
    names = variants_of(model.config) if variant is None else (variant,)
    upscalers = {name: network_upscaler(in_strips(in_variant(network, name))) for name in names}
    if len(names) == 1:
        return ChosenUpscaler(upscalers[names[0]], names[0])
    return _fastest(upscalers, _middle(next(iter(images.values()))))


def _piece_by_piece(upscale: Upscaler, total: int, listener: Listener) -> Upscaler:
    """Return `upscale`, which reports each of `total` pieces and gives freed memory back."""
    numbers = count(1)

    def upscale_piece(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        enlarged = upscale(pixels)
        give_back_memory()
        listener.progress(next(numbers), total)
        return enlarged

    return upscale_piece


def why_too_small(config: NetworkConfig, height_px: int, width_px: int) -> str | None:
    """Return why the network cannot enlarge an image of this size; None if it can."""
    minimum_px = config.minimum_size_px
    if min(height_px, width_px) >= minimum_px:
        return None
    return (
        f"{config.family} needs images of at least {minimum_px}x{minimum_px} px, got "
        f"{height_px}x{width_px}"
    )


def _require_sizes(config: NetworkConfig, images: Mapping[str, NDArray[np.uint8]]) -> None:
    for name, pixels in images.items():
        reason = why_too_small(config, *pixels.shape[:2])
        if reason is not None:
            raise ValueError(f"{reason} for {name!r}: leave it out, or take another network")


def require_weights(model: Model) -> Path:
    """Return the checkpoint of `model`, which is not bicubic.

    Raises:
        ValueError: it has no trained weights.
    """
    if model.weights is None:
        raise ValueError(
            f"MODEL must have trained weights, but {model.name!r} is only a design: train it "
            f"(paretosr train {model.name} --scale {model.scale} --out DIR) and give "
            "DIR/model.safetensors"
        )
    return model.weights


def trained_network(model: Model) -> SuperResolutionNetwork:
    """Return the network that `model`, which is not bicubic, stands for.

    Raises:
        ValueError: it has no trained weights, or its checkpoint is corrupt.
    """
    return load_network(require_weights(model))


def _fastest(upscalers: dict[str, Upscaler], sample: NDArray[np.uint8]) -> ChosenUpscaler:
    fastest = fastest_call({name: partial(call, sample) for name, call in upscalers.items()})
    return ChosenUpscaler(upscalers[fastest.name], fastest.name, fastest.others)


def _middle(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    top, left = (max(0, side - _SAMPLE_SIDE_PX) // 2 for side in pixels.shape[:2])
    return pixels[top : top + _SAMPLE_SIDE_PX, left : left + _SAMPLE_SIDE_PX]
