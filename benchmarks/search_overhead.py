"""What the suite itself costs per trial, and what each sampler's `ask` costs beside it.

A search of 1,000 trials over the quickstart's space with quality as a formula: no training,
no validation, no timing. `ask` is Optuna's proposal with all its parameters; the overhead is
everything else of a trial: canonical form, analytic cost, constraint gate, record, journal.

    python benchmarks/search_overhead.py [--trials 1000] [--samplers nsga2 tpe random gp]
"""

import argparse
import itertools
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig, load_search_config
from search.listening import Standing
from search.loop import Search
from search.session import open_study
from search.storage.run_directory import RunDirectory

HERE = Path(__file__).resolve().parent
QUICKSTART = HERE.parent / "examples" / "quickstart.yaml"
RESULT = HERE / "results" / "search_overhead.md"
# Fitting Gaussian processes takes seconds per proposal, and longer with every trial.
GP_TRIALS = 60


class EnoughTrialsError(Exception):
    """The wanted number of trials is done."""


class FormulaEvaluator:
    """Answers at once."""

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        return MeasuredCosts(latency_ms=1.0 + len(candidate.arch_id) % 7)

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        score = int(candidate.arch_id.rsplit("-", 1)[1], 16) % 1000 / 1000
        return TrainedQuality(psnr_y_db=30 + score, train_steps=steps, train_seconds=0.0)


class Stopwatch:
    """Notes the moment at which each trial ends."""

    def __init__(self, trials: int) -> None:
        self._trials = trials
        self.records: list[TrialRecord] = []
        self.ends = [time.perf_counter()]

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def progress(self, done: int, total: int, text: str = "") -> None: ...

    def trial_started(self, record: TrialRecord, standing: Standing) -> None: ...

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None: ...

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None: ...

    def trial_finished(self, record: TrialRecord) -> None:
        self.records.append(record)
        self.ends.append(time.perf_counter())
        if len(self.records) == self._trials:
            raise EnoughTrialsError

    def overheads_ms(self) -> list[float]:
        """Each trial's time without its proposal."""
        spans = [end - start for start, end in itertools.pairwise(self.ends)]
        return [
            (span - record.propose_seconds) * 1e3
            for span, record in zip(spans, self.records, strict=True)
        ]


def measure(
    config: SearchConfig, trials: int, evaluator: FormulaEvaluator | None = None
) -> Stopwatch:
    with tempfile.TemporaryDirectory() as folder:
        run = RunDirectory(Path(folder))
        run.write_settings({})
        watch = Stopwatch(trials)
        study = open_study(config, run, watch)
        watch.ends = [time.perf_counter()]
        try:
            Search(config, study, evaluator or FormulaEvaluator(), watch).run()
        except EnoughTrialsError:
            return watch
    raise SystemExit("the search ended before its trials were done")


def row(sampler: str, watch: Stopwatch) -> str:
    overheads = watch.overheads_ms()
    asks = [record.propose_seconds * 1e3 for record in watch.records]
    tenth = len(overheads) // 10
    trained = sum(record.state == "trained" for record in watch.records)
    figures = (
        statistics.fmean(overheads),
        statistics.median(overheads[:tenth]),
        statistics.median(overheads[-tenth:]),
        statistics.fmean(asks),
        statistics.median(asks[-tenth:]),
    )
    return (
        f"| {sampler} | {len(overheads)} | {trained} | "
        + " | ".join(f"{figure:.1f}" for figure in figures)
        + " |"
    )


def with_sampler(base: SearchConfig, sampler: str, trials: int) -> SearchConfig:
    """The same search by another sampler, of so many trainings of one step."""
    return SearchConfig.model_validate(
        {
            **base.model_dump(mode="json", exclude_none=True),
            "sampler": sampler,
            "budget": {"trials": trials, "steps": 1},
            "ladder": "none",
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--samplers", nargs="+", default=["nsga2", "tpe", "random", "gp"])
    arguments = parser.parse_args()
    base = load_search_config(QUICKSTART)
    lines = [
        "| sampler | trials | trained | overhead, mean (ms) | first tenth, median (ms) "
        "| last tenth, median (ms) | ask, mean (ms) | ask, last tenth, median (ms) |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for sampler in arguments.samplers:
        config = with_sampler(base, sampler, 10 * arguments.trials)
        trials = min(arguments.trials, GP_TRIALS) if sampler == "gp" else arguments.trials
        lines.append(row(sampler, measure(config, trials)))
        sys.stdout.write(lines[-1] + "\n")
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(f"`{Path(__file__).name}`\n\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
