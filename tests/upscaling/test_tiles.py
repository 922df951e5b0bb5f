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
from imaging.tiling import WHOLE, Tiling
from profilers import network_on_meta, peak_activation_mib
from upscaling.tiles import chosen_tiling, in_strips, tiling_of


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


SMALL, LARGE = (40, 40), (5000, 5000)


def choose(name: str, tile_px: int | None, *, only_exact: bool) -> tuple[Tiling, tuple[str, ...]]:
    """What is chosen for a small image and a large one."""
    config = catalogue_config(name, 4)
    variant = variants_of(config)[0]
    return chosen_tiling(config, variant, tile_px, [SMALL, LARGE], only_exact=only_exact)


@pytest.mark.parametrize("only_exact", [False, True])
def test_a_network_that_sees_a_neighbourhood_gets_large_images_in_tiles(only_exact: bool) -> None:
    tiling, notes = choose("span", None, only_exact=only_exact)
    assert tiling.cuts(*LARGE) and not tiling.cuts(*SMALL)
    assert tiling.margin_px == catalogue_config("span", 4).receptive_field_radius_px
    assert notes == ()


def test_a_network_that_sees_the_whole_image_gets_it_where_only_exact_tiles_may_be_cut() -> None:
    by_memory, notes = choose("imdn", None, only_exact=False)
    assert by_memory.cuts(*LARGE)
    assert notes[0].startswith(
        f"1 image is enlarged in tiles of {by_memory.tile_px} px, each with 32 px"
    )
    whole, notes = choose("imdn", None, only_exact=True)
    assert whole == WHOLE
    assert notes[0].startswith("1 image is enlarged in one piece")
    assert f"(contrast attention): tiles of {by_memory.tile_px} px" in notes[0]


@pytest.mark.parametrize("only_exact", [False, True])
def test_what_is_asked_for_is_done(only_exact: bool) -> None:
    assert choose("imdn", 0, only_exact=only_exact) == (WHOLE, ())
    tiling, (note,) = choose("imdn", 100, only_exact=only_exact)
    assert tiling == Tiling(tile_px=100, margin_px=32)
    assert note.startswith("1 image is enlarged in tiles of 100 px, each with 32 px around it")
    assert choose("span", 100, only_exact=only_exact) == (Tiling(100, 21), ())


def test_bicubic_is_never_cut() -> None:
    assert chosen_tiling(None, None, 100, [LARGE]) == (WHOLE, ())
