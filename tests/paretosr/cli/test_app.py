"""Covers paretosr.cli.options."""

import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

COMMANDS = (
    "search", "profile", "plot", "table", "compare-runs", "report", "train", "evaluate", "upscale",
    "import-weights", "models", "targets",
)  # fmt: skip


def _python(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_version(cli: Callable[..., Any]) -> None:
    assert cli("--version").out == f"{version('paretosr')}\n"


@pytest.mark.parametrize("arguments", [(), ("--help",)])
def test_help_lists_every_command(cli: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    completed = cli(*arguments)
    assert completed.status == 0
    for command in COMMANDS:
        assert f"\n  {command} " in completed.out


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_has_an_example_and_json(cli: Callable[..., Any], command: str) -> None:
    completed = cli(command, "--help")
    assert completed.status == 0
    assert f"    paretosr {command}" in completed.out
    assert "--json" in completed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serch"], "No such command 'serch'."),
        (["models", "--jsn"], "No such option: --jsn"),
        (["evaluate"], "Missing argument"),
        (["train", "seemore-t", "--scale", "2"], "Missing option '--out'"),
        (["evaluate", "bicubic", "--scale", "two"], "--scale"),
        (["profile", "bicubic", "--scale", "2", "--max-seconds", "0"], "--max-seconds must be"),
        (["train", "splitsr", "--scale", "2", "--out", "x", "--steps", "-1"], "--steps must be"),
    ],
)
def test_usage_errors_are_one_line(
    cli: Callable[..., Any], arguments: list[str], message: str
) -> None:
    completed = cli(*arguments)
    assert (completed.status, completed.out) == (2, "")
    assert completed.err.startswith("paretosr: ")
    assert completed.err.count("\n") == 1
    assert message in completed.err


def test_installed_command_exits_with_the_status() -> None:
    command = [Path(sys.executable).with_name("paretosr"), "evaluate", "nothing", "--scale", "2"]
    completed = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert completed.returncode == 2
    assert completed.stderr.startswith("paretosr: MODEL must be")


LOADED = """
import sys
from paretosr.cli.app import run
status = run(sys.argv[1:])
sys.exit(status or ("torch" in sys.modules))
"""


@pytest.mark.parametrize("command", ["plot", "report"])
def test_runs_are_shown_without_torch(command: str, run_dir: Path) -> None:
    completed = _python(LOADED, command, run_dir)
    assert completed.returncode == 0, completed.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["train", "--help"], ["--version"]])
def test_help_is_shown_without_torch(arguments: list[str]) -> None:
    completed = _python(LOADED, *arguments)
    assert completed.returncode == 0, completed.stderr


def test_a_reader_that_leaves_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "paretosr", "targets"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    process.stdout.close()
    with process:
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 1
