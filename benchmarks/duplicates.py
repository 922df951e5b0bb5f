"""How many proposals of each sampler build a network that an earlier one built, and that none of
them is trained: a search over the quickstart's space with quality as a formula.

    python benchmarks/duplicates.py [--trials 1000] [--samplers nsga2 tpe random gp]

Exit status 1 if a network was trained twice.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from search_overhead import QUICKSTART, FormulaEvaluator, measure, with_sampler

from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import TrainedQuality
from search.config import load_search_config

RESULT = Path(__file__).resolve().parent / "results" / "duplicates.md"
SHARES_OF = (40, 100)
"""First trials, as many as searches have."""
GP_MOST_TRIALS = 100


class CountingEvaluator(FormulaEvaluator):
    """Counts how often each network is trained."""

    def __init__(self) -> None:
        self.trainings: Counter[str] = Counter()

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        self.trainings[candidate.arch_id] += 1
        return super().train(candidate, on_step, steps)


def duplicates_share(records: list[TrialRecord]) -> float:
    return sum(record.state == "duplicate" for record in records) / len(records)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--samplers", nargs="+", default=["nsga2", "tpe", "random", "gp"])
    arguments = parser.parse_args()
    base = load_search_config(QUICKSTART)
    lines = [
        "| sampler | trials | trained | trained twice | broke a constraint | duplicates | "
        + " | ".join(f"of the first {count}" for count in SHARES_OF)
        + " |",
        "|---" * (6 + len(SHARES_OF)) + "|",
    ]
    trained_twice = 0
    for sampler in arguments.samplers:
        trials = min(arguments.trials, GP_MOST_TRIALS) if sampler == "gp" else arguments.trials
        config = with_sampler(base, sampler, trials)
        evaluator = CountingEvaluator()
        records = measure(config, trials, evaluator).records
        twice = sum(count - 1 for count in evaluator.trainings.values())
        trained_twice += twice
        states = Counter(record.state for record in records)
        shares = (duplicates_share(records), *(duplicates_share(records[:n]) for n in SHARES_OF))
        lines.append(
            f"| {sampler} | {trials} | {states['trained']} | {twice} | {states['infeasible']} | "
            + " | ".join(f"{share:.0%}" for share in shares)
            + " |"
        )
        sys.stdout.write(lines[-1] + "\n")
    text = (
        f"`{Path(__file__).name}`: the quickstart's space, PSNR and latency a hash of the network, "
        "of which nothing can be learned.\n\n"
    )
    RESULT.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")
    raise SystemExit(int(trained_twice > 0))


if __name__ == "__main__":
    main()
