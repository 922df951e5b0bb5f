"""What a GPU computes, against the CPU, and how fast it measures and trains: in eight minutes.

    python benchmarks/gpu_check.py [--device cuda] [--page gpu.md]

runs each section of gpu_sections.py in a process of its own, for the seconds that it is given,
and writes results/gpu.md beside this script: anew with every line, so that what was there when
the check or a section was cut short stays. `--device cpu --size tiny` only shows that it works.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from common import device_text
from gpu_sections import SECTIONS, SIZES

from foundation import write_text_atomically

RESULTS = Path(__file__).resolve().parent / "results"
ROOT = RESULTS.parents[1]


def run_section(name: str, seconds: float, options: Sequence[str]) -> Iterator[str]:
    """Yield the lines of a section as it writes them, and at the end what went wrong, if it did."""
    with tempfile.TemporaryFile("w+", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("gpu_sections.py")), name, *options],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
        )
        cut = threading.Event()

        def end() -> None:
            cut.set()
            _kill(process)

        timer = threading.Timer(seconds, end)
        timer.start()
        try:
            assert process.stdout is not None
            yield from (line.rstrip("\n") for line in process.stdout)
            status = process.wait()
        finally:
            timer.cancel()
            # Its measuring processes go with it, also where this check is interrupted.
            _kill(process)
            process.wait()
        if cut.is_set():
            yield from ("", f"**Cut short after {seconds:g} s.**")
        elif status:
            errors.seek(0)
            said = errors.read().strip().splitlines() or [f"exit status {status}"]
            yield from ("", f"**Failed:** `{said[-1]}`")


def _kill(process: subprocess.Popen[str]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--size", default="full", choices=sorted(SIZES))
    parser.add_argument("--page", type=Path, default=Path("gpu.md"), help="file in results/")
    parser.add_argument("--only", nargs="+", default=list(SECTIONS), choices=list(SECTIONS))
    parser.add_argument("--seconds", type=float, help="for each section, instead of its own")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch finds no CUDA device; see that `paretosr targets` lists one")
    # So that an end from outside ends the section as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    page = RESULTS / options.page
    lines = [
        "# A GPU against the CPU",
        "",
        f"`{Path(__file__).name}` with `--device {options.device} --size {options.size}`. "
        "Networks have random weights, the same on both.",
        "",
        f"{device_text()}.",
    ]
    device_and_size = ("--device", options.device, "--size", options.size)
    for name in options.only:
        lines += ["", f"## {SECTIONS[name].title}", "", SECTIONS[name].explanation, ""]
        seconds = options.seconds or SECTIONS[name].seconds
        for line in run_section(name, seconds, device_and_size):
            print(line, flush=True)  # noqa: T201
            lines.append(line)
            write_text_atomically(page, "\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
