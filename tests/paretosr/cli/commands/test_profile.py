import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from profilers import RUNTIMES

SMALL = ["--target", "eager:lr=24x32", "--max-seconds", "0.4"]


def assert_nothing_but_noise(notes: str) -> None:
    """Other work on the machine of the tests is no defect."""
    assert all("disturbs this machine" in line for line in notes.splitlines())


def test_profile_of_a_design(
    cli: Callable[..., Any], tiny_network: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tool in ("fvcore.nn", "thop"):
        monkeypatch.delitem(sys.modules, tool, raising=False)
    answer = cli("profile", tiny_network, *SMALL, "--json").json
    # 3x3 convolutions at LR 360x640: 3 to 8, one split block of 4 to 4 and another one, then
    # the standard parts; counted by hand in the blocks' tests, compared with `models` here.
    assert answer["params"] > 0
    assert answer["macs"] > answer["params"]
    assert (answer["lr_height_px"], answer["lr_width_px"]) == (24, 32)
    low, middle, high = (
        answer[name] for name in ("latency_ci_low_ms", "latency_ms", "latency_ci_high_ms")
    )
    assert 0 < low <= middle <= high
    assert answer["prepare_seconds"] > 0
    assert answer["max_difference"] == 0
    assert answer["source"] == "measured"
    # Only --explain runs the other tools.
    assert {"ledger", "cross_checks", "cross_check_side_px"}.isdisjoint(answer)
    assert {"fvcore.nn", "thop"}.isdisjoint(sys.modules)


@pytest.mark.parametrize("runtime", ["onnxruntime", "openvino"])
def test_profile_on_another_runtime(
    cli: Callable[..., Any], tiny_network: Path, runtime: str
) -> None:
    missing = RUNTIMES[runtime].why_unavailable("cpu")
    if missing is not None:
        pytest.skip(f"{missing.reason}; {missing.remedy}")
    options = ("--target", f"{runtime}:lr=24x32", "--max-seconds", "0.4")
    answer = cli("profile", tiny_network, *options, "--json").json
    assert 0 < answer["max_difference"] < 1e-4
    assert answer["device"][f"{runtime}_version"]
    compared = cli("compare", tiny_network, "bicubic", *options)
    assert compared.status == 0
    assert_nothing_but_noise(compared.err)


def test_bicubic_has_no_parameters_but_takes_time(cli: Callable[..., Any]) -> None:
    answer = cli("profile", "bicubic", "--scale", 2, *SMALL, "--json").json
    assert (answer["params"], answer["macs"], answer["arch_id"]) == (0, 0, None)
    assert answer["latency_ms"] > 0
    assert (answer["prepare_seconds"], answer["max_difference"]) == (None, None)


def test_the_table_names_target_and_interval(cli: Callable[..., Any], tiny_network: Path) -> None:
    completed = cli("profile", tiny_network, *SMALL)
    assert re.search(r"preparation +0\.\d\d s", completed.out)
    assert "largest, from eager float32" in completed.out
    assert f"{tiny_network} x2 on eager:device=cpu,threads=1" in completed.out
    assert "95 % interval" in completed.out
    assert "fvcore" not in completed.out
    assert_nothing_but_noise(completed.err)


def test_the_ledger_adds_up_and_names_its_convention(
    cli: Callable[..., Any], tiny_network: Path
) -> None:
    answer = cli("profile", tiny_network, *SMALL, "--explain", "--json").json
    assert {check["tool"] for check in answer["cross_checks"]} == {"fvcore", "thop"}
    assert answer["cross_check_side_px"] == 64
    ledger = answer["ledger"]
    assert (ledger["hr_height_px"], ledger["lr_height_px"], ledger["lr_width_px"]) == (
        720,
        360,
        640,
    )
    assert (ledger["total"], ledger["parameters"]) == (answer["macs"], answer["params"])
    own = [row["own_macs"] for row in ledger["by_module"]]
    assert own == sorted(own, reverse=True)
    assert sum(own) == sum(row["macs"] for row in ledger["by_operator"]) == answer["macs"]


def test_the_ledger_is_shown_as_tables(cli: Callable[..., Any], tiny_network: Path) -> None:
    shown = cli("profile", tiny_network, *SMALL, "--explain").out
    assert "one output of 1280x720, an input of 640x360, the costliest path: " in shown
    assert "1 MAC = one multiply-add" in shown
    assert re.search(r"Conv2d +1 +[\d,]+ +\d+\.\d %", shown)
    assert re.search(r"aten\.convolution +counted +\d+ +[\d,]+ +100\.0 % +[\d,.]+ MiB", shown)
    assert "fvcore counts the same MACs, within 1 %" in shown
    assert re.search(r"thop counts (0\.\d+ times|the same)", shown)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "egaer"], "did you mean 'eager'"),
        (["--target", "eager:lr=90"], "HEIGHTxWIDTH"),
        (["--max-seconds", "-1"], "must be greater than 0"),
        (["--variant", "folded"], "the variant must be concatenated or in_place"),
        (["--scale", "3"], "enlarges by 2, got 3"),
    ],
)
def test_wrong_options(
    cli: Callable[..., Any], tiny_network: Path, options: list[str], message: str
) -> None:
    completed = cli("profile", tiny_network, *options)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err
    assert completed.err.count("\n") == 1
