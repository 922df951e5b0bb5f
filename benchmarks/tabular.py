"""The tabular benchmark: what many small networks of every family are worth after how many steps.

Searches are compared by replaying it, in seconds instead of days. Its networks are drawn once from
tabular/space.yaml and kept in tabular/architectures.csv with their exact costs and what their
structure says; each is trained x2 by the recipe steady, and judged on Set14 at every rung, at the
last one on B100 too. The first of each family are trained with three seeds.

    python benchmarks/tabular.py --data BSDS400 --set14 Set14 --b100 B100 \
        [--work runs/tabular] [--workers 2] [--hours 8]

appends to tabular/trainings.csv one row for each rung, on one thread per worker, and gives way to
whatever else runs on the machine. However it ends, the same command goes on where it stopped, as
long as it finds its checkpoints in the folder --work; a worker that is killed loses at most its
rung. The networks are in one order, in which the families take turns, so that every part of the
table is balanced. Their latency is measured at the end, with nothing beside it: see
tabular_latency.py.
"""

import argparse
import math
import os
import time

from common import stop_by_sigterm
from tabular_architectures import architectures
from tabular_table import RUNGS, Job, Rung, Trainings, trainings_in_order
from tabular_workers import Places, TrainingPool

from paretosr.cli.listener import TerminalListener


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hours", type=float, default=math.inf, help="then begin no more rungs")
    places, options = Places.parsed(parser)
    stop_by_sigterm()
    os.nice(19)
    deadline = time.monotonic() + 3600 * options.hours
    configs = architectures()
    trainings = Trainings()
    order = trainings_in_order([(id_, config.family) for id_, config in configs.items()])
    jobs = [
        Job(arch_id, seed, rungs)
        for arch_id, seed in order
        if (rungs := trainings.missing(arch_id, seed))
    ]
    total = len(order) * RUNGS[-1]
    done = total - sum(RUNGS[-1] - _reached(job.rungs) for job in jobs)
    with TerminalListener() as listener:
        listener.status(f"training with {options.workers} workers, steps")

        def on_rung(rung: Rung) -> None:
            nonlocal done
            trainings.add(rung)
            done += rung.steps - _before(rung.steps)
            listener.progress(done, total, f"{rung.arch_id} {rung.psnr_y_db:.2f} dB")

        pool = TrainingPool(
            configs,
            places,
            options.workers,
            deadline,
            on_rung,
            listener,
        )
        try:
            pool.train(jobs)
        except KeyboardInterrupt:
            listener.warning("stopped; the same command goes on")


def _reached(missing: tuple[int, ...]) -> int:
    return _before(missing[0])


def _before(steps: int) -> int:
    """The rung before a rung."""
    return max((rung for rung in RUNGS if rung < steps), default=0)


if __name__ == "__main__":
    main()
