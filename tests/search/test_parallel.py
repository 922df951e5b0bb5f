"""Searches whose trials overlap, with a pool that ends them in an order that is known.

Covers search.history.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reports.records import TrialRecord
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.loop import MAX_FAILED_IN_A_ROW, Search, SearchFailedError
from search.session import open_study
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run
from search.workers.messages import Failed, Trained
from search.workers.pool import Training

SAMPLERS = ["nsga2", "tpe", "gp", "random"]
SMALL_SPACE = {
    "splitsr": {
        "channels": {"low": 8, "high": 40},
        "groups": [1, 2],
        "blocks": 1,
        "split_ratio": 1.0,
        "hybrid_index": 0,
        "hybrid_mode": "split_first",
        "location": "features",
        "attention": "none",
        "upsampler": "chain",
    }
}
Choose = Callable[[list[Training]], Training]


def youngest(running: list[Training]) -> Training:
    return max(running, key=lambda training: training.trial)


def by_name(running: list[Training]) -> Training:
    """An order of its own, that depends only on what is running."""
    return min(running, key=lambda training: training.candidate.arch_id[-10:])


class ScriptedPool:
    """Ends the training that `choose` picks of those that are under way."""

    def __init__(
        self, evaluator: Any, size: int = 3, choose: Choose = by_name, *, die_after: int = -1
    ) -> None:
        self.size = size
        self.stood_still = 0
        self._evaluator = evaluator
        self._choose = choose
        self._left = die_after
        self._running: list[Training] = []

    def submit(self, training: Training) -> None:
        ids = [other.candidate.arch_id for other in self._running]
        assert len(ids) < self.size
        assert training.candidate.arch_id not in (*ids, *self._evaluator.trained)
        self._running.append(training)

    def next_ended(self) -> Trained | Failed:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        training = self._choose(self._running)
        self._running.remove(training)
        return self._outcome(training)

    def _outcome(self, training: Training) -> Trained | Failed:
        quality = self._evaluator.train(training.candidate, lambda *_: None, training.steps)
        return Trained(training.trial, quality)

    def standing_still(self) -> AbstractContextManager[object]:
        self.stood_still += 1
        return nullcontext()


def run_search(
    config: dict[str, Any], folder: Path, listener: Any, evaluator: Any, pool: Any
) -> tuple[str, tuple[TrialRecord, ...]]:
    parsed = SearchConfig.model_validate(config)
    run = RunDirectory(folder)
    run.write_settings({"config": parsed.model_dump(mode="json")})
    study = open_study(parsed, run, listener)
    reason = Search(parsed, study, evaluator, listener, pool=pool).run()
    return reason, read_run(folder).records


def facts(records: tuple[TrialRecord, ...]) -> list[tuple[Any, ...]]:
    """Everything but the clock."""
    return [(r.trial, r.arch_id, r.state, r.reason, r.macs, r.psnr_y_db) for r in records]


@pytest.mark.parametrize("choose", [youngest, by_name])
def test_at_random_any_number_of_workers_makes_the_table_of_one(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any, choose: Choose
) -> None:
    config = {**small_search, "sampler": "random"}
    reason, alone = run_search(config, tmp_path / "alone", listener, evaluator, None)
    evaluator.trained.clear()
    pool = ScriptedPool(evaluator, 4, choose)
    again, together = run_search(config, tmp_path / "together", listener, evaluator, pool)
    assert facts(together) == facts(alone)
    assert again == reason and len(evaluator.trained) == 12


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_the_same_order_of_ends_gives_the_same_table_also_after_interruptions(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any, sampler: str
) -> None:
    trials = 13 if sampler == "gp" else 18  # which takes seconds for each after the tenth
    config = {**small_search, "sampler": sampler, "budget": {"trials": trials, "steps": 5}}
    if sampler == "gp":
        config["families"] = SMALL_SPACE
    pool = ScriptedPool(evaluator)
    reason, whole = run_search(config, tmp_path / "whole", listener, evaluator, pool)
    evaluator.trained.clear()
    for ends in (0, 1, 6, 4):
        dying = ScriptedPool(evaluator, die_after=ends)
        with pytest.raises(KeyboardInterrupt):
            run_search(config, tmp_path / "broken", listener, evaluator, dying)
    last = ScriptedPool(evaluator)
    again, broken = run_search(config, tmp_path / "broken", listener, evaluator, last)
    assert (again, facts(broken)) == (reason, facts(whole))
    assert len(evaluator.trained) == len(set(evaluator.trained)) == trials


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_no_architecture_is_trained_twice_not_even_at_a_time(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any, sampler: str
) -> None:
    config = {**small_search, "families": SMALL_SPACE, "sampler": sampler}
    config["budget"] = {"trials": 15 if sampler == "gp" else 40, "steps": 5}
    _, records = run_search(config, tmp_path, listener, evaluator, ScriptedPool(evaluator, 8))
    # The pool refuses any other; what a duplicate repeats is known when its trial ends.
    first = {record.arch_id: record for record in records if record.state == "trained"}
    for record in records:
        if record.state == "duplicate":
            assert record.psnr_y_db == first[record.arch_id].psnr_y_db
            assert f"trial {first[record.arch_id].trial} " in str(record.reason)
    assert [record.trial for record in records] == list(range(len(records)))


def test_a_space_smaller_than_the_pool_is_searched_to_its_end(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    families = {"splitsr": {**SMALL_SPACE["splitsr"], "channels": [8, 16, 24], "groups": 1}}
    config = {**small_search, "families": families, "sampler": "random"}
    pool = ScriptedPool(evaluator, 8)
    reason, records = run_search(config, tmp_path, listener, evaluator, pool)
    assert reason == "the space is exhausted: every architecture in it has been tried (3)"
    assert sorted(evaluator.trained) == sorted({record.arch_id for record in records})


def test_proposals_that_only_wait_for_others_do_not_go_on_forever(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    # With one group a hybrid index of 1 or more means the same, so that the other one is rare.
    rare = {"channels": 8, "groups": 1, "split_ratio": 0.5, "hybrid_index": {"low": 0, "high": 60}}
    families = {"splitsr": {**SMALL_SPACE["splitsr"], **rare}}
    config = {**small_search, "families": families, "sampler": "random"}
    pool = ScriptedPool(evaluator, 2)
    reason, records = run_search(config, tmp_path, listener, evaluator, pool)
    assert "exhausted" in reason
    assert len(evaluator.trained) == 2 < len(records)


class LosingPool(ScriptedPool):
    """Loses each of the first trainings as often as `losses` says, before it succeeds."""

    def __init__(self, evaluator: Any, losses: list[int]) -> None:
        super().__init__(evaluator)
        self._losses = losses
        self.trials: list[int] = []

    def submit(self, training: Training) -> None:
        super().submit(training)
        if training.trial not in self.trials:
            self.trials.append(training.trial)

    def _outcome(self, training: Training) -> Trained | Failed:
        place = self.trials.index(training.trial)
        if place < len(self._losses) and self._losses[place]:
            self._losses[place] -= 1
            return Failed(training.trial, "the process died (SIGKILL)", is_lost=True)
        return super()._outcome(training)


def test_what_a_worker_loses_is_trained_once_more_and_then_failed(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    config = {**small_search, "sampler": "random"}
    pool = LosingPool(evaluator, [1, 0, 2])
    _, records = run_search(config, tmp_path, listener, evaluator, pool)
    once, _, twice = pool.trials[:3]
    assert records[once].state == "trained"
    assert (records[twice].state, records[twice].reason) == ("failed", "the process died (SIGKILL)")
    again = {line.partition(" is trained once more")[0] for line in listener.warnings}
    assert again == {f"trial {once}", f"trial {twice}"}
    assert sum(record.state == "trained" for record in records) == 12


def test_workers_that_lose_everything_end_the_search(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    pool = LosingPool(evaluator, [2] * 100)
    with pytest.raises(SearchFailedError, match="the process died"):
        run_search(small_search, tmp_path, listener, evaluator, pool)
    assert len(read_run(tmp_path).records) == MAX_FAILED_IN_A_ROW


@pytest.mark.parametrize(
    ("objective", "target", "times"),
    [
        ("latency_ms", "eager", 12),
        ("macs", "eager", 0),
        ("latency_ms", "ssh://user@board/onnxruntime", 0),
    ],
)
def test_workers_stand_still_while_something_is_timed_on_their_machine(
    small_search: Any,
    tmp_path: Path,
    evaluator: Any,
    listener: Any,
    objective: str,
    target: str,
    times: int,
) -> None:
    config = {**small_search, "objectives": ["psnr_y_db", objective], "target": target}
    pool = ScriptedPool(evaluator)
    run_search(config, tmp_path, listener, evaluator, pool)
    assert pool.stood_still == times


def test_the_costs_of_a_candidate_are_known_before_it_is_given_to_a_worker(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    class Costly:
        trained = evaluator.trained
        train = staticmethod(evaluator.train)

        def measure(self, candidate: Any) -> MeasuredCosts:
            if candidate.config.model_dump()["groups"] == 3:
                raise RuntimeError("no such operator")
            return MeasuredCosts(latency_ms=1.0)

    config = {**small_search, "objectives": ["psnr_y_db", "latency_ms"], "sampler": "random"}
    pool = ScriptedPool(Costly())
    _, records = run_search(config, tmp_path, listener, Costly(), pool)
    failed = [record for record in records if record.config and record.config["groups"] == 3]
    assert failed and {record.state for record in failed} <= {"failed", "duplicate"}
    assert not {record.arch_id for record in failed} & set(evaluator.trained)


def test_minutes_are_those_that_pass_not_those_of_all_workers(
    small_search: Any, tmp_path: Path, evaluator: Any, listener: Any
) -> None:
    class Slow:
        trained = evaluator.trained
        measure = staticmethod(evaluator.measure)

        def train(self, candidate: Any, on_step: Any, steps: int) -> TrainedQuality:
            return replace(evaluator.train(candidate, on_step, steps), train_seconds=100.0)

    # A training claims 100 s of an earlier session: two workers spend 200 s on four, and a fifth
    # is under way then.
    config = {**small_search, "budget": {"minutes": 200 / 60}, "sampler": "random"}
    reason, records = run_search(config, tmp_path, listener, Slow(), ScriptedPool(Slow(), 2))
    assert reason == "the budget of 3.33333 minutes is spent"
    assert sum(record.state == "trained" for record in records) == 5
    assert 250 <= sum(record.wall_seconds for record in records) < 300
    again = run_search(config, tmp_path, listener, Slow(), ScriptedPool(Slow(), 2))
    assert again == (reason, records)
