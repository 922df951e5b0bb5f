"""Probes by hand, and which ratios they leave."""

import numpy as np
import pytest

from profilers.agent.timing.probes import Probe, QuietLevel, probed_between, quiet_ones


def test_the_probes_between_two_moments_are_averaged() -> None:
    probes: list[Probe] = [(1.0, 2.0, 30.0), (2.0, 4.0, 10.0), (3.0, 6.0, 50.0)]
    began, ended = np.array([0.5, 1.5, 2.5, 2.1, 3.5]), np.array([2.5, 9.0, 2.6, 2.2, 4.0])
    expected = [[3, 20], [5, 30], [6, 50], [6, 50], [6, 50]]
    np.testing.assert_allclose(probed_between(began, ended, probes), expected)


def test_quiet_is_what_a_tenth_of_the_probes_reach() -> None:
    level = QuietLevel()
    level.learn([(0.0, 1.0, 4.0)] * 20 + [(0.0, 1.5, 8.0)] * 80)
    # At 10 % over the quiet milliseconds of computing or 25 % over those of copying quiet ends.
    probed_ms = np.array([[1.0, 4.0], [1.1, 4.0], [1.0, 5.0], [1.5, 4.0], [1.0, 8.0]])
    np.testing.assert_allclose(level.excess(probed_ms), [0, 1, 1, 5, 4])


def test_a_machine_that_slows_down_for_good_is_quiet_again() -> None:
    level = QuietLevel()
    level.learn([(0.0, 1.0, 4.0)] * 1000)
    assert level.excess(np.array([[2.0, 8.0]])).item() > 1
    level.learn([(0.0, 2.0, 8.0)] * 100_000)
    assert level.excess(np.array([[2.0, 8.0]])).item() == 0


def test_a_machine_that_is_busy_for_a_quarter_of_an_hour_does_not_pass_for_quiet() -> None:
    level = QuietLevel()
    level.learn([(0.0, 1.0, 4.0)] * 12_000)  # three minutes, 66 probes a second
    level.learn([(0.0, 1.5, 8.0)] * 60_000)
    assert level.excess(np.array([[1.5, 8.0]])).item() == pytest.approx(5)


@pytest.mark.parametrize(
    ("excess", "used"),
    [
        ([0, 9, 1, 9], [0, 2]),
        ([0, 0.5, 9, 9, 9, 9, 9, 9], [0, 1]),
        ([0, 9, 9, 9], [0, 1, 2, 3]),  # under the two that it takes
        ([0, 0.5, 9, 9, 9, 9, 9, 9, 9], range(9)),  # under a quarter
        ([9, 9], [0, 1]),
    ],
)
def test_quiet_ratios_are_used_if_they_are_enough(excess: list[float], used: list[int]) -> None:
    assert np.flatnonzero(quiet_ones(np.array(excess), 2)).tolist() == list(used)
