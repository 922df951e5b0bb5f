"""Networks drawn from a space without a search."""

import itertools
from collections import Counter

from search.space import SearchSpace, SeemoReSpace, SmsrSpace, SplitSRSpace
from search.space.sample import networks


def test_networks_differ_and_follow_the_seed() -> None:
    space = SearchSpace(2, (SplitSRSpace(), SeemoReSpace()))

    def draw(seed: int) -> list[str]:
        drawn = itertools.islice(networks(space, seed=seed), 100)
        return [config.arch_id for config in drawn]

    assert len(set(draw(0))) == 100
    assert draw(0) == draw(0)
    assert set(draw(0)) != set(draw(1))


def test_families_take_turns_and_a_small_one_ends_with_all_its_networks() -> None:
    small = SmsrSpace(channels=(16, 32), modules=(1, 2, 3), layers=(1, 2))
    space = SearchSpace(3, (small, SplitSRSpace()))
    drawn = list(itertools.islice(networks(space, seed=0), 40))
    assert [config.family for config in drawn[:6]] == ["smsr", "splitsr"] * 3
    assert Counter(config.family for config in drawn)["smsr"] == 12
    assert all(config in space for config in drawn)


def test_every_value_is_as_likely_as_any_other() -> None:
    widths = tuple(range(16, 1040, 16))
    space = SearchSpace(2, (SmsrSpace(channels=widths, modules=(1, 2, 3, 4), layers=(1, 2)),))
    drawn = itertools.islice(networks(space, seed=0), 128)
    modules = Counter(config.model_dump()["modules"] for config in drawn)
    # 32 of each are expected, with a standard deviation of at most sqrt(128 x 3 / 16) = 4.9.
    assert all(abs(modules[number] - 32) < 20 for number in (1, 2, 3, 4))
