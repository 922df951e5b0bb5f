"""Seeds together, and differences told from chance, against SciPy and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test

from reports.papers.run_groups import RunGroup, RunVolume, differences, permutation_p


def group(label: str, *volumes: float) -> RunGroup:
    runs = [RunVolume(f"{label}-{i}", i, 10, it, 31.0, 1.0) for i, it in enumerate(volumes)]
    return RunGroup(label, tuple(runs))


def test_median_and_quartiles() -> None:
    found = group("a", 1.0, 2.0, 3.0, 10.0)
    assert found.median == 2.5 and found.quartiles == (1.75, 4.75)


def test_the_exact_p_of_two_separate_groups() -> None:
    # Of the 70 ways to choose 4 of 8, only this one and its mirror are as far apart.
    assert permutation_p([1, 2, 3, 4], [5, 6, 7, 8]) == pytest.approx(2 / 70)
    assert permutation_p([1, 2], [1, 2]) == 1.0


@settings(max_examples=20)
@given(
    st.lists(st.floats(0, 100), min_size=2, max_size=5),
    st.lists(st.floats(0, 100), min_size=2, max_size=5),
)
def test_it_is_that_of_scipy_where_groups_are_equally_large(
    first: list[float], second: list[float]
) -> None:
    count = min(len(first), len(second))
    samples = [round(it, 3) for it in first[:count]], [round(it, 3) for it in second[:count]]

    def gap(one: np.ndarray, other: np.ndarray, axis: int) -> np.ndarray:
        return np.round(np.abs(np.mean(one, axis=axis) - np.mean(other, axis=axis)), 9)

    expected = permutation_test(
        samples, gap, vectorized=True, n_resamples=np.inf, alternative="greater"
    )
    assert permutation_p(*samples) == pytest.approx(expected.pvalue)


def test_many_runs_are_sampled_the_same_way_every_time() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(0, 1, 15), random.normal(1.0, 1, 15)
    p_value = permutation_p(first.tolist(), second.tolist())
    assert p_value == permutation_p(first.tolist(), second.tolist())
    expected = permutation_test(
        (first, second), lambda a, b: a.mean() - b.mean(), n_resamples=9999, rng=0
    )
    assert p_value == pytest.approx(expected.pvalue, abs=0.01)


def test_few_seeds_are_said_to_be_few() -> None:
    (alone,) = differences([group("a", 1.0), group("b", 5.0)])
    assert alone.p_value is None
    assert alone.verdict.startswith("not distinguishable: 1 and 1 seeds do not show how large")
    (three,) = differences([group("a", 1, 2, 3), group("b", 4, 5, 6)])
    # 2 of the 20 ways to choose 3 of 6.
    assert three.least_p_value == pytest.approx(0.1)
    assert three.verdict == (
        "not distinguishable: 3 and 3 seeds cannot give p below 0.10; their ranges do not overlap"
    )


def test_a_difference_beyond_noise_is_told_and_one_within_is_not() -> None:
    far, near = group("far", 9, 10, 11, 12), group("near", 1, 2, 3, 4)
    (difference,) = differences([near, far])
    assert difference.verdict == "far is larger (p = 0.029)"
    assert difference.difference == -8.0
    (other,) = differences([group("a", 1, 2, 3, 4), group("b", 1.5, 2.5, 3.5, 3.6)])
    assert other.verdict.startswith("not distinguishable (p = ")


def test_several_pairs_are_judged_together() -> None:
    groups = [group("a", 1, 2, 3, 4), group("b", 5, 6, 7, 8), group("c", 9, 10, 11, 12)]
    # Holm: the smallest of three p is multiplied by 3, 3 * 2 / 70 = 0.086.
    assert [pair.p_value for pair in differences(groups)] == pytest.approx([6 / 70] * 3)
    assert all("not distinguishable" in pair.verdict for pair in differences(groups))
