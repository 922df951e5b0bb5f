"""Networks drawn from a space without a search."""

import itertools
from collections import Counter
from typing import Literal

import pytest

from search.space import SearchSpace, SeemoReSpace, SmsrSpace, SplitSRSpace
from search.space.sample import networks


@pytest.mark.parametrize("spread", ["even", "random"])
def test_networks_differ_and_follow_the_seed(spread: Literal["even", "random"]) -> None:
    space = SearchSpace(2, (SplitSRSpace(), SeemoReSpace()))

    def draw(seed: int) -> list[str]:
        drawn = itertools.islice(networks(space, spread=spread, seed=seed), 100)
        return [config.arch_id for config in drawn]

    assert len(set(draw(0))) == 100
    assert draw(0) == draw(0)
    assert set(draw(0)) != set(draw(1))


def test_families_take_turns_and_a_small_one_ends_with_all_its_networks() -> None:
    small = SmsrSpace(channels=(16, 32), modules=(1, 2, 3), layers=(1, 2))
    space = SearchSpace(3, (small, SplitSRSpace()))
    drawn = list(itertools.islice(networks(space, spread="even", seed=0), 40))
    assert [config.family for config in drawn[:6]] == ["smsr", "splitsr"] * 3
    assert Counter(config.family for config in drawn)["smsr"] == 12
    assert all(config in space for config in drawn)


def test_an_even_spread_has_the_ends_and_every_value_about_equally_often() -> None:
    widths = tuple(range(16, 1040, 16))
    space = SearchSpace(2, (SmsrSpace(channels=widths, modules=(1, 2, 3, 4), layers=3),))
    drawn = itertools.islice(networks(space, spread="even", seed=0), 64)
    fields = [config.model_dump() for config in drawn]
    ends = [(field["channels"], field["modules"]) for field in fields[:2]]
    assert ends == [(16, 1), (1024, 4)]
    # 64 Sobol points have each of the 64 widths once and each of four depths 16 times; the two
    # ends come before them and are not repeated.
    assert max(Counter(field["channels"] for field in fields).values()) <= 2
    assert set(Counter(field["modules"] for field in fields).values()) <= {15, 16, 17}
