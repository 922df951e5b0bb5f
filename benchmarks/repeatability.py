"""How well measured latencies repeat.

First a network against itself: two instances of SeemoRe-T x4, built apart, by `paretosr
compare`, by plain medians and by torch.utils.benchmark, each in processes of its own, and in
every second run beside a process that loads a core. Then twelve networks of the search space
whose latencies lie at least 5 % apart, profiled twice, each time by a call of its own: are they
in the same order?

    python benchmarks/repeatability.py [--runs 20] [--max-seconds 45] [--only ratio|ranking]

writes results/repeatability_ratio.md and results/repeatability_ranking.md beside this script.
"""

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from statistics import geometric_mean, median

import torch
import torch.utils.benchmark
from common import device_text, paretosr

from blocks import NetworkConfig, SeemoReConfig
from paretosr.measuring.calibrating import space_and_target
from profilers import LatencyMeter, Subject, Target, prepare_checked
from search.space.sample import networks

RESULTS = Path(__file__).resolve().parent / "results"
ITSELF = Target.parse("eager:threads=1,lr=180x320")
RANKED = Target.parse("eager:threads=1,lr=90x160")
# For timing; with starting and preparing, a run takes less than 90 seconds.
ITSELF_SECONDS = 45.0
PLAIN_CALLS = 10
BENCHMARK_SECONDS = 8.0
CANDIDATES = 60
CANDIDATE_SECONDS = 2.0
# Minutes apart, since other work on the machine disturbs a measurement for seconds.
CANDIDATE_PASSES = 2
NETWORKS = 12
APART = 1.05
PROFILE_SECONDS = 40.0
LOAD = "import numpy; a = numpy.ones((1024, 1024))\nwhile True: a @ a"


@dataclass(frozen=True)
class Run:
    """The ratio of a network's time to its own."""

    is_loaded: bool
    ratio: float
    ci_low: float
    ci_high: float
    seconds: float
    plain: float
    benchmark: float


@contextmanager
def busy_core() -> Iterator[None]:
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-c", LOAD], env=one_thread)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def measure_itself(max_seconds: float, *, is_loaded: bool) -> Run:
    started = time.perf_counter()
    answer = paretosr(
        *("compare", "seemore-t", "seemore-t", "--scale", "4"),
        *("--target", str(ITSELF), "--max-seconds", str(max_seconds)),
    )
    seconds = time.perf_counter() - started
    (by_us,) = answer["others"]
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        plain = pool.apply(ratio_to_itself, (plain_median,))
        benchmark = pool.apply(ratio_to_itself, (benchmark_median,))
    values = (by_us["ratio"], by_us["ci_low"], by_us["ci_high"])
    return Run(is_loaded, *values, seconds, plain, benchmark)


def ratio_to_itself(seconds_of: Callable[[Callable[[], object]], float]) -> float:
    """One instance after the other, as is usual."""
    torch.set_num_threads(ITSELF.threads)
    subject = Subject(SeemoReConfig(scale=4))
    calls = [prepare_checked(subject.network(), ITSELF).call for _ in range(2)]
    first, second = map(seconds_of, calls)
    return first / second


def plain_median(call: Callable[[], object]) -> float:
    times = []
    for _ in range(PLAIN_CALLS):
        started = time.perf_counter()
        call()
        times.append(time.perf_counter() - started)
    return median(times)


def benchmark_median(call: Callable[[], object]) -> float:
    timer = torch.utils.benchmark.Timer("call()", globals={"call": call})
    return float(timer.blocked_autorange(min_run_time=BENCHMARK_SECONDS).median)


def ratio_page(runs: Sequence[Run]) -> str:
    within = sum(abs(run.ratio - 1) <= 0.01 for run in runs)
    covered = sum(run.ci_low <= 1 <= run.ci_high for run in runs)
    usual = {
        "plain medians": [run.plain for run in runs],
        "torch.utils.benchmark": [run.benchmark for run in runs],
    }
    return "\n".join(
        [
            "# A network against itself",
            "",
            f"`repeatability.py`: SeemoRe-T x4, {ITSELF}. The ratio of two instances that were "
            f"built apart lies within 1 % of 1 in **{within}** of {len(runs)} runs, its 95 % "
            f"interval covers 1 in **{covered}**; half of the runs beside a process that loads a "
            "core.",
            "",
            *(
                f"By {name}, one instance after the other: within 1 % in "
                f"{sum(abs(ratio - 1) <= 0.01 for ratio in ratios)}, "
                f"from {min(ratios):.3f} to {max(ratios):.3f}.\n"
                for name, ratios in usual.items()
            ),
            "| load | ratio | 95 % interval | seconds | plain medians | torch.utils.benchmark |",
            "|---|--:|---|--:|--:|--:|",
            *(
                f"| {'a busy core' if run.is_loaded else 'none'} | {run.ratio:.4f} "
                f"| {run.ci_low:.4f} to {run.ci_high:.4f} | {run.seconds:.0f} "
                f"| {run.plain:.4f} | {run.benchmark:.4f} |"
                for run in runs
            ),
            "",
            f"{device_text()}.",
            "",
        ]
    )


def some_apart() -> list[NetworkConfig]:
    """Networks whose latencies are the closest that are `APART`, by short measurements."""
    space, _ = space_and_target(None, None, 2)
    drawn = list(islice(networks(space, seed=0), CANDIDATES))
    with LatencyMeter(RANKED) as meter:
        calibration = meter.calibrate(PROFILE_SECONDS / 3)
        passes = [
            [
                meter.measure(Subject(config), calibration, max_seconds=CANDIDATE_SECONDS)
                for config in drawn
            ]
            for _ in range(CANDIDATE_PASSES)
        ]
    rough = {
        config: geometric_mean(latency.latency_ratio for latency in found)
        for config, *found in zip(drawn, *passes, strict=True)
    }
    chosen: list[NetworkConfig] = []
    for config in sorted(rough, key=rough.__getitem__):
        # A little more, since these are short measurements.
        if not chosen or rough[config] >= rough[chosen[-1]] * (APART + 0.02):
            chosen.append(config)
    return chosen[:NETWORKS]


def profile_each(configs: Sequence[NetworkConfig]) -> list[dict[str, float]]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "network.json")
        profiles = []
        for config in configs:
            file.write_text(config.model_dump_json())
            options = ("--target", str(RANKED), "--max-seconds", str(PROFILE_SECONDS))
            profiles.append(paretosr("profile", str(file), *options))
        return profiles


def ranking_page(configs: Sequence[NetworkConfig]) -> str:
    first, second = ([row["latency_ratio"] for row in profile_each(configs)] for _ in range(2))
    order = sorted(range(len(configs)), key=first.__getitem__)
    is_same = order == sorted(order, key=second.__getitem__)
    steps = [first[late] / first[early] for early, late in pairwise(order)]
    return "\n".join(
        [
            "# The order of two independent profiles",
            "",
            f"`repeatability.py`: {len(configs)} networks of the default search space, {RANKED}, "
            f"each profiled twice, {PROFILE_SECONDS:g} s by a call of its own. Neighbours lie "
            f"{min(steps) - 1:.1%} to {max(steps) - 1:.1%} apart. "
            f"**{'The same order' if is_same else 'Another order'}.**",
            "",
            "| network | ratio to the reference, first | second | apart |",
            "|---|--:|--:|--:|",
            *(
                f"| {configs[index].arch_id} | {first[index]:.4f} | {second[index]:.4f} "
                f"| {second[index] / first[index] - 1:+.1%} |"
                for index in order
            ),
            "",
            f"{device_text()}.",
            "",
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--max-seconds", type=float, default=ITSELF_SECONDS, help="of each run")
    parser.add_argument("--only", choices=["ratio", "ranking"])
    options = parser.parse_args()
    if options.only != "ranking":
        runs = []
        for number in range(options.runs):
            if number % 2:
                with busy_core():
                    runs.append(measure_itself(options.max_seconds, is_loaded=True))
            else:
                runs.append(measure_itself(options.max_seconds, is_loaded=False))
            print(runs[-1], flush=True)  # noqa: T201
            (RESULTS / "repeatability_ratio.md").write_text(ratio_page(runs), encoding="utf-8")
    if options.only != "ratio":
        (RESULTS / "repeatability_ranking.md").write_text(
            ranking_page(some_apart()), encoding="utf-8"
        )


if __name__ == "__main__":
    main()
