"""What other MAC counters give on the cases of the truth suite, and how fast ours is.

    python benchmarks/counters.py

writes results/counters.md beside this script. The cases and their MACs, counted by hand, are
those of tests/profilers/counting/test_macs_truth.py.
"""

import importlib.util
import platform
import time
import tracemalloc
import warnings
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from blocks import catalogue_config
from profilers import CrossCheck, MacsReport, count_macs
from profilers.counting.crosscheck import cross_check_on
from profilers.counting.paths import counted_image, network_on_meta

HERE = Path(__file__).parent
TRUTH = HERE.parent / "tests" / "profilers" / "counting" / "test_macs_truth.py"
TIMED = (("seemore-t", 4), ("rcan", 4), ("edsr-baseline", 4))
COUNTS = 20
LONGEST_REASON = 100


def main() -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    table = make_report(list(load_truth().CASES))
    print(table)  # noqa: T201
    (HERE / "results" / "counters.md").write_text(table, encoding="utf-8")


def load_truth() -> ModuleType:
    """Return the truth suite as a module, though tests are no package."""
    spec = importlib.util.spec_from_file_location("truth", TRUTH)
    assert spec is not None and spec.loader is not None  # the path ends with .py
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def make_report(cases: list[Any]) -> str:
    rows: list[str] = []
    right: Counter[str] = Counter()
    for case in cases:
        module, inputs = case.build(), case.inputs()
        ours = count_macs(module, *inputs)
        checks = (*cross_check_on(module, *inputs), check_torch(module, inputs, ours))
        right.update(check.tool for check in checks if check.macs == case.macs)
        right["ours"] += ours.total == case.macs and not ours.uncounted
        rows.append(make_row(case.name, case.macs, ours, checks))
    score = ", ".join(f"{tool} {right[tool]}" for tool in ("ours", "thop", "fvcore", "torch"))
    return "\n".join(
        [
            "# MAC counters on the truth suite",
            "",
            f"torch {torch.__version__}, fvcore {version('fvcore')}, thop {version('thop')}, "
            f"Python {platform.python_version()}; CPU, evaluation mode, values not shapes.",
            "",
            "By hand: multiply-adds of convolutions, linear layers and matrix products, written "
            "out in tests/profilers/counting/test_macs_truth.py. fvcore and thop print theirs as "
            "such; torch is FlopCounterMode, halved. A dash: the counter fails.",
            "",
            f"Right, of {len(cases)}: {score}.",
            "",
            "| case | by hand | ours | thop | fvcore | torch | why they differ |",
            "|---|--:|--:|--:|--:|--:|---|",
            *rows,
            "",
            "# The time of counting",
            "",
            "Networks on the meta device, output 1280x720, processor time of one thread, median "
            f"of {COUNTS} counts (extremes). The first count is given apart. Memory is what "
            "Python allocates; the meta device allocates none.",
            "",
            "| network | operators | per count, ms | per operator, ms | peak, MiB |",
            "|---|--:|--:|--:|--:|",
            *(time_counting(name, scale) for name, scale in TIMED),
            "",
        ]
    )


def make_row(name: str, macs: int, ours: MacsReport, checks: tuple[CrossCheck, ...]) -> str:
    fvcore, thop, _ = checks
    shown = [thop, fvcore, checks[2]]
    causes = "; ".join(
        f"{check.tool} {shortened(check.cause)}" for check in shown if check.macs != macs
    )
    counts = " | ".join("-" if check.macs is None else f"{check.macs:,}" for check in shown)
    return f"| {name} | {macs:,} | {ours.total:,} | {counts} | {causes} |"


def shortened(cause: str | None) -> str:
    text = (cause or "").replace("|", "/")
    return text if len(text) <= LONGEST_REASON else f"{text[:LONGEST_REASON]}..."


def check_torch(module: nn.Module, inputs: tuple[Tensor, ...], ours: MacsReport) -> CrossCheck:
    """Return the halved count of FlopCounterMode, and the operators where it is another."""
    counter = FlopCounterMode(display=False)
    try:
        with torch.no_grad(), counter:
            module.eval()(*inputs) if hasattr(module, "training") else module(*inputs)
    except Exception as error:
        return CrossCheck("torch", None, None, f"fails: {type(error).__name__}")
    theirs: Counter[str] = Counter()
    for operator, flops in counter.get_flop_counts().get("Global", {}).items():
        theirs[str(operator)] += flops // 2
    macs = theirs.total()
    return CrossCheck("torch", macs, None, "counts " + ", ".join(missed(ours, theirs)))


def missed(ours: MacsReport, theirs: Counter[str]) -> Iterator[str]:
    for row in ours.by_operator:
        if difference := theirs[row.operator] - row.macs:
            word = "more" if difference > 0 else "fewer"
            yield f"{abs(difference):,} {word} in {row.operator}"


def time_counting(name: str, scale: int) -> str:
    network = network_on_meta(catalogue_config(name, scale))
    images = counted_image(scale)
    times_ms = []
    for _ in range(COUNTS + 1):
        start = time.process_time()
        report = count_macs(network, images)
        times_ms.append((time.process_time() - start) * 1000)
    first, times_ms = times_ms[0], sorted(times_ms[1:])
    tracemalloc.start()
    count_macs(network, images)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    operators = sum(row.calls for row in report.by_operator)
    middle = times_ms[COUNTS // 2]
    return (
        f"| {name} x{scale} | {operators} | {middle:.1f} ({times_ms[0]:.1f} to "
        f"{times_ms[-1]:.1f}, first {first:.0f}) | {middle / operators:.3f} | "
        f"{peak_bytes / 2**20:.1f} |"
    )


if __name__ == "__main__":
    main()
