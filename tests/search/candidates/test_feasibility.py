"""Whether constraints can be kept at all, found before anything is trained."""

import pytest

from profilers.runtimes.targets import Target
from search.candidates.candidate import Costing
from search.candidates.feasibility import check_feasible
from search.config import Bounds
from search.space import SearchSpace, SeemoReSpace, SplitSRSpace

COSTING = Costing(Target.parse("eager"), 0)
SPACE = SearchSpace(
    2,
    (
        SplitSRSpace(channels=(16, 32), groups=(1, 2), blocks=(1, 2)),
        SeemoReSpace(channels=(24, 36), groups=(1, 2), ffn_ratio=2.0, kernel=(5, 11)),
    ),
)
# SplitSR with C=16, one all-split group of one block with 2 active channels, one-step
# upsampler (spec sheet, section 6.2): 27*16 + 9*4 + 2*9*256 + 27*4*16 MACs per LR pixel.
SMALLEST_SPLITSR_MACS = (27 * 16 + 9 * 4 + 2 * 9 * 256 + 27 * 4 * 16) * 640 * 360


def test_no_constraint_on_a_cheap_column_needs_no_look() -> None:
    assert check_feasible(SPACE, {"latency_ms": Bounds(max=0.001)}, COSTING) == []


def test_the_smallest_network_is_found_from_any_start() -> None:
    exact = {"macs": Bounds(max=SMALLEST_SPLITSR_MACS)}
    space = SearchSpace(2, SPACE.families[:1])
    assert check_feasible(space, exact, COSTING) == []
    with pytest.raises(ValueError, match=r"macs 1\.56") as caught:
        check_feasible(space, {"macs": Bounds(max=SMALLEST_SPLITSR_MACS - 1)}, COSTING)
    assert "above its max" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_family_without_any_candidate_is_named() -> None:
    (line,) = check_feasible(SPACE, {"macs": Bounds(max=SMALLEST_SPLITSR_MACS)}, COSTING)
    assert "no seemore network" in line


def test_least_sizes_can_be_asked_for_too() -> None:
    assert check_feasible(SPACE, {"params": Bounds(min=60_000)}, COSTING) == []
    with pytest.raises(ValueError, match="below its min"):
        check_feasible(SPACE, {"params": Bounds(min=10**9)}, COSTING)
