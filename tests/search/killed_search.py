"""A search over a closed form that kills itself: `RUN_DIR CONFIG_JSON SAMPLER KILL_AT`.

It dies by SIGKILL at the KILL_AT-th call of `suggest_*` (0: never), in the middle of a
proposal, as far from any tidy place as can be.
"""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from optuna.trial import Trial

from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, TrainedQuality
from search.config import SearchConfig
from search.listening import Standing
from search.loop import Search
from search.session import open_study
from search.storage.journal import exclusive, repair_journal
from search.storage.run_directory import RunDirectory


class ClosedForm:
    def measure(self, candidate: Candidate) -> MeasuredCosts:
        return MeasuredCosts()

    def train(self, candidate: Candidate, on_step: Any, steps: int) -> TrainedQuality:
        fields = candidate.config.model_dump()
        psnr = 30 + fields["channels"] / 16 + fields["groups"] / 7
        return TrainedQuality(psnr_y_db=psnr, train_steps=1, train_seconds=0.0)


class Silent:
    def status(self, text: str) -> None:
        sys.stdout.write(text + "\n")

    warning = status

    def progress(self, done: int, total: int, text: str = "") -> None: ...

    def trial_started(self, record: Any, standing: Standing) -> None: ...

    def training_step(self, trial: int, step: int, steps: int, loss: float) -> None: ...

    def rung_reached(self, trial: int, steps: int, psnr_y_db: float) -> None: ...

    def trial_finished(self, record: Any) -> None: ...


def die_at(call: int) -> None:
    count = 0
    for name in ("suggest_categorical", "suggest_int"):
        original = getattr(Trial, name)

        def counted(*arguments: Any, original: Any = original, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count == call:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **options)

        setattr(Trial, name, counted)


def main() -> None:
    folder, config_json, kill_at = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    config = SearchConfig.model_validate(json.loads(config_json))
    run, listener = RunDirectory(folder), Silent()
    die_at(kill_at)
    with exclusive(folder):
        run.write_settings({"config": config.model_dump(mode="json")})
        if mended := repair_journal(run.journal):
            listener.warning(mended)
        Search(config, open_study(config, run, listener), ClosedForm(), listener).run()


main()
