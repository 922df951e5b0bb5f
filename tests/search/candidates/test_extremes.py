"""The cheapest designs of a space, whose MACs are known by hand."""

from profilers.runtimes.targets import Target
from search.candidates.candidate import Costing
from search.candidates.extremes import Extremes
from search.space import ClassSRSpace, HybridSpace, SplitSRSpace

SPACE = SplitSRSpace(channels=(16, 32), groups=(1, 2), blocks=(1, 2))
EXTREMES = Extremes(SPACE, 2, Costing(Target.parse("eager"), 0))
LR_PIXELS = 640 * 360


def macs(channels: int, active: int) -> int:
    """Of one all-split group of one block, one-step upsampler (spec sheet, section 6.2)."""
    per_pixel = 27 * channels + 9 * active**2 + 2 * 9 * channels**2 + 27 * 4 * channels
    return per_pixel * LR_PIXELS


def test_the_least_is_an_end_of_the_space_and_beyond_it_lies_what_changes_most() -> None:
    nearest = EXTREMES.least(lambda record: record.macs)
    assert nearest.record.macs == macs(16, 2)
    assert SPACE.network(nearest.values, 2).canonical() == nearest.candidate.config
    found = EXTREMES.beyond(nearest, lambda record: record.macs)
    assert found is not None
    name, value, design = found
    assert (name, value, design.record.macs) == ("channels", 8, macs(8, 1))


def test_the_first_that_is_enough_ends_the_descent() -> None:
    enough = EXTREMES.least(lambda record: record.macs, is_enough=lambda _: True)
    assert enough.values == SPACE.values_at(0.0)
    largest = EXTREMES.least(lambda record: -record.params)
    found = EXTREMES.beyond(largest, lambda record: -record.params)
    assert found is not None and found[:2] == ("channels", 64)


def test_values_that_make_no_network_make_no_design() -> None:
    assert EXTREMES.design({**SPACE.values_at(0.0), "channels": -1}) is None


def test_more_classes_than_the_space_has_widths_for_make_no_design() -> None:
    space = ClassSRSpace(backbone=("splitsr",), classes=(2,), channels=(8,), depth=(1,))
    extremes = Extremes(space, 2, Costing(Target.parse("eager"), 0))
    network = space.network(space.values_at(0.0), 2)
    nearest = extremes.design(space.values(network))
    assert nearest is not None
    assert extremes.design({**nearest.values, "classes": 3}) is None
    assert space.key_of("channels_2") == "channels"


def test_more_groups_than_the_space_has_kinds_for_make_no_design() -> None:
    space = HybridSpace(channels=16, groups=2, kinds="plain", blocks=1)
    extremes = Extremes(space, 2, Costing(Target.parse("eager"), 0))
    nearest = extremes.design(space.values_at(0.0))
    assert nearest is not None
    assert extremes.design({**nearest.values, "groups": 4}) is None
    dearer = extremes.beyond(nearest, lambda record: -(record.macs or 0))
    assert dearer is not None and dearer[0] != "groups"
