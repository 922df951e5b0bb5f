"""What samplers propose: no network twice, no parameter outside their model, every family.

`benchmarks/duplicates.py` does the first with 1,000 trials.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from paretosr.config_files import find_config
from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig, load_search_config
from search.loop import Search
from search.session import open_study
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy, read_run

ALL_SYSTEMS = Path(__file__).parents[2] / "examples" / "all-systems-x2.yaml"


class EnoughError(Exception):
    """The wanted number of trials has ended."""


class Formula:
    """Quality and latency as formulas of the id of a network; counts how often it is trained."""

    def __init__(self) -> None:
        self.trainings: Counter[str] = Counter()

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        return MeasuredCosts(latency_ms=1.0 + self._hash(candidate) % 7)

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        self.trainings[candidate.arch_id] += 1
        psnr_y_db = 30 + self._hash(candidate) % 1000 / 1000
        return TrainedQuality(psnr_y_db=psnr_y_db, train_steps=5, train_seconds=0.25)

    @staticmethod
    def _hash(candidate: Candidate) -> int:
        return int(candidate.arch_id.rsplit("-", 1)[1], 16)


def search(
    folder: Path, config: SearchConfig, listener: Any, monkeypatch: pytest.MonkeyPatch, trials: int
) -> tuple[Formula, SearchStudy]:
    """A search that is cut short after so many trials, trained or not."""
    run, formula = RunDirectory(folder), Formula()
    run.write_settings({"config": config.model_dump(mode="json")})

    def count(record: Any) -> None:
        listener.records.append(record)
        if len(listener.records) == trials:
            raise EnoughError

    monkeypatch.setattr(listener, "trial_finished", count)
    study = open_study(config, run, listener)
    with pytest.raises(EnoughError):
        Search(config, study, formula, listener).run()
    return formula, study


@pytest.mark.parametrize(
    ("sampler", "trials"), [("nsga2", 50), ("tpe", 40), ("random", 60), ("gp", 14)]
)
def test_no_network_is_trained_twice_and_models_know_every_parameter(
    tmp_path: Path, listener: Any, monkeypatch: pytest.MonkeyPatch, sampler: str, trials: int
) -> None:
    quickstart = load_search_config(find_config("quickstart"))
    # A budget by which NSGA-II has more than one generation within these trials.
    changes = {"sampler": sampler, "budget": {"trials": 50, "steps": 5}, "ladder": "none"}
    written = quickstart.model_dump(mode="json", exclude_none=True)
    config = SearchConfig.model_validate({**written, **changes})
    formula, study = search(tmp_path, config, listener, monkeypatch, trials)
    assert set(formula.trainings.values()) == {1}
    states = Counter(record.state for record in read_run(tmp_path).records)
    assert states["trained"] == len(formula.trainings) and states.total() == trials
    assert states["duplicate"] or sampler == "gp"  # or this would show nothing

    proposal = study.next_proposal()
    config.space.suggest(proposal)
    modelled, drawn = proposal.trial.relative_params.keys(), proposal.trial.params.keys()
    if sampler == "gp":
        assert modelled == drawn
    elif sampler == "nsga2":  # some are mutated
        assert modelled <= drawn and len(modelled) > len(drawn) / 2


def test_all_systems_proposes_all_families(
    tmp_path: Path, listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = load_search_config(ALL_SYSTEMS)
    search(tmp_path, config, listener, monkeypatch, trials=40)
    proposed = Counter(record.family for record in read_run(tmp_path).records)
    assert proposed.keys() == {"splitsr", "seemore", "smsr", "classsr", "hybrid"}
