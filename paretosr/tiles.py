"""How large an image a network gets in one piece, and what tiles change."""

import math
from collections.abc import Iterable

from blocks import NetworkConfig
from profilers import analytic_cost
from training.images import Image
from training.tiling import Tiling

# With weights, libraries, and photograph and result in memory, well below 2 GiB in all.
_ACTIVATIONS_MIB = 256

# Activations are counted for an image of this side; they grow with the number of pixels.
_SAMPLE_SIDE_PX = 64

# What a tile sees around itself, where no number of pixels would give the image of one piece.
_MARGIN_PX = 32


def tiling_of(config: NetworkConfig, tile_px: int | None) -> Tiling:
    """Return tiles of a given side, or of the largest whose activations stay within bounds."""
    margin_px = config.reach_px
    if margin_px is None:
        margin_px = max(_MARGIN_PX, config.minimum_size_px)
    return Tiling(tile_px or max(1, _affordable_side_px(config) - 2 * margin_px), margin_px)


def tiling_notes(config: NetworkConfig, tiling: Tiling, images: Iterable[Image]) -> tuple[str, ...]:
    """Return what to tell of images whose result depends on how they are cut."""
    cut = sum(tiling.cuts(*image.pixels.shape[:2]) for image in images)
    if config.reach_px is not None or not cut:
        return ()
    part = f" ({config.whole_image_parts})" if config.whole_image_parts else ""
    return (
        f"{cut} enlarged in tiles of {tiling.tile_px} px, each with {tiling.margin_px} px around "
        f"it, which {config.family} enlarges otherwise than in one piece, since its output "
        f"depends on the whole image{part}: --tile 0 for one piece, which needs more memory",
    )


def _affordable_side_px(config: NetworkConfig) -> int:
    side_px = max(_SAMPLE_SIDE_PX, config.minimum_size_px)
    cost = analytic_cost(config, lr_height_px=side_px, lr_width_px=side_px, batch=1)
    return math.floor(side_px * math.sqrt(_ACTIVATIONS_MIB / cost.activation_mib))
