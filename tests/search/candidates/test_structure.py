"""Features of networks of every searched family, against layers that were listed by hand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from blocks import ClassSRConfig, EdsrConfig, SeemoReConfig, SmsrConfig, SplitSRConfig
from blocks.networks.hybrid import HybridConfig
from blocks.networks.interpolation import InterpolationConfig
from search.candidates import structure
from search.candidates.structure import structure_of

SEEMORE = SeemoReConfig(scale=2, channels=8, groups=1, ranks=(2,), top_k=1, recursion=1)
SPLITSR = SplitSRConfig(
    scale=2, channels=4, groups=1, blocks=1, active_channels=2, hybrid_index=1
)  # fmt: skip


def test_a_plain_network_is_worked_out_by_hand() -> None:
    found = structure_of(EdsrConfig(scale=2, channels=8, blocks=1), 5)
    # 3 to 8; two of the block, one behind it, and 8 to 32, which counts as one; 8 to 3.
    assert found.width == 8
    assert found.convolutions == 6
    assert found.dense_equivalent_depth == pytest.approx(4 + 2 * math.sqrt(3 / 8), abs=1e-4)
    # The last one on pixels of half the size.
    assert found.convolution_radius_px == 5.5
    assert found.receptive_field_radius_px == 6
    assert (found.family, found.macs) == ("edsr", 5)
    # On 640x360 pixels, and 3 channels on 1280x720.
    assert found.activations == 640 * 360 * (4 * 8 + 32 + 3 * 4)


def test_a_split_convolution_counts_by_its_active_channels() -> None:
    depths = [
        structure_of(SPLITSR.replace(channels=16, active_channels=it), 1).dense_equivalent_depth
        for it in (2, 4, 8)
    ]
    # The one split block has one convolution, between its active channels.
    assert np.diff(np.array(depths, dtype=float)) == pytest.approx([2 / 16, 4 / 16], abs=2e-4)


def test_smsr_is_worked_out_by_hand() -> None:
    found = structure_of(SmsrConfig(scale=2, channels=16, modules=1, layers=1), 1)
    # Two at the beginning; masks over 4 channels, 2 of them transposed; one masked; two 1x1 to
    # fuse; one behind the modules, and 16 to 12. Attention works on one pixel.
    assert found.convolutions == 9
    depth = math.sqrt(3 / 16) + 1 + 0.5 + math.sqrt(4 * 2) / 16 + 1 + 2 / 3 + 1 + math.sqrt(12 / 16)
    assert found.dense_equivalent_depth == pytest.approx(depth, abs=1e-4)
    assert found.convolution_radius_px == 7.0
    assert found.receptive_field_radius_px is None


def test_seemore_is_worked_out_by_hand() -> None:
    found = structure_of(SEEMORE, 1)
    # Weights, as outputs times inputs of a group times kernel.
    mixer_of_experts = [8 * 8 * 9, 16 * 8, 8 * 3, 8 * 3, *[2 * 8] * 2, 8 * 2, 8 * 8]
    mixer_of_stripes = [16 * 8, 8 * 11, 8 * 11, 8 * 8]
    feed_forward = [16 * 8, 8 * 9, 8 * 8]
    weights = [8 * 3 * 9, *mixer_of_experts, *feed_forward, *mixer_of_stripes, *feed_forward]
    weights += [8 * 8 * 9, 12 * 8 * 9]
    depth = sum(min(1.0, math.sqrt(it / (9 * 8 * 8))) for it in weights)
    assert found.convolutions == len(weights)
    assert found.dense_equivalent_depth == pytest.approx(depth, abs=1e-4)


def test_a_hybrid_network_of_plain_groups_is_worked_out_by_hand() -> None:
    config = HybridConfig(scale=2, channels=8, groups=("plain",), blocks=1)
    found = structure_of(config, 1)
    # 3 to 8; two of the block, one behind the group, one behind all; 8 to 12, which counts as one.
    assert found.convolutions == 6
    assert found.dense_equivalent_depth == pytest.approx(5 + math.sqrt(3 / 8), abs=1e-4)
    assert found.convolution_radius_px == found.receptive_field_radius_px == 6


def test_classsr_is_as_its_hardest_branch() -> None:
    config = ClassSRConfig(scale=2, branches=(SEEMORE, SEEMORE.replace(channels=16)))
    hardest = structure_of(config.branches[-1], 7)
    assert structure_of(config, 7) == replace(hardest, family="classsr")


def test_what_has_no_channels_has_no_width() -> None:
    assert structure._width(InterpolationConfig(scale=2)) is None
