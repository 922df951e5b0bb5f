"""The search loop over a real study, with quality as a formula instead of a training.

Covers search.appraisal and search.bookkeeping.
"""

from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.loop import MAX_FAILED_IN_A_ROW, Search, SearchFailedError
from search.session import open_study
from search.storage.run_directory import RunDirectory
from search.storage.study import STUDY_NAME, read_run

ONE_NETWORK: dict[str, Any] = {
    "groups": 1,
    "blocks": 1,
    "split_ratio": 1.0,
    "hybrid_index": 0,
    "hybrid_mode": "split_first",
    "location": "features",
    "attention": "none",
    "upsampler": "chain",
}
"""One value for every hyperparameter of SplitSR but the channels."""


def run_search(
    small_search: dict[str, Any], folder: Path, evaluator: Any, listener: Any, **changes: Any
) -> tuple[str, tuple[TrialRecord, ...]]:
    config = SearchConfig.model_validate({**small_search, **changes})
    run = RunDirectory(folder)
    run.write_settings({"config": config.model_dump(mode="json")})
    reason = Search(config, open_study(config, run, listener), evaluator, listener).run()
    return reason, read_run(folder).records


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "gp", "random"])
def test_the_budget_counts_trained_candidates(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any, sampler: str
) -> None:
    families = {"splitsr": {"channels": {"low": 8, "high": 24}, **ONE_NETWORK}}
    reason, records = run_search(
        small_search, tmp_path, evaluator, listener, sampler=sampler, families=families
    )
    assert "12 trained candidates" in reason
    assert sum(record.state == "trained" for record in records) == 12
    assert [record.trial for record in records] == list(range(len(records)))
    assert tuple(listener.records) == records


def test_no_architecture_is_trained_twice(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    families = {"splitsr": {**ONE_NETWORK, "channels": {"low": 8, "high": 24, "step": 2}}}
    budget = {"trials": 8}
    _, records = run_search(
        small_search, tmp_path, evaluator, listener, families=families, budget=budget
    )
    trained = [record for record in records if record.state == "trained"]
    repeated = [record for record in records if record.state == "duplicate"]
    assert len(evaluator.trained) == len(set(evaluator.trained)) == len(trained)
    assert repeated
    by_arch = {record.arch_id: record for record in trained}
    for record in repeated:
        first = by_arch[record.arch_id]
        assert (record.psnr_y_db, record.macs) == (first.psnr_y_db, first.macs)
        assert f"trial {first.trial} " in str(record.reason)


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "gp", "random"])
def test_a_used_up_space_ends_the_search_at_its_last_architecture(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any, sampler: str
) -> None:
    families = {"splitsr": {**ONE_NETWORK, "channels": [8, 16, 24]}}
    changes = {"families": families, "sampler": sampler}
    reason, records = run_search(small_search, tmp_path, evaluator, listener, **changes)
    assert reason == "the space is exhausted: every architecture in it has been tried (3)"
    assert len(evaluator.trained) == 3
    assert records[-1].state == "trained"
    again, more = run_search(small_search, tmp_path, evaluator, listener, **changes)
    assert (again, more) == (reason, records)


def test_what_is_tried_counts_whatever_became_of_it_and_different_values_may_be_one_network(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    # With one group a hybrid index of 1 or more means the same: two networks of each width.
    hyperparameters = {
        **ONE_NETWORK,
        "channels": [8, 64],
        "split_ratio": 0.5,
        "hybrid_index": [0, 1, 2],
    }
    changes = {"families": {"splitsr": hyperparameters}, "constraints": {"macs": {"max": 5e9}}}
    reason, records = run_search(
        small_search, tmp_path, evaluator, listener, sampler="random", **changes
    )
    assert "tried (4)" in reason
    states = [record.state for record in records if record.state != "duplicate"]
    assert sorted(states) == ["infeasible", "infeasible", "trained", "trained"]


def test_nothing_but_duplicates_and_broken_constraints_ends_the_search(
    small_search: Any,
    tmp_path: Path,
    evaluator: Any,
    listener: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("search.loop.MAX_UNTRAINED_IN_A_ROW", 30)
    changes = {"sampler": "random", "constraints": {"macs": {"max": 1000}}}
    reason, records = run_search(small_search, tmp_path, evaluator, listener, **changes)
    assert "30 proposals in a row" in reason and "the space seems exhausted" in reason
    assert len(records) == 30


def test_a_broken_cheap_constraint_costs_no_training(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    _, records = run_search(
        small_search, tmp_path, evaluator, listener, constraints={"macs": {"max": 2.5e9}}
    )
    infeasible = [record for record in records if record.state == "infeasible"]
    assert infeasible
    for record in infeasible:
        assert record.macs is not None and record.macs > 2.5e9
        assert "macs" in str(record.reason) and "above its max" in str(record.reason)
        assert record.arch_id not in evaluator.trained
    assert all(r.macs is not None and r.macs <= 2.5e9 for r in records if r.state == "trained")


def test_a_broken_measured_constraint_costs_no_training(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    _, records = run_search(
        small_search, tmp_path, evaluator, listener, constraints={"latency_ms": {"max": 8}}
    )
    slow = [record for record in records if record.latency_ms == 16]
    assert slow
    assert all(record.state in ("infeasible", "duplicate") for record in slow)
    assert not {record.arch_id for record in slow} & set(evaluator.trained)


def test_a_constraint_on_quality_is_judged_after_the_training(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    _, records = run_search(
        small_search, tmp_path, evaluator, listener, constraints={"psnr_y_db": {"min": 31}}
    )
    poor = [r for r in records if r.psnr_y_db is not None and r.psnr_y_db < 31]
    assert poor
    assert all(record.state in ("infeasible", "duplicate") for record in poor)
    # They were trained and count towards the budget of twelve.
    assert len(evaluator.trained) == 12


SMSR = {"smsr": {"channels": [16, 32], "modules": {"low": 1, "high": 3}, "layers": [1, 2]}}


class OrderedEvaluator:
    """Notes in which order it is asked; a module of SMSR takes 10 ms and gives a decibel."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        self.asked.append(("measure", candidate.config.family))
        modules = candidate.config.model_dump().get("modules", 0)
        return MeasuredCosts(latency_ms=10.0 * modules, macs_executed=1e9 * modules)

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        self.asked.append(("train", candidate.config.family))
        psnr_y_db = 30.0 + candidate.config.model_dump().get("modules", 0)
        return TrainedQuality(psnr_y_db=psnr_y_db, train_steps=5, train_seconds=0.25)


@pytest.mark.parametrize(
    ("families", "order"),
    [
        (SMSR, ["train", "measure"]),
        ({"classsr": {"channels": 8, "classes": 2}}, ["train", "measure"]),
        ({"seemore": {"channels": 8, "groups": [1, 2]}}, ["measure", "train"]),
    ],
)
def test_a_cost_that_is_learned_is_measured_after_the_training(
    small_search: Any, tmp_path: Path, listener: Any, families: Any, order: list[str]
) -> None:
    ordered = OrderedEvaluator()
    changes = {"families": families, "budget": {"trials": 2}, "sampler": "random"}
    run_search(small_search, tmp_path, ordered, listener, **changes)
    assert [step for step, _ in ordered.asked] == 2 * order


@pytest.mark.parametrize("sampler", ["nsga2", "tpe", "gp"])
def test_a_learned_cost_that_breaks_a_constraint_is_told_with_its_values(
    small_search: Any, tmp_path: Path, listener: Any, sampler: str
) -> None:
    changes = {
        "families": SMSR,
        "objectives": ["psnr_y_db", "latency_ms"],
        "constraints": {"latency_ms": {"max": 20}},
        "budget": {"trials": 9},
        "sampler": sampler,
    }
    _, records = run_search(small_search, tmp_path, OrderedEvaluator(), listener, **changes)
    slow = [record for record in records if record.latency_ms == 30]
    trained = [record for record in records if record.train_seconds is not None]
    assert slow and len(trained) == 9
    for record in slow:
        assert record.state in ("infeasible", "duplicate")
        assert (record.psnr_y_db, record.train_steps, record.macs_executed) == (33.0, 5, 3e9)

    study = optuna.load_study(
        study_name=STUDY_NAME,
        storage=JournalStorage(JournalFileBackend(str(RunDirectory(tmp_path).journal))),
    )
    for record, trial in zip(records, study.get_trials(), strict=True):
        assert trial.state == TrialState.COMPLETE
        assert trial.values == [record.psnr_y_db, record.latency_ms]
        assert record.latency_ms is not None
        assert trial.constraints == {"latency_ms": pytest.approx(record.latency_ms / 20 - 1)}
    # The best in both objectives of those that keep the bound are two modules, and one.
    assert {trial.values[1] for trial in study.best_trials} == {10, 20}


def test_a_network_too_large_for_the_input_is_not_trained(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    families = {"classsr": {"patch_px": [16, 32], "overlap_px": 0}, **SMSR}
    changes = {"families": families, "target": "eager:lr=16x64", "budget": {"trials": 6}}
    ordered = OrderedEvaluator()
    _, records = run_search(small_search, tmp_path, ordered, listener, sampler="random", **changes)
    too_large = [record for record in records if record.state == "infeasible"]
    assert too_large
    for record in too_large:
        assert record.config is not None and record.config["patch_px"] == 32
        assert "needs images of at least 32x32 px, got 16x64" in str(record.reason)
        assert record.train_seconds is None


class FailingEvaluator:
    """Fails for every candidate of a family, as a diverging training does."""

    def __init__(self, evaluator: Any, families: set[str], error: Exception) -> None:
        self._evaluator = evaluator
        self._families = families
        self._error = error

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        costs: MeasuredCosts = self._evaluator.measure(candidate)
        return costs

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        if candidate.config.family in self._families:
            raise self._error
        quality: TrainedQuality = self._evaluator.train(candidate, on_step, steps)
        return quality


def test_a_failing_candidate_is_recorded_and_the_search_goes_on(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    failing = FailingEvaluator(evaluator, {"seemore"}, RuntimeError("loss is\nnan at step 7"))
    reason, records = run_search(
        small_search, tmp_path, failing, listener, sampler="random", budget={"trials": 4}
    )
    failed = [record for record in records if record.state == "failed"]
    assert "4 trained" in reason
    assert failed
    assert {record.reason for record in failed} == {"RuntimeError: loss is nan at step 7"}
    assert {record.family for record in failed} == {"seemore"}


def test_an_interrupt_that_became_an_error_is_not_blamed_on_the_candidate(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    error = RuntimeError("trying to pop from empty mode stack")
    error.__context__ = KeyboardInterrupt()
    interrupted = FailingEvaluator(evaluator, {"seemore", "splitsr"}, error)
    with pytest.raises(KeyboardInterrupt):
        run_search(small_search, tmp_path, interrupted, listener)
    assert read_run(tmp_path).records == ()


def test_a_search_in_which_everything_fails_stops(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    failing = FailingEvaluator(evaluator, {"seemore", "splitsr"}, MemoryError("no memory left"))
    with pytest.raises(SearchFailedError, match="MemoryError: no memory left"):
        run_search(small_search, tmp_path, failing, listener)
    assert len(read_run(tmp_path).records) == MAX_FAILED_IN_A_ROW


def test_a_full_disk_is_not_blamed_on_the_candidate(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    full = FailingEvaluator(evaluator, {"seemore", "splitsr"}, OSError(28, "No space left"))
    with pytest.raises(OSError, match="No space left"):
        run_search(small_search, tmp_path, full, listener)
    assert read_run(tmp_path).records == ()


def test_minutes_are_counted_over_all_sessions(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    # A training of the closed form claims 0.25 s, so 0.5 s are spent after two of them.
    budget = {"minutes": 0.5 / 60}
    for _ in range(2):  # on a slow machine the first session may end after one
        reason, records = run_search(small_search, tmp_path, evaluator, listener, budget=budget)
        assert "minutes is spent" in reason
        assert sum(record.state == "trained" for record in records) <= 2


def test_published_networks_come_first(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    families = {"seemore": {"channels": [36, 48], "groups": {"low": 1, "high": 8}}}
    _, records = run_search(
        small_search, tmp_path, evaluator, listener, families=families, budget={"trials": 3}
    )
    sizes = [(r.config["channels"], r.config["groups"]) for r in records if r.config is not None]
    assert sizes[:2] == [(36, 6), (48, 8)]
    assert any("seemore-l, published, is outside the space" in line for line in listener.statuses)
