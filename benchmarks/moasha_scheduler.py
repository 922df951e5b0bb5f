"""MOASHA of Syne Tune, asked and told line by line: run by the interpreter of its own environment.

A line of JSON on standard input is one of

    {"start": {"seed": 0, "choices": 100, "first_rung": 100, "reduction_factor": 3, "steps": 2500}}
    {"suggest": true}                                   -> {"choice": 17}
    {"result": {"trial": 3, "steps": 500, "values": [-31.2, 4.5]}}      -> {"goes_on": false}

and what is answered is a line of JSON on standard output. Values are minimised. Nothing of ours is
imported here.
"""

import json
import sys
from datetime import datetime

import numpy as np
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import randint
from syne_tune.optimizer.scheduler import SchedulerDecision
from syne_tune.optimizer.schedulers.multiobjective.moasha import MOASHA


def main() -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if "start" in asked:
            run = Run(**asked["start"])
            answer = {}
        elif "suggest" in asked:
            answer = {"choice": run.suggested()}
        else:
            answer = {"goes_on": run.goes_on(**asked["result"])}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


class Run:
    """One search."""

    def __init__(
        self, seed: int, choices: int, first_rung: int, reduction_factor: float, steps: int
    ) -> None:
        # What the scheduler draws from, beside the seed that it is given.
        np.random.seed(seed)
        self._trials: list[Trial] = []
        self._scheduler = MOASHA(
            {"choice": randint(0, choices - 1)},
            metrics=["first", "second"],
            time_attr="steps",
            max_t=steps,
            grace_period=first_rung,
            reduction_factor=reduction_factor,
            random_seed=seed,
        )

    def suggested(self) -> int:
        config = self._scheduler.suggest().config
        self._trials.append(Trial(len(self._trials), config, datetime(2026, 1, 1)))
        self._scheduler.on_trial_add(self._trials[-1])
        return int(config["choice"])

    def goes_on(self, trial: int, steps: int, values: tuple[float, float]) -> bool:
        result = {"steps": steps, "first": values[0], "second": values[1]}
        decision = self._scheduler.on_trial_result(self._trials[trial], result)
        return bool(decision == SchedulerDecision.CONTINUE)


if __name__ == "__main__":
    main()
