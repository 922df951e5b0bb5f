"""A search over a closed form that kills its own process."""

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


def search(folder: Path, config: dict[str, Any], kill_at: int, said: Path) -> None:
    """Search until SIGKILL at the `kill_at`-th call of `suggest_*` (0: never).

    That is in the middle of a proposal, as far from any tidy place as can be. What the process
    says goes into the file `said`.
    """
    sys.stdout = sys.stderr = said.open("w", buffering=1, encoding="utf-8")
    checked = SearchConfig.model_validate(config)
    run, listener = RunDirectory(folder), Silent()
    die_at(kill_at)
    with exclusive(folder):
        run.write_settings({"config": checked.model_dump(mode="json")})
        if mended := repair_journal(run.journal):
            listener.warning(mended)
        Search(checked, open_study(checked, run, listener), ClosedForm(), listener).run()
