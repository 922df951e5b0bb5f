"""What a decision of a search with a ladder costs, when thousands of trials are known.

The trials before are made up: networks of an example's space with drawn curves, a fifth of them
finished and the others waiting at a rung. Then the search decides as always. Its processor time per
decision is told without that of the sampler, which is Optuna's and told beside it. Of the
quickstart's networks hardly any are then left to be proposed; in the space of all systems new
designs are costed at almost every decision.

    python benchmarks/ladder_overhead.py [--known 5000] [--decisions 30]
"""

import argparse
import math
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from optuna.trial import TrialState
from search_overhead import QUICKSTART, EnoughTrialsError, FormulaEvaluator, Stopwatch

from reports.records import TrialRecord
from search.allocation.state import Structure
from search.candidates.candidate import Candidate, Costing, described
from search.candidates.evaluator import TrainedQuality
from search.config import SearchConfig, load_search_config
from search.ladder import driver, offers, shadow
from search.ladder.climber import Climber
from search.sampler import ReproducibleSampler
from search.space.sample import networks
from search.storage.rungs import Draws, Goal
from search.storage.study import SearchStudy, Verdict

RESULT = Path(__file__).resolve().parent / "results" / "ladder_overhead.md"
RUNGS = (500, 1000, 2500)
EXAMPLES = {
    "quickstart.yaml": ("tpe", "nsga2", "random"),
    "all-systems-x2.yaml": ("tpe",),
}
"""The samplers that are looked at in the space of each."""


class Meter:
    """Adds up the processor time of calls, those of the sampler apart."""

    def __init__(self) -> None:
        self.decisions_ms: list[float] = []
        self.draws_ms: list[float] = []
        self._drawing = 0.0

    def drawing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            began = time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                self._drawing += time.process_time() - began

        return timed

    def deciding(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            self._drawing, began = 0.0, time.process_time()
            try:
                return function(*arguments, **options)
            finally:
                spent = time.process_time() - began - self._drawing
                self.decisions_ms.append(1e3 * spent)
                self.draws_ms.append(1e3 * self._drawing)

        return timed


def known_study(config: SearchConfig, known: int) -> SearchStudy:
    """A study in memory with so many trials."""
    study = SearchStudy(None, config.objectives, ReproducibleSampler("random", 0, 50))
    study.baseline = TrialRecord(
        trial=None, arch_id="bicubic-x2", family="bicubic", scale=2, state="trained", psnr_y_db=30.0
    )
    draw, costing = random.Random(0), Costing(config.target, 0)
    for number, network in enumerate(islice(networks(config.space, seed=1), known)):
        proposal = study.start(config.space.parameters(network), {})
        config.space.suggest(proposal)
        gmacs, depth = math.exp(draw.uniform(-1, 2.5)), draw.uniform(2, 12)
        candidate = Candidate.of(network)
        record = described(number, candidate, costing)
        macs, latency_ms = int(1e9 * gmacs), gmacs * draw.uniform(0.8, 1.5)
        record = replace(record, params=1000, macs=macs, activation_mib=1.0, latency_ms=latency_ms)
        structure = Structure(network.family, macs, 16, 9, depth, 9, 9.0)
        climber = Climber(proposal, candidate, record, structure)
        climber.begin()
        full_db = 31.5 + 0.25 * math.log(gmacs) + 0.1 * math.log(depth) + draw.gauss(0, 0.05)
        for rung in RUNGS[: draw.choice((1, 1, 1, 2, 3))]:
            climber.aim(Goal(rung, "", {}, {}, Draws(number, ())))
            psnr_y_db = full_db - 0.8 * math.exp(-rung / 700) + draw.gauss(0, 0.02)
            quality = TrainedQuality(psnr_y_db=psnr_y_db, train_steps=rung, train_seconds=rung / 99)
            climber.reach(quality, 1.0)
        if climber.steps == RUNGS[-1]:
            record = replace(climber.worth(), state="trained")
            study.tell(proposal, record, Verdict([record.psnr_y_db or 0.0, latency_ms], {}))
    # As a session finds those that the one before it left.
    trials = study._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    study._unfinished = trials
    return study


def decided(config: SearchConfig, known: int, decisions: int) -> tuple[int, Meter]:
    """How many trials are known, and what so many decisions cost."""
    meter, study = Meter(), known_study(config, known)
    count = study.next_number
    before = (driver.LadderSearch._decide, shadow.Shadow.draw, shadow.Draw._value)
    driver.LadderSearch._decide = meter.deciding(before[0])  # type: ignore[method-assign]
    shadow.Shadow.draw = meter.drawing(before[1])  # type: ignore[method-assign]
    shadow.Draw._value = meter.drawing(before[2])  # type: ignore[method-assign]
    try:
        search = driver.LadderSearch(
            config, study, FormulaEvaluator(), Stopwatch(sys.maxsize), population=50
        )
        search._restore()
        while len(meter.decisions_ms) < decisions + 1:
            search._occupy()
            search._end_training(search._pool.next_ended())
    except EnoughTrialsError:
        pass
    finally:
        driver.LadderSearch._decide = before[0]  # type: ignore[method-assign]
        shadow.Shadow.draw, shadow.Draw._value = before[1:]  # type: ignore[method-assign]
    del meter.decisions_ms[0], meter.draws_ms[0]  # the first one fills the offers
    return count, meter


def with_ladder(example: str, sampler: str, known: int) -> SearchConfig:
    """The search of an example with a ladder, which goes on for long after so many trials."""
    base = load_search_config(QUICKSTART.with_name(example))
    return SearchConfig.model_validate(
        {
            **base.model_dump(mode="json", exclude_none=True),
            "sampler": sampler,
            "constraints": {},
            "training": {"recipe": "steady"},
            "budget": {"trials": 10 * known, "steps": RUNGS[-1]},
            "ladder": {"rungs": RUNGS},
        }
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--known", type=int, default=5000)
    parser.add_argument("--decisions", type=int, default=30)
    arguments = parser.parse_args()
    lines = [
        f"`{Path(__file__).name}`: {offers.FIRST_DRAWS} draws for the first start and one for "
        "each start after it.",
        "",
        "| example | sampler | known trials | decisions | median (ms) | mean (ms) "
        "| nine of ten below (ms) | the sampler's draw, median (ms) |",
        "|---" * 8 + "|",
    ]
    for example, sampler in ((it, name) for it, names in EXAMPLES.items() for name in names):
        config = with_ladder(example, sampler, arguments.known)
        known, meter = decided(config, arguments.known, arguments.decisions)
        found = meter.decisions_ms
        figures = (
            statistics.median(found),
            statistics.fmean(found),
            statistics.quantiles(found, n=10)[-1],
            statistics.median(meter.draws_ms),
        )
        lines.append(
            f"| {example} | {sampler} | {known:,} | {len(found)} | "
            + " | ".join(f"{figure:.0f}" for figure in figures)
            + " |"
        )
        sys.stdout.write(lines[-1] + "\n")
        sys.stdout.flush()
    RESULT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
