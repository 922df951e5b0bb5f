"""Which hyperparameters matter, where it is known."""

import itertools

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial

from reports.records import TrialRecord
from search.insights.importance import NEEDED_TRIALS, importance_of

OBJECTIVES = ("psnr_y_db", "latency_ms")


def trained(family: str, channels: int, mode: str, trial: int) -> tuple[FrozenTrial, TrialRecord]:
    """PSNR is decided by the channels alone, latency by the mode alone."""
    frozen = optuna.create_trial(
        value=0.0,
        params={f"{family}.channels": channels, f"{family}.mode": mode, "other.depth": 3},
        distributions={
            f"{family}.channels": IntDistribution(1, 8),
            f"{family}.mode": CategoricalDistribution(("a", "b", "c", "d")),
            "other.depth": IntDistribution(1, 4),
        },
    )
    record = TrialRecord(
        trial=trial, arch_id=f"{family}-{trial}", family=family, scale=2, state="trained",
        psnr_y_db=30.0 + channels, latency_ms=float("abcd".index(mode) + 1),
    )  # fmt: skip
    return frozen, record


def test_what_decides_has_the_share() -> None:
    grid = itertools.product(range(1, 9), "abcd")
    trials = [trained("splitsr", *design, trial) for trial, design in enumerate(grid)]
    quality, latency = importance_of(trials, OBJECTIVES)
    assert (quality.objective, quality.trials) == ("psnr_y_db", 32)
    assert quality.shares.keys() == latency.shares.keys() == {"channels", "mode"}
    assert quality.shares["channels"] > 0.9 and next(iter(quality.shares)) == "channels"
    assert latency.shares["mode"] > 0.9 and next(iter(latency.shares)) == "mode"
    assert sum(quality.shares.values()) == pytest.approx(1)


def test_of_few_networks_nothing_is_said() -> None:
    trials = [trained("smsr", k % 8 + 1, "a", k) for k in range(NEEDED_TRIALS - 1)]
    for found in importance_of(trials, OBJECTIVES):
        assert (found.trials, found.needed, found.shares) == (NEEDED_TRIALS - 1, NEEDED_TRIALS, {})
    assert importance_of([], OBJECTIVES) == ()
