"""`paretosr targets`: paretosr.cli.commands.targets; which commands load no runtime."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from profilers import Target


def test_targets(cli: Callable[..., Any]) -> None:
    statuses = {status["name"]: status for status in cli("targets", "--json").json}
    assert statuses["eager:device=cpu"]["available"] is True
    cuda = statuses["eager:device=cuda"]
    assert cuda["available"] is torch.cuda.is_available()
    assert (cuda["remedy"] is None) is cuda["available"]
    assert "eager:device=cpu" in cli("targets").out


def test_the_help_of_targets_tells_the_true_defaults(cli: Callable[..., Any]) -> None:
    text = cli("targets", "--help").out
    settings = str(Target.parse("eager")).partition(":")[2].split(",")
    for key, value in (setting.split("=") for setting in settings):
        line = next(line for line in text.splitlines() if line.strip().startswith(f"{key} "))
        assert f"{value} [default]" in line or f"[default: {value}]" in line


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [
        (["models"], "torch"),
        (["report", "RUN"], "torch"),
        (["plot", "RUN"], "torch"),
        (["targets"], "onnxruntime openvino executorch ncnn pnnx nncf onnx torchao"),
    ],
)
def test_quick_commands_load_no_runtime(run_dir: Path, arguments: list[str], absent: str) -> None:
    said = [str(run_dir) if it == "RUN" else it for it in arguments]
    code = (
        "import sys; from paretosr.cli.app import run\n"
        f"assert run({said}) == 0\n"
        f"loaded = set({absent.split()}) & set(sys.modules)\n"
        "sys.exit(' '.join(loaded) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
