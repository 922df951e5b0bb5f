"""The targets of this machine."""

import sys

import pytest
import torch

import paretosr as psr
from compressors.engines import ENGINES
from paretosr.measuring.available_targets import named_targets
from profilers import Target
from profilers.runtimes.targets import RUNTIME_DEVICES


class Warned:
    """A listener that keeps what it is warned of."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None:
        self.warnings.append(text)

    def progress(self, done: int, total: int, text: str = "") -> None: ...


def test_all_stands_for_each_runtime_on_each_device() -> None:
    heard = Warned()
    available = named_targets("all:lr=16x16", heard)
    left_out = [name for line in heard.warnings for name in line.split(" left ")[0].split(", ")]
    assert len(available) + len(left_out) == sum(map(len, RUNTIME_DEVICES.values()))
    assert Target.parse("eager:lr=16x16") in available
    assert all(" left out: " in line for line in heard.warnings)
    assert named_targets("eager:threads=2", heard) == (Target(threads=2),)


def test_int8_is_listed_with_what_quantises_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [it.name for it in psr.targets().statuses if it.name.endswith(":precision=int8")]
    assert names == [f"{name}:precision=int8" for name in ENGINES]
    openvino = "openvino:precision=int8"
    if not {it.name: it for it in psr.targets().statuses}[openvino].available:
        pytest.skip("needs OpenVINO and NNCF")
    monkeypatch.setitem(sys.modules, "nncf", None)
    status = {it.name: it for it in psr.targets().statuses}[openvino]
    assert not status.available
    assert status.reason == "nncf is not installed"
    assert status.remedy is not None and status.remedy.startswith("pip install 'paretosr[")


def test_every_runtime_is_listed_with_what_is_missing() -> None:
    statuses = {status.name: status for status in psr.targets().statuses}
    assert statuses["eager:device=cpu"].available
    assert statuses["eager:device=cuda"].available is torch.cuda.is_available()
    assert all((status.remedy is None) is status.available for status in statuses.values())
    (table,) = psr.targets().tables()
    assert [row[0] for row in table.rows] == list(statuses)
