"""Designs with a share of the parameters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import (
    ClassSRConfig,
    EdsrConfig,
    FsrcnnConfig,
    ImdnConfig,
    InterpolationConfig,
    SeemoReConfig,
    SmsrConfig,
    SplitSRConfig,
)
from compressors.inheritance import check_smaller, parameters_of, smaller

SPLIT = SplitSRConfig(scale=2, channels=32, active_channels=8)


@pytest.mark.parametrize("keep", [-0.1, 0.0, 1.0, 1.5, float("nan")])
def test_a_share_outside_0_to_1_is_refused(keep: float) -> None:
    with pytest.raises(ValueError, match=r"^keep must be above 0 and below 1, .* got "):
        smaller(SPLIT, keep)


def test_splitsr_keeps_its_ratio_and_pattern() -> None:
    assert smaller(SPLIT, 0.55) == SPLIT.replace(channels=24, active_channels=6)
    assert smaller(SPLIT, 0.01) == SPLIT.replace(channels=4, active_channels=1)


def test_channels_are_cut_before_blocks() -> None:
    """36 of 48 channels have 56 % of the weights of 3x3 convolutions."""
    assert smaller(EdsrConfig(scale=2, channels=48), 0.56) == EdsrConfig(scale=2, channels=36)


def test_modules_are_cut_where_no_width_comes_near() -> None:
    """A width of 16 of 32 has a quarter of the weights; nothing lies between."""
    narrow = SmsrConfig(scale=2, channels=32)
    child = smaller(narrow, 0.6)
    assert child.channels == 32 and (child.modules, child.layers) != (5, 4)
    assert smaller(narrow, 0.26) == SmsrConfig(scale=2, channels=16)


def test_every_branch_is_cut() -> None:
    branch = FsrcnnConfig(scale=2, channels=32, design="rgb")
    config = ClassSRConfig(scale=2, branches=(InterpolationConfig(scale=2), branch))
    child = smaller(config, 0.5)
    assert isinstance(child, ClassSRConfig)
    assert child.branches == (InterpolationConfig(scale=2), smaller(branch, 0.5))


def test_what_has_one_of_everything_cannot_be_smaller() -> None:
    with pytest.raises(ValueError, match="has no smaller design"):
        smaller(EdsrConfig(scale=2, channels=1, blocks=1), 0.5)


@given(st.sampled_from((ImdnConfig, SeemoReConfig)), st.integers(2, 8), st.floats(0.3, 0.9))
@settings(max_examples=6, deadline=None)
def test_no_other_width_is_nearer(
    family: type[ImdnConfig | SeemoReConfig], quarters: int, keep: float
) -> None:
    config = family(scale=2, channels=4 * quarters)
    child = smaller(config, keep)
    check_smaller(config, child)
    off = abs(parameters_of(child) - keep * parameters_of(config))
    for width in range(4, config.channels, 4):
        other = config.replace(channels=width)
        difference = abs(parameters_of(other) - keep * parameters_of(config))
        # What is off by less than 4 % is near enough to look no further than at widths.
        assert off <= max(difference, 0.04 * parameters_of(config))


def test_parameters_are_counted() -> None:
    """3x3 convolutions 3 -> 2, twice 2 -> 2 in a block, 2 -> 2, 2 -> 8, 2 -> 3, with biases."""
    weights = 9 * (3 * 2 + 2 * 2 * 2 + 2 * 2 + 2 * 8 + 2 * 3)
    biases = 4 * 2 + 8 + 3
    assert parameters_of(EdsrConfig(scale=2, channels=2, blocks=1)) == weights + biases


def test_a_child_that_is_not_smaller_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^channels .* at most 32, .* got 40$"):
        check_smaller(SPLIT, SPLIT.replace(channels=40, blocks=1))
    with pytest.raises(ValueError, match=r"fewer parameters than its parent \(.*\), got"):
        check_smaller(SPLIT, SPLIT)
