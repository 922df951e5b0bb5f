"""A listener that knows nothing of trials follows a search all the same."""

from pathlib import Path
from typing import Any

from foundation.listener import SILENT
from search.config import SearchConfig
from search.listening import as_search_listener
from search.loop import Search
from search.session import open_study
from search.storage.run_directory import RunDirectory


class Heard:
    """A plain listener."""

    def __init__(self) -> None:
        self.progressed: list[tuple[int, int]] = []
        self.statuses: list[str] = []

    def status(self, text: str) -> None:
        self.statuses.append(text)

    def warning(self, text: str) -> None: ...

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.progressed.append((done, total))


def searched(tmp_path: Path, config: SearchConfig, evaluator: Any, heard: Heard) -> None:
    listener, run = as_search_listener(heard), RunDirectory(tmp_path)
    run.write_settings({})
    Search(config, open_study(config, run, listener), evaluator, listener).run()


def test_the_trained_candidates_are_the_progress(
    tmp_path: Path, search_config: SearchConfig, evaluator: Any
) -> None:
    heard = Heard()
    searched(tmp_path, search_config, evaluator, heard)
    assert heard.progressed == [(trained, 12) for trained in range(12)]
    assert any("proposed first" in text or "outside" in text for text in heard.statuses)


def test_without_a_budget_of_trials_the_candidate_is_named(
    tmp_path: Path, small_search: dict[str, Any], evaluator: Any
) -> None:
    small = {"splitsr": {"channels": [8, 16], "groups": 1, "blocks": 1, "split_ratio": 1.0}}
    small["splitsr"] |= {"hybrid_index": 0, "hybrid_mode": "split_first", "upsampler": "one_step"}
    small["splitsr"] |= {"location": "features", "attention": "none"}
    config = {**small_search, "families": small, "budget": {"minutes": 5}}
    heard = Heard()
    searched(tmp_path, SearchConfig.model_validate(config), evaluator, heard)
    assert heard.progressed == []
    assert sum(text.startswith("trial ") for text in heard.statuses) == len(evaluator.trained) == 2


def test_one_that_hears_of_trials_is_taken_as_it_is(listener: Any) -> None:
    assert as_search_listener(listener) is listener
    assert as_search_listener(SILENT) is not SILENT
