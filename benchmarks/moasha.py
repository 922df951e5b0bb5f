"""MOASHA of Syne Tune on the tabular benchmark, in an environment of its own."""

import json
import subprocess
import venv
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REQUIREMENT = "syne-tune==0.16.0"
ENVIRONMENT = Path(__file__).resolve().parents[1] / "runs" / "syne-tune"
SCHEDULER = Path(__file__).with_name("moasha_scheduler.py")


@dataclass(frozen=True)
class MoashaSettings:
    """What is chosen of it on the rows that tune."""

    first_rung: int
    reduction_factor: int


@dataclass(frozen=True)
class Told:
    """A network of the table at a rung that MOASHA had it trained to."""

    arch_id: str
    steps: int
    steps_made: int


class Scheduler:
    """The scheduler in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, **question: object) -> dict[str, Any]:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def interpreter() -> Path:
    """The interpreter of the environment, which is made where it is not there yet."""
    python = ENVIRONMENT / "bin" / "python"
    marker = ENVIRONMENT / REQUIREMENT
    if not marker.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", REQUIREMENT]
        subprocess.run(pip, check=True)
        marker.touch()
    return python


@contextmanager
def scheduler() -> Iterator[Scheduler]:
    command = [str(interpreter()), "-W", "ignore", str(SCHEDULER)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Scheduler(process)
        assert process.stdin is not None
        process.stdin.close()


def moasha(
    scheduler: Scheduler,
    settings: MoashaSettings,
    rungs: Sequence[int],
    arch_ids: Sequence[str],
    unseen: Callable[[str], str | None],
    values: Callable[[str, int], tuple[float, float]],
    seed: int,
    budget_steps: int,
) -> list[Told]:
    """What it had trained until the steps were spent, in order.

    It draws from `arch_ids`; `unseen` gives what stands for a draw, as some were drawn already, or
    None when there are no more. `values` are the objectives at a rung, to be minimised.
    """
    scheduler.ask(
        start={
            "seed": seed,
            "choices": len(arch_ids),
            "first_rung": settings.first_rung,
            "reduction_factor": settings.reduction_factor,
            "steps": rungs[-1],
        }
    )
    told: list[Told] = []
    trial, spent = 0, 0
    while spent < budget_steps:
        drawn = arch_ids[scheduler.ask(suggest=True)["choice"]]
        if (arch_id := unseen(drawn)) is None:
            break
        before = 0
        for steps in rungs:
            if steps < settings.first_rung:
                continue
            spent += steps - before
            told.append(Told(arch_id, steps, steps - before))
            before = steps
            result = {"trial": trial, "steps": steps, "values": values(arch_id, steps)}
            if not scheduler.ask(result=result)["goes_on"] or spent >= budget_steps:
                break
        trial += 1
    return told


if __name__ == "__main__":
    interpreter()
