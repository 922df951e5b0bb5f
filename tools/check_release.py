"""Checks the wheel as users get it: alone, in fresh environments, outside the checkout.

    make check-release [RELEASE_PYTHONS="3.11 3.13"] [TORCH_INDEX=URL]

Builds the source archive and from that the wheel, compares the wheel's files with those that git
knows, and renders the README as PyPI does. In a fresh environment of each Python, with the newest
of every dependency, it runs the commands and a strictly typed script of the Python API, and a
search that is interrupted and ends after three trials. At last some tests run on the oldest Python
with the lowest version of every direct dependency that pyproject.toml allows.

A Python that is not installed is left out and named. Takes minutes, and gigabytes where torch comes
with CUDA.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS: Sequence[str] = PROJECT["tool"]["importlinter"]["root_packages"]
SHIPPED = (".py", ".pyi", ".csv", ".bib", "py.typed")
TRIALS = 3  # as API_SCRIPT says
START_SECONDS = 300.0
# ExecuTorch runs with no torch as old as the others do.
LOWEST_EXTRAS = ("onnx", "openvino")
LOWEST_TESTS = (
    "tests/foundation",
    "tests/imaging",
    "tests/blocks/networks/test_every_network.py",
    "tests/blocks/programs",
    "tests/training/test_loop.py",
    "tests/profilers/counting",
    "tests/profilers/runtimes",
    "tests/reports",
    "tests/search/space",
    "tests/search/storage",
    "tests/paretosr/cli/test_app.py",
)
# Images and the digits of a page are those of the pinned versions.
LOWEST_LEFT_OUT = ("tests/reports/figures/test_golden.py", "tests/reports/page/test_browser.py")
# The tests read these beside them.
BESIDE_TESTS = ("pyproject.toml", "README.md", "examples", "tests")

API_SCRIPT = '''\
"""Uses the public API as a user does who checks types strictly."""

from pathlib import Path

import numpy as np
import paretosr as psr

run = psr.open_run(Path("runs") / "quickstart")
trained = run.trials[run.trials["state"] == "trained"]
assert len(trained) == 4, "bicubic and three networks"
run.plot(x="macs", y="psnr_y_db").savefig("front.png")
net = run.model(trained["arch_id"].iloc[-1])
high = psr.upscale(net, np.zeros((8, 12, 3), np.uint8))
assert high.shape == (16, 24, 3), high.shape
cost = psr.profile(net, "eager:lr=16x16", max_seconds=1)
print(cost)
assert cost.to_dict()
'''


def say(message: str) -> None:
    print(f"check-release: {message}", flush=True)  # noqa: T201


def run(*command: str | Path, folder: Path, **more_environment: str) -> None:
    """Run a command without anything of the checkout on the path."""
    subprocess.run(command, cwd=folder, env=environment(**more_environment), check=True)


def environment(**more: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return {**inherited, "OMP_NUM_THREADS": "1", **more}


def tracked_files() -> list[str]:
    command = ["git", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split("\0") if (ROOT / name).exists() and name]


def build(folder: Path) -> Path:
    """Return the wheel that is built from the source archive, which stays beside it.

    Both come from a copy of the tracked files: setuptools ships what older builds left otherwise.
    """
    source, dist = folder / "source", folder / "dist"
    for name in tracked_files():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    run("uv", "build", "--quiet", "--out-dir", dist, source, folder=folder)
    (wheel,) = dist.glob("*.whl")
    return wheel


def check_contents(wheel: Path) -> None:
    """Check that the wheel holds what git knows of the packages, and nothing else.

    Raises:
        SystemExit: it does not.
    """
    known = tracked_files()
    expected = {name for name in known if name.startswith(tuple(f"{room}/" for room in ROOMS))}
    expected = {name for name in expected if name.endswith(SHIPPED)}
    expected |= {f"paretosr/{name}" for name in known if Path(name).match("examples/*.yaml")}
    expected |= {name for name in known if name.startswith("reports/page/assets/")}
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata_name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(metadata_name))
    found = {name for name in names if ".dist-info/" not in name}
    if found != expected:
        sys.exit(f"wheel: {sorted(expected - found)} missing, {sorted(found - expected)} too many")
    untyped = [room for room in ROOMS if f"{room}/py.typed" not in found]
    if untyped:
        sys.exit(f"py.typed is missing in {untyped}")
    if not any(name.endswith(".dist-info/licenses/LICENSE") for name in names):
        sys.exit("the licence is missing")
    say(f"{wheel.name}: {len(found)} files, licence {metadata['License-Expression']}")


@dataclass(frozen=True)
class Environment:
    """A fresh virtual environment."""

    folder: Path

    @classmethod
    def create(cls, python: str, folder: Path) -> "Environment | None":
        """Return a new one, or None where that Python is not installed."""
        command = ["uv", "venv", "--quiet", "--seed", "--no-python-downloads", "--python", python]
        made = subprocess.run([*command, folder], capture_output=True, text=True)
        if made.returncode:
            say(f"LEFT OUT: Python {python} is not installed")
            return None
        return cls(folder)

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def paretosr(self) -> Path:
        return self.folder / "bin" / "paretosr"

    def install(self, *requirements: str | Path, options: Sequence[str] = ()) -> None:
        pip = (self.python, "-m", "pip", "install", "--quiet")
        run(*pip, *options, *requirements, folder=self.folder)


def check_newest(python: str, wheel: Path, torch_index: str, folder: Path) -> None:
    """Install the wheel with the newest of everything and use it, in `folder`."""
    fresh = Environment.create(python, folder / "newest")
    if fresh is None:
        return
    began = time.monotonic()
    if torch_index:
        fresh.install("torch", options=("--index-url", torch_index))
    fresh.install(wheel)
    say(f"Python {python}: installed in {time.monotonic() - began:.0f} s")
    outside = folder / "outside"
    outside.mkdir()
    for arguments in (
        ("--version",), ("search", "--help"), ("models",), ("targets",), ("init", "mine.yaml"),
    ):  # fmt: skip
        run(fresh.paretosr, *arguments, folder=outside)
    search_three_trials(fresh, outside)
    script = outside / "uses_api.py"
    script.write_text(API_SCRIPT, encoding="utf-8")
    run(fresh.python, script, folder=outside)
    mypy = (sys.executable, "-m", "mypy", "--strict", "--python-executable", fresh.python)
    run(*mypy, script, folder=outside)
    say(f"Python {python}: commands, search, API and its types passed")


def search_three_trials(fresh: Environment, folder: Path) -> None:
    """Start the quickstart by its name, interrupt it as Ctrl-C does, and end it by --resume."""
    out = folder / "runs" / "quickstart"
    command = (fresh.paretosr, "search", "quickstart", "--out", out)
    search = subprocess.Popen(command, cwd=folder, env=environment())
    deadline = time.monotonic() + START_SECONDS
    while not (out / "study.journal").exists() and search.poll() is None:
        if time.monotonic() > deadline:
            search.kill()
            sys.exit(f"the search did not start in {START_SECONDS:g} s")
        time.sleep(0.2)
    search.send_signal(signal.SIGINT)
    if search.wait() != 130:
        sys.exit(f"an interrupted search must exit with 130, got {search.returncode}")
    run(fresh.paretosr, "search", "--resume", out, "--trials", str(TRIALS), folder=folder)
    run(fresh.paretosr, "report", out, folder=folder)


def check_lowest(python: str, wheel: Path, folder: Path) -> None:
    """Run some tests on the wheel with the lowest versions that are promised."""
    lowest = Environment.create(python, folder / "lowest")
    if lowest is None:
        return
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *extras["test"]]
    wanted += [requirement for extra in LOWEST_EXTRAS for requirement in extras[extra]]
    direct = folder / "direct.in"
    ours = PROJECT["project"]["name"]
    direct.write_text("\n".join(name for name in wanted if not name.startswith(ours)))
    pip = ("uv", "pip", "install", "--quiet", "--python", lowest.python)
    run(*pip, "--resolution", "lowest-direct", "--requirements", direct, folder=folder)
    run(*pip, "--no-deps", wheel, folder=folder)
    copy = folder / "copy"
    copy.mkdir()
    for name in BESIDE_TESTS:
        copied = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copied(ROOT / name, copy / name)
    # Old libraries warn of each other.
    pytest = (lowest.python, "-m", "pytest", "-q", "--numprocesses=auto", "--maxprocesses=4")
    options = ["-o", "filterwarnings=", "-m", "not slow"]
    options += [f"--ignore={name}" for name in LOWEST_LEFT_OUT]
    run(*pytest, *options, *LOWEST_TESTS, folder=copy)
    say("the lowest versions passed")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--pythons", nargs="+", default=["3.11"], help="versions or paths, oldest first"
    )
    parser.add_argument("--torch-index", default="", help="index of a torch without CUDA")
    options = parser.parse_args()
    # A shell starts what runs in the background deaf to Ctrl-C, and so would be the search below.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="paretosr-release-") as name:
        folder = Path(name)
        wheel = build(folder)
        check_contents(wheel)
        twine = (sys.executable, "-m", "twine", "check", "--strict")
        run(*twine, *wheel.parent.glob("paretosr-*"), folder=folder)
        for number, python in enumerate(options.pythons):
            check_newest(python, wheel, options.torch_index, folder / str(number))
        check_lowest(options.pythons[0], wheel, folder)


if __name__ == "__main__":
    main()
