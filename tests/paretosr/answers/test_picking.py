"""A pick of a real run, from Python and as a MODEL. Covers paretosr.cli.commands.pick."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import paretosr as psr
from foundation.listener import ParetoSRWarning


@pytest.fixture
def run(run_dir: Path, tmp_path: Path) -> Path:
    """A copy of the run, in which picks are remembered."""
    return shutil.copytree(run_dir, tmp_path / "run")


def trained(run: Path) -> list[Any]:
    """The records of the two networks, the one with fewer MACs first."""
    records = [record for record in psr.open_run(run).records if record.state == "trained"]
    return sorted(records, key=lambda record: record.macs or 0)


def test_a_bound_picks_the_network_that_keeps_it(run: Path) -> None:
    small, large = trained(run)
    picked = psr.pick(psr.open_run(run), f"macs<={small.macs}")
    assert picked.selection.chosen == small and picked.reference == f"{run}:{small.trial}"
    model = picked.model
    assert model.config is not None and model.config.arch_id == small.arch_id
    # By the cost itself the dearer is never the answer.
    assert psr.open_run(run).pick("psnr_y_db>=0", by="macs").trial == small.trial
    with pytest.raises(ValueError, match="none of 2 trained networks keeps macs < ") as caught:
        psr.pick(run, f"macs<{small.macs}")
    assert f"the nearest is trial {small.trial} with macs {small.macs:,}" in str(caught.value)
    assert large.macs > small.macs


def test_what_was_picked_last_is_remembered(run: Path) -> None:
    small, large = trained(run)
    with pytest.warns(ParetoSRWarning, match=f"nothing was picked in {run} yet"):
        assert psr.load(f"{run}:pick").config == psr.load(f"{run}:knee").config
    psr.pick(run, str(large.trial))
    assert psr.load(f"{run}:pick").name == f"{run}:{large.trial}"
    assert psr.pick(run, small.arch_id).file == run / "pick.json"
    assert psr.load(f"{run}:pick").config == psr.load(f"{run}:{small.trial}").config
    assert psr.load(f"{run}:macs<={small.macs}").name == f"{run}:{small.trial}"


def test_a_spoilt_memory_is_told(run: Path) -> None:
    (run / "pick.json").write_text('{"trial": "7"}')
    with pytest.raises(ValueError, match=r"pick\.json must name a trial: pick again"):
        psr.load(f"{run}:pick")


def test_the_command_prints_the_answer(cli: Callable[..., Any], run: Path) -> None:
    small, _ = trained(run)
    completed = cli("pick", run, f"macs<={small.macs}")
    assert completed.status == 0
    lines = completed.out.splitlines()
    assert f"MODEL: {run}:{small.trial}, also {run}:pick" in lines
    table = [line.split() for line in lines]
    assert ["pick", "bicubic"] in table and ["trial", str(small.trial)] in table
    assert ["architecture", small.arch_id, "bicubic-x2"] in table
    answer = cli("pick", run, "--json").json
    assert answer["selector"] == "knee" and answer["pick"]["trial"] in (0, 1)
    assert answer["model"] == f"{run}:{answer['pick']['trial']}"
    assert json.loads((run / "pick.json").read_text())["trial"] == answer["pick"]["trial"]


@pytest.mark.parametrize(
    ("selector", "message"),
    [
        ("macs<=1", "none of 2 trained networks keeps macs <= 1: the nearest is trial "),
        ("latency_ms<=15", "but latency_ms is known of no trained network"),
        ("mac<=1", "got 'mac'; did you mean 'macs'?"),
        ("nee", "got 'nee'; did you mean 'knee'?"),
    ],
)
def test_what_cannot_be_picked_is_one_line(
    cli: Callable[..., Any], run: Path, selector: str, message: str
) -> None:
    completed = cli("pick", run, selector)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err and completed.err.count("\n") == 1
    assert not (run / "pick.json").exists()


def test_a_model_that_nothing_is_picked_by_is_one_line(cli: Callable[..., Any], run: Path) -> None:
    completed = cli("export", f"{run}:macs<=1", "--out", run / "x.onnx")
    assert completed.status == 2 and "none of 2 trained networks keeps macs <= 1" in completed.err


def test_picking_loads_no_torch(run: Path) -> None:
    program = (
        "import sys\nfrom paretosr.cli.app import run\n"
        "assert run(['pick', sys.argv[1], '--json']) == 0\nsys.exit('torch' in sys.modules)"
    )
    completed = subprocess.run([sys.executable, "-c", program, str(run)], capture_output=True)
    assert completed.returncode == 0, completed.stderr.decode()


def test_a_misspelt_selector_is_answered_with_the_nearest(run: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold a trial 'kne': .*; did you mean 'knee'"):
        psr.load(f"{run}:kne")
