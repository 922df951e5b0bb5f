"""Searches with a ladder over a real study, with quality as a formula instead of a training.

Covers search.ladder.budget, search.ladder.climber, search.ladder.knowledge and
search.candidates.checkpoints.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import Trial

from paretosr.answers.watching import Watcher
from reports.ladder import family_rows
from reports.pareto import front
from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.listening import TRAININGS, Standing
from search.live import LiveListener
from search.loop import MAX_FAILED_IN_A_ROW, SearchFailedError
from search.preparation import initial_settings
from search.storage.run_directory import RunDirectory
from search.storage.study import RunContents, read_run
from search.workers.messages import Failed, Trained
from search.workers.pool import Training

RUNGS = (10, 20, 50)


def facts(contents: RunContents) -> list[tuple[Any, ...]]:
    """Everything but the clock."""
    return [
        (r.trial, r.arch_id, r.state, r.reason, r.train_steps, r.psnr_y_db)
        for r in contents.records
    ]


def states(contents: RunContents) -> Counter[str]:
    return Counter(record.state for record in contents.records)


@pytest.fixture(scope="module")
def searched(
    ladder_search: dict[str, Any],
    tmp_path_factory: pytest.TempPathFactory,
    begin: Any,
    new_curves: Any,
    two_workers: Any,
) -> tuple[str, RunContents, Any]:
    """What ended a search of two workers, what it found, and what was trained."""
    folder, curves = tmp_path_factory.mktemp("ladder") / "run", new_curves()
    reason = begin(ladder_search, folder, curves, two_workers(curves)).run()
    return reason, read_run(folder), curves


def test_the_budget_is_full_trainings_worth_of_steps(searched: Any) -> None:
    reason, found, curves = searched
    assert reason == "the budget of 6 full trainings, 300 steps, is spent"
    reached = {record.arch_id: record.train_steps for record in found.records}
    # What is left is too little to finish any of those that were begun, which takes 30 or 40.
    assert 260 < sum(reached.values()) <= 300
    # Each rung was trained once, and those below it before.
    assert len(curves.trained) == len(set(curves.trained))
    for arch_id, steps in reached.items():
        rungs = [rung for rung in RUNGS if rung <= steps]
        assert [it for name, it in curves.trained if name == arch_id] == rungs


def test_who_listens_hears_of_each_rung_but_the_last_and_of_trainings_worth(
    ladder_search: dict[str, Any],
    tmp_path: Path,
    begin: Any,
    new_curves: Any,
    two_workers: Any,
    listener: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reached: list[tuple[int, int]] = []
    standings: list[Standing] = []
    listener.rung_reached = lambda trial, steps, _: reached.append((trial, steps))
    listener.trial_started = lambda _, standing: standings.append(standing)
    monkeypatch.setattr("search.live.WRITE_SECONDS", 0.0)
    curves, folder = new_curves(), tmp_path / "run"
    folder.mkdir()
    live = LiveListener(RunDirectory(folder), listener)
    begin(ladder_search, folder, curves, two_workers(curves), listener=live).run()
    names = {record.trial: record.arch_id for record in read_run(folder).records}
    below = [(name, steps) for name, steps in curves.trained if steps < RUNGS[-1]]
    assert sorted((names[trial], steps) for trial, steps in reached) == sorted(below)
    assert {standing.unit for standing in standings} == {TRAININGS}
    spent = [standing.trained for standing in standings]
    assert spent == sorted(spent) and spent[0] == 0 and 3 <= spent[-1] <= 6

    config = SearchConfig.model_validate(ladder_search)
    RunDirectory(folder).write_settings(initial_settings(config, 2))
    view = Watcher(folder).look()
    ended = sum(steps == RUNGS[-1] for _, steps in curves.trained)
    assert f"{ended} candidates trained to the end, {spent[-1]} of 6 full" in view.headline
    document = view.to_dict()
    assert (document["trained"], document["spent"], document["budget"]) == (ended, spent[-1], 6)
    assert document["unit"] == TRAININGS


def test_those_that_never_reached_the_last_rung_are_stopped_and_off_the_front(
    searched: Any,
) -> None:
    _, found, _ = searched
    assert states(found).keys() == {"trained", "stopped"}
    for record in found.records:
        assert (record.train_steps == 50) == (record.state == "trained")
        assert record.psnr_y_db is not None and record.start == "scratch"
        if record.state == "stopped":
            assert str(record.reason).startswith(f"stopped after {record.train_steps} of 50 steps:")
    best = front([*found.records, found.baseline], ["psnr_y_db", "macs"])
    assert {record.train_steps for record in best if not record.is_baseline} == {50}


def test_every_rung_is_told_and_every_family_counted(searched: Any) -> None:
    _, found, curves = searched
    trials = {record.arch_id: record.trial for record in found.records}
    rows = sorted((row.trial, row.steps) for row in found.ladder.curves)
    assert rows == sorted((trials[arch_id], steps) for arch_id, steps in curves.trained)
    assert all(row.seconds == pytest.approx(0.01 * row.steps) for row in found.ladder.curves)
    families = family_rows(found.records, found.ladder)
    assert [row.family for row in families] == ["seemore", "splitsr"]
    for row in families:
        own = [record for record in found.records if record.family == row.family]
        assert (row.trained, row.gated) == (len(own), 0)
        assert row.promoted == sum(record.train_steps > 10 for record in own)
        assert row.finished == sum(record.train_steps == 50 for record in own)
        assert row.proposed >= row.trained


def test_front_points_have_their_probability_and_both_estimates_are_compared(searched: Any) -> None:
    _, found, _ = searched
    finished = [record for record in found.records if record.state == "trained"]
    assert found.ladder.estimation.finished == len(finished)
    for record in front(finished, ["psnr_y_db", "macs"]):
        assert 0 < record.front_probability <= 1
    assert all(it.front_probability is None for it in found.records if it.state == "stopped")


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any, two_workers: Any
) -> None:
    config = {**ladder_search, "sampler": "nsga2", "budget": {"trials": 4, "steps": 50}}
    reason = begin(config, tmp_path / "whole", curves, two_workers(curves)).run()
    whole = facts(read_run(tmp_path / "whole"))
    curves.trained.clear()
    for ends in (0, 5):
        dying = two_workers(curves, die_after=ends)
        with pytest.raises(KeyboardInterrupt):
            begin(config, tmp_path / "broken", curves, dying).run()
    again = begin(config, tmp_path / "broken", curves, two_workers(curves)).run()
    assert (again, facts(read_run(tmp_path / "broken"))) == (reason, whole)
    assert len(curves.trained) == len(set(curves.trained))


def test_a_search_that_ends_within_a_proposal_goes_on_with_the_same_one(
    ladder_search: Any,
    tmp_path: Path,
    begin: Any,
    curves: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = {**ladder_search, "budget": {"trials": 3, "steps": 50}}
    begin(config, tmp_path / "whole", curves).run()
    original, calls = Trial.suggest_categorical, 0

    def dying(trial: Trial, name: str, choices: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls in (1, 40):
            raise KeyboardInterrupt
        return original(trial, name, choices)

    monkeypatch.setattr(Trial, "suggest_categorical", dying)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            begin(config, tmp_path / "broken", curves).run()
    begin(config, tmp_path / "broken", curves).run()
    assert facts(read_run(tmp_path / "broken")) == facts(read_run(tmp_path / "whole"))


def test_a_larger_budget_goes_on_without_training_anything_twice(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any
) -> None:
    small = {**ladder_search, "budget": {"trials": 2, "steps": 50}}
    begin(small, tmp_path / "run", curves).run()
    before = facts(read_run(tmp_path / "run"))
    assert begin(small, tmp_path / "run", curves).run() == (
        "the budget of 2 full trainings, 100 steps, is spent"
    )
    assert facts(read_run(tmp_path / "run")) == before
    begin({**small, "budget": {"trials": 4, "steps": 50}}, tmp_path / "run", curves).run()
    after = read_run(tmp_path / "run")
    assert facts(after)[: len(before)] == before
    assert 160 < sum(record.train_steps or 0 for record in after.records) <= 200
    assert len(curves.trained) == len(set(curves.trained))


def test_only_what_was_finished_keeps_its_checkpoints(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any
) -> None:
    run = RunDirectory(tmp_path / "run")

    class Saving:
        measure = staticmethod(curves.measure)

        def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
            folder = run.checkpoints(candidate.arch_id, 0)
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("model.safetensors", "training-state.safetensors"):
                (folder / name).touch()
            quality: TrainedQuality = curves.train(candidate, on_step, steps)
            return quality

    begin({**ladder_search, "budget": {"trials": 4, "steps": 50}}, run.path, Saving()).run()
    records = read_run(run.path).records
    finished = {record.arch_id for record in records if record.state == "trained"}
    kept = {path.parent.parent.name for path in run.path.glob("checkpoints/*/*/*")}
    assert len(finished) < len(records)
    assert kept == finished
    assert not list(run.path.glob("checkpoints/*/*/training-state.safetensors"))


def test_minutes_end_a_search_too_and_what_can_be_finished_is(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any
) -> None:
    class Slow:
        """A step claims a second, so that a full training takes 50 s."""

        measure = staticmethod(curves.measure)

        def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
            quality: TrainedQuality = curves.train(candidate, on_step, steps)
            return TrainedQuality(
                psnr_y_db=quality.psnr_y_db, train_steps=steps, train_seconds=float(steps)
            )

    config = {**ladder_search, "budget": {"minutes": 3, "steps": 50}}
    reason = begin(config, tmp_path / "run", Slow()).run()
    found = read_run(tmp_path / "run").records
    assert reason == "the budget of 3 minutes is spent"
    assert any(record.state == "trained" for record in found)
    trained = sum(record.train_steps or 0 for record in found)
    assert 100 < trained <= 180 + 40
    passed = sum(record.wall_seconds for record in found)
    assert passed == pytest.approx(trained, abs=30)  # of which our own part is little


class Losing:
    """Loses the first training of some rungs, or each."""

    def __init__(self, pool: Any, rungs: tuple[int, ...], *, again: bool) -> None:
        self._pool = pool
        self._rungs = rungs
        self._again = again
        self._lost: set[int] = set()
        self.size = pool.size
        self.submit = pool.submit
        self.next_ended = pool.next_ended
        self.standing_still = pool.standing_still
        self._outcome = pool.outcome
        pool.outcome = self._lose

    def _lose(self, training: Training) -> Trained | Failed:
        if training.steps in self._rungs and (self._again or training.trial not in self._lost):
            self._lost.add(training.trial)
            return Failed(training.trial, "the process died (SIGKILL)", is_lost=True)
        outcome: Trained | Failed = self._outcome(training)
        return outcome


def test_a_rung_whose_worker_is_lost_is_tried_once_more(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any, two_workers: Any, listener: Any
) -> None:
    config = {**ladder_search, "budget": {"trials": 3, "steps": 50}}
    pool = Losing(two_workers(curves), RUNGS, again=False)
    begin(config, tmp_path / "lossy", curves, pool, listener=listener).run()
    found = read_run(tmp_path / "lossy")
    assert states(found).keys() == {"trained", "stopped"}
    assert 110 < sum(it.train_steps or 0 for it in found.records) <= 150
    assert any("is trained once more" in line for line in listener.warnings)


def test_one_that_fails_on_its_way_up_says_what_it_has_cost(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any, two_workers: Any
) -> None:
    config = {**ladder_search, "budget": {"trials": 3, "steps": 50}}
    pool = Losing(two_workers(curves), (20,), again=True)
    begin(config, tmp_path / "run", curves, pool).run()
    found = read_run(tmp_path / "run").records
    failed = [record for record in found if record.state == "failed"]
    assert failed
    for record in failed:
        assert (record.train_steps, record.psnr_y_db) == (10, None)
        assert record.reason == "the process died (SIGKILL)"
    assert sum(record.train_steps or 0 for record in found) <= 150


def test_workers_that_lose_everything_end_the_search(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any, two_workers: Any
) -> None:
    pool = Losing(two_workers(curves), RUNGS, again=True)
    with pytest.raises(SearchFailedError, match="the process died"):
        begin(ladder_search, tmp_path / "run", curves, pool).run()
    assert len(read_run(tmp_path / "run").records) == MAX_FAILED_IN_A_ROW


def test_a_used_up_space_ends_the_search_when_all_are_finished(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any
) -> None:
    one = {"groups": 1, "blocks": 1, "split_ratio": 1.0, "hybrid_index": 0}
    one |= {"hybrid_mode": "split_first", "location": "features", "attention": "none"}
    families = {"splitsr": {**one, "upsampler": "chain", "channels": [8, 16, 24]}}
    config = {**ladder_search, "families": families, "constraints": {"macs": {"max": 6e9}}}
    reason = begin(config, tmp_path / "run", curves).run()
    found = read_run(tmp_path / "run")
    assert "the space is exhausted" in reason and "(3)" in reason
    assert states(found) == {"trained": 2}
    assert found.ladder is not None
    (row,) = family_rows(found.records, found.ladder)
    assert (row.proposed, row.gated, row.trained, row.finished) == (3, 1, 2, 2)


def test_a_latency_is_measured_before_the_training_and_may_rule_a_candidate_out(
    ladder_search: Any, tmp_path: Path, begin: Any, curves: Any
) -> None:
    config = {
        **ladder_search,
        "objectives": ["psnr_y_db", "latency_ms"],
        "constraints": {"latency_ms": {"max": 8}},
        "budget": {"trials": 2, "steps": 50},
    }
    begin(config, tmp_path / "run", curves).run()
    found = read_run(tmp_path / "run").records
    slow = {record.arch_id for record in found if record.latency_ms == 16}
    assert slow and {it.state for it in found if it.arch_id in slow} == {"infeasible"}
    assert not slow & {arch_id for arch_id, _ in curves.trained}
    assert Counter(curves.measured).most_common(1)[0][1] == 1


def test_what_only_trained_weights_tell_is_measured_at_the_first_rung_and_at_the_last(
    ladder_search: Any, tmp_path: Path, begin: Any
) -> None:
    class Masks:
        def __init__(self) -> None:
            self.asked: list[tuple[str, object]] = []

        def measure(self, candidate: Candidate) -> MeasuredCosts:
            self.asked.append((candidate.arch_id, "measured"))
            modules = candidate.config.model_dump()["modules"]
            return MeasuredCosts(latency_ms=10.0 * modules, macs_executed=1e9 * modules)

        def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
            self.asked.append((candidate.arch_id, steps))
            modules = candidate.config.model_dump()["modules"]
            return TrainedQuality(psnr_y_db=30.5 + modules, train_steps=steps, train_seconds=0.1)

    masks = Masks()
    config = {
        **ladder_search,
        "families": {"smsr": {"channels": 16, "modules": {"low": 1, "high": 3}, "layers": 1}},
        "objectives": ["psnr_y_db", "latency_ms"],
        "constraints": {"latency_ms": {"max": 20}},
        "budget": {"trials": 5, "steps": 50},
    }
    begin(config, tmp_path / "run", masks).run()
    by_latency: dict[float | None, TrialRecord] = {
        record.latency_ms: record for record in read_run(tmp_path / "run").records
    }
    assert {ms: it.state for ms, it in by_latency.items()} == {
        10.0: "trained",
        20.0: "trained",
        30.0: "infeasible",
    }
    slow = by_latency[30.0]
    assert (slow.train_steps, slow.psnr_y_db) == (10, 33.5)
    asked = [what for arch_id, what in masks.asked if arch_id == slow.arch_id]
    assert asked == [10, "measured"]
    asked = [what for arch_id, what in masks.asked if arch_id == by_latency[10.0].arch_id]
    assert asked == [10, "measured", 20, 50, "measured"]
