"""What a search writes down while it goes on, seen from inside it.

Covers search.storage.live_status.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from paretosr.answers.watching import View, Watcher
from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import TrainedQuality
from search.config import SearchConfig
from search.listening import SearchListener, Standing
from search.live import LiveListener, told_live
from search.loop import Search, on_trial_step
from search.preparation import initial_settings
from search.session import open_study
from search.storage.journal import exclusive
from search.storage.live_status import is_searched, read_status
from search.storage.run_directory import RunDirectory
from search.workers.pool import ThisProcess


class Observed:
    """An evaluator during whose trainings somebody looks at the run, before `then`."""

    def __init__(self, inner: Any, run: RunDirectory, then: Callable[[], None]) -> None:
        self.views: list[View] = []
        self.measure = inner.measure
        self._inner = inner
        self._watcher = Watcher(run.path)
        self._then = then

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        on_step(2, 0.25)
        self.views.append(self._watcher.look())
        self._then()
        found: TrainedQuality = self._inner.train(candidate, on_step, steps)
        return found


@pytest.fixture
def run(tmp_path: Path, search_config: SearchConfig) -> RunDirectory:
    found = RunDirectory(tmp_path)
    found.write_settings(initial_settings(search_config, 1))
    return found


def searched(
    run: RunDirectory,
    config: SearchConfig,
    evaluator: Any,
    listener: Any,
    then: Callable[[], None] = lambda: None,
) -> tuple[list[View], str]:
    """What was seen during each training, and what ended the search."""
    observed = Observed(evaluator, run, then)

    def search(live: SearchListener) -> str:
        pool = ThisProcess(observed, on_trial_step(live, config))
        study = open_study(config, run, live)
        return Search(config, study, observed, live, pool=pool).run()

    with exclusive(run.path):
        return observed.views, told_live(run, listener, search)


@pytest.fixture(autouse=True)
def _always_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("search.live.WRITE_SECONDS", 0.0)


def test_each_training_is_seen_while_it_goes_on(
    run: RunDirectory, search_config: SearchConfig, evaluator: Any, listener: Any
) -> None:
    views, reason = searched(run, search_config, evaluator, listener)
    assert len(views) == len(evaluator.trained) == 12
    for trained, (view, arch_id) in enumerate(zip(views, evaluator.trained, strict=True)):
        assert (view.state, view.trained) == ("running", trained)
        (one,) = view.under_way
        assert (one.arch_id, one.step, one.steps, one.loss) == (arch_id, 2, 5, 0.25)
        assert one.began <= view.looked <= time.time()
        assert (view.seconds_left is None) == (trained == 0)  # nothing to judge by
        assert f"{trained} of 12 candidates trained" in view.headline
    assert len(listener.records) >= 12  # which hears all of it too

    view = Watcher(run.path).look()
    assert (view.state, view.under_way, view.seconds_left) == ("ended", (), None)
    assert reason == "the budget of 12 trained candidates is spent" and reason in view.headline


@pytest.mark.parametrize(
    ("error", "words"),
    [(KeyboardInterrupt(), "interrupted"), (OSError(28, "No space left"), "No space left")],
)
def test_what_cuts_a_search_short_is_written_down(
    run: RunDirectory,
    search_config: SearchConfig,
    evaluator: Any,
    listener: Any,
    error: BaseException,
    words: str,
) -> None:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        searched(run, search_config, evaluator, listener, fail)
    view = Watcher(run.path).look()
    assert view.state == "ended" and words in str(read_status(run).ended)  # type: ignore[union-attr]
    with exclusive(run.path):  # taken up again, and not so far as to write it
        assert Watcher(run.path).look().state == "running"


def test_a_candidate_that_waits_at_a_rung_is_under_way_again_when_it_goes_on(
    run: RunDirectory, listener: Any
) -> None:
    reached: list[tuple[int, int, float]] = []
    listener.rung_reached = lambda *what: reached.append(what)
    live: Any = LiveListener(run, listener)

    def steps() -> list[int | None]:
        status = read_status(run)
        assert status is not None
        return [one.step for one in status.under_way]

    record = TrialRecord(trial=4, arch_id="n-1", family="n", scale=2, state="proposed")
    live.trial_started(record, Standing(0, 12, None))
    live.training_step(4, 2, 5, 0.5)
    live.rung_reached(4, 2, 31.5)
    assert (steps(), reached) == ([], [(4, 2, 31.5)])
    live.training_step(4, 3, 5, float("nan"))
    assert steps() == [3]
    live.trial_finished(record)
    assert steps() == []


def test_a_search_that_left_no_end_was_killed(
    run: RunDirectory, search_config: SearchConfig, evaluator: Any, listener: Any
) -> None:
    searched(run, search_config, evaluator, listener)
    status = read_status(run)
    assert status is not None
    Path(run.path / "status.json").write_text(
        (run.path / "status.json").read_text().replace(f'"{status.ended}"', "null")
    )
    view = Watcher(run.path).look()
    assert view.state == "not running" and "killed" in view.headline
    assert f"`paretosr search --resume {run.path}` continues it" in view.headline


def test_who_looks_holds_up_nobody(run: RunDirectory) -> None:
    assert not is_searched(run)
    with exclusive(run.path):
        assert is_searched(run) and is_searched(run)
    assert not is_searched(run)
    with exclusive(run.path):
        pass
