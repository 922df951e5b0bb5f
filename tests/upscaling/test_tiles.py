"""Tiles use the memory that they may, and no more, whatever of it grows with the image."""

import pytest
import torch
from torch import nn

from blocks import (
    ClassSR,
    InStrips,
    SuperResolutionNetwork,
    catalogue_config,
    in_variant,
    variants_of,
)
from profilers import network_on_meta, peak_activation_mib
from upscaling.tiles import in_strips, tiling_of


def on_meta(name: str) -> SuperResolutionNetwork:
    return network_on_meta(catalogue_config(name, 4))


def tile_mib(network: nn.Module, name: str, variant: str) -> float:
    """What the activations of the largest tile take."""
    tiling = tiling_of(catalogue_config(name, 4), variant, None)
    side_px = tiling.tile_px + 2 * tiling.margin_px
    tile = torch.empty(1, 3, side_px, side_px, device="meta")
    paths = network.peak_paths() if isinstance(network, SuperResolutionNetwork) else (network,)
    return max(peak_activation_mib(path, tile) for path in paths)


@pytest.mark.parametrize("name", ["splitsr", "edsr-baseline", "carn-m", "msrresnet-36"])
def test_tiles_made_in_strips_take_about_256_mib(name: str) -> None:
    striped = in_strips(on_meta(name))
    assert isinstance(striped, InStrips)
    assert 250 < tile_mib(striped, name, variants_of(catalogue_config(name, 4))[0]) < 300


@pytest.mark.parametrize("name", ["seemore-t", "span", "imdn"])
def test_other_tiles_take_256_mib(name: str) -> None:
    network = on_meta(name)
    assert in_strips(network) is network
    assert 250 < tile_mib(network, name, variants_of(catalogue_config(name, 4))[0]) < 256


@pytest.mark.parametrize("variant", ["routed", "all_branches"])
def test_patches_overlap_less_in_large_images_than_in_the_one_that_is_counted(variant: str) -> None:
    network = on_meta("classsr-fsrcnn")
    assert isinstance(network, ClassSR)
    module = network if variant == "routed" else in_variant(network, variant)
    assert 64 < tile_mib(module, "classsr-fsrcnn", variant) < 256
