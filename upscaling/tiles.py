"""How large an image a network gets in one piece, and what tiles change."""

import math
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from blocks import (
    FeatureNetwork,
    InStrips,
    NetworkConfig,
    NetworkConfigBase,
    has_own_peak,
    in_variant,
)
from imaging.tiling import WHOLE, Tiling
from profilers import network_on_meta, peak_activation_mib

# With weights, libraries, and photograph and result in memory, well below 2 GiB in all.
_ACTIVATIONS_MIB = 256

# The enlarged features of a strip, beside which the others stay in memory.
_STRIP_MIB = 128

# Activations are counted for an image of this side; they grow with the number of pixels.
_SAMPLE_SIDE_PX = 64

# What a tile sees around itself, where no number of pixels would give the image of one piece.
_MARGIN_PX = 32


def chosen_tiling(
    config: NetworkConfig | None,
    variant: str | None,
    tile_px: int | None,
    sizes_px: Iterable[tuple[int, int]],
    *,
    only_exact: bool = False,
    in_strips: bool = True,
) -> tuple[Tiling, tuple[str, ...]]:
    """Return how images of sizes (h, w) are cut, and what the user should know of it.

    `tile_px` is the side that was asked for, 0 for images in one piece. If it is None, images too
    large for the bounds on memory are cut, `only_exact` where that does not change the result.
    `in_strips` says that features which are enlarged late do not all lie in memory at once.
    Bicubic, of neither config nor variant, gets every image in one piece.
    """
    if config is None or variant is None or tile_px == 0:
        return WHOLE, ()
    tiling = tiling_of(config, variant, tile_px, in_strips=in_strips)
    cut = sum(tiling.cuts(*size_px) for size_px in sizes_px)
    if config.receptive_field_radius_px is not None or not cut:
        return tiling, ()
    images = "1 image is" if cut == 1 else f"{cut} images are"
    part = f" ({config.whole_image_parts})" if config.whole_image_parts else ""
    reason = f"since the output of {config.family} depends on the whole image{part}"
    if only_exact and tile_px is None:
        return WHOLE, (
            f"{images} enlarged in one piece, however much memory that takes, {reason}: tiles of "
            f"{tiling.tile_px} px would bound the memory and change the result",
        )
    return tiling, (
        f"{images} enlarged in tiles of {tiling.tile_px} px, each with {tiling.margin_px} px "
        f"around it, which changes the result, {reason}: a tile side of 0 px enlarges in one "
        "piece, which needs more memory",
    )


def tiling_of(
    config: NetworkConfig, variant: str, tile_px: int | None, *, in_strips: bool = True
) -> Tiling:
    """Return tiles of a given side, or of the largest whose activations stay within bounds."""
    margin_px = config.receptive_field_radius_px
    if margin_px is None:
        margin_px = max(_MARGIN_PX, config.minimum_size_px)
    return Tiling(
        tile_px
        or max(1, _affordable_side_px(config, variant, in_strips=in_strips) - 2 * margin_px),
        margin_px,
    )


def in_strips(network: nn.Module) -> nn.Module:
    """Return the network with its image made in strips, if the features are enlarged late."""
    if not isinstance(network, FeatureNetwork):
        return network
    on_meta = network_on_meta(network.config)
    assert isinstance(on_meta, FeatureNetwork)  # as the network
    features = on_meta.extract(_sample(on_meta.config))
    strips = _STRIP_MIB / peak_activation_mib(on_meta.reconstruct, features)
    return InStrips(network, math.floor(strips * features[0, 0].numel()))


def _affordable_side_px(config: NetworkConfig, variant: str, *, in_strips: bool) -> int:
    sample = _sample(config)
    steps = _large_steps(config, variant, in_strips=in_strips)
    peak_mib = max(peak_activation_mib(step, sample) for step in steps)
    return math.floor(len(sample[0, 0]) * math.sqrt(_ACTIVATIONS_MIB / peak_mib))


def _large_steps(
    config: NetworkConfig, variant: str, *, in_strips: bool
) -> tuple[Callable[[Tensor], Tensor], ...]:
    """What takes more memory the larger the image."""
    network = network_on_meta(config)
    if has_own_peak(config, variant):
        return (in_variant(network, variant),)
    return network.growing_paths() if in_strips else network.peak_paths()


def _sample(config: NetworkConfigBase) -> Tensor:
    side_px = max(_SAMPLE_SIDE_PX, config.minimum_size_px)
    return torch.empty(1, 3, side_px, side_px, device="meta")
