"""Calls of two processes whose times are written down, and their ratios by hand."""

from itertools import accumulate

import pytest

from profilers.agent.timing.concurrent_calls import GROUP_SECONDS, Calls, ratios_of_groups, repeat


def one_after_the_other(seconds: list[float], times_ms: list[float]) -> Calls:
    ended = list(accumulate(seconds))
    return Calls(
        [end - lasted for end, lasted in zip(ended, seconds, strict=True)], ended, times_ms
    )


def test_a_call_is_compared_with_the_parts_of_calls_beside_it() -> None:
    candidate = Calls([0.0, 1.0], [1.0, 2.0], [10.0, 20.0])
    reference = Calls([-0.5, 0.5, 1.5], [0.5, 1.5, 2.5], [4.0, 8.0, 2.0])
    # Half of a call of 4 ms and half of one of 8 ms: 6 ms a call; then 8 and 2: 5.
    assert ratios_of_groups(candidate, reference).ratios == pytest.approx([10 / 6, 20 / 5])


def test_a_group_lasts_as_long_as_all_calls_that_count_in_it() -> None:
    candidate = Calls([0.0, 1.0], [1.0, 2.0], [10.0, 20.0])
    reference = Calls([-0.5, 0.5, 1.5], [0.5, 1.5, 1.9], [4.0, 8.0, 2.0])
    groups = ratios_of_groups(candidate, reference)
    assert groups.began.tolist() == [-0.5, 0.5]
    assert groups.ended.tolist() == [1.5, 2.0]


def test_a_whole_call_counts_more_than_a_part_of_one() -> None:
    candidate = Calls([0.0], [2.0], [10.0])
    reference = Calls([0.0, 1.0], [1.0, 3.0], [4.0, 7.0])
    # One call of 4 ms and half of one of 7 ms: 7.5 ms for one and a half.
    assert ratios_of_groups(candidate, reference).ratios == pytest.approx([10 / 5])


def test_short_calls_are_grouped() -> None:
    calls = round(5 * GROUP_SECONDS / 0.001)
    candidate = one_after_the_other([0.001] * calls, [0.5, 1.5] * (calls // 2))
    reference = one_after_the_other([0.05] * 20, [25.0] * 20)
    ratios = ratios_of_groups(candidate, reference).ratios
    assert 4 <= len(ratios) <= 5
    assert ratios == pytest.approx([1 / 25] * len(ratios), rel=0.02)


def test_calls_beside_nothing_give_no_ratio() -> None:
    alone = Calls([0.0], [1.0], [10.0])
    assert len(ratios_of_groups(alone, Calls([1.0], [2.0], [10.0])).ratios) == 0


def test_calling_ends_with_the_call_in_which_the_time_is_over() -> None:
    left = iter([False, False, True])
    calls = repeat(lambda: None, lambda: 0.0, lambda: next(left))
    assert len(calls.times_ms) == 3
    moments = [moment for pair in zip(calls.started, calls.ended, strict=True) for moment in pair]
    assert moments == sorted(moments)
