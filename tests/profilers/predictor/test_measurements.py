"""The file survives what happens to files."""

import re
from pathlib import Path
from typing import Any

import pytest

from blocks import SplitSRConfig
from profilers import Target
from profilers.predictor import CalibrationFile

NETWORKS = [
    SplitSRConfig(
        scale=2, channels=8, groups=1, blocks=blocks, active_channels=4, hybrid_index=1
    ).canonical()
    for blocks in (1, 2)
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calibration.jsonl"


def test_what_is_appended_is_read_back(path: Path, known_costs: Any) -> None:
    file = known_costs.file(path, NETWORKS)
    again = CalibrationFile(path)
    assert (again.header, again.measurements) == (file.header, file.measurements)
    assert [measurement.config for measurement in again.measurements] == NETWORKS


def test_a_network_has_all_its_measurements(path: Path, known_costs: Any) -> None:
    file = known_costs.file(path, [*NETWORKS, NETWORKS[0]])
    first, second, again = file.measurements
    assert file.networks == [[first, again], [second]]


def test_a_line_cut_by_a_kill_is_measured_again(path: Path, known_costs: Any) -> None:
    known_costs.file(path, NETWORKS)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    cut = CalibrationFile(path)
    assert [measurement.config for measurement in cut.measurements] == NETWORKS[:1]
    cut.append(known_costs.measured(NETWORKS[1]))
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no whole line"),
        (b"\xff\xfe\n", "must be the file of a calibration"),
        (b"model,scale\n", "line 1: must be JSON"),
        (b'{"format": "other"}\n', "line 1: "),
    ],
)
def test_other_files_are_refused(path: Path, content: bytes, message: str) -> None:
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        CalibrationFile(path)


def test_a_damaged_network_is_named_by_its_line(path: Path, known_costs: Any) -> None:
    known_costs.file(path, NETWORKS[:1])
    path.write_text(path.read_text().replace('"seconds":1.0', '"seconds":-1.0'))
    with pytest.raises(ValueError, match=r"line 2: seconds"):
        CalibrationFile(path)


@pytest.mark.parametrize(
    ("target", "scale", "change", "reason"),
    [
        ("eager:lr=16x16", 2, {}, None),
        ("eager:lr=16x17", 2, {}, "lr=16x16, not on .*lr=16x17"),
        ("openvino:lr=16x16", 2, {}, "not on openvino"),
        ("eager:lr=16x16", 3, {}, "scale 2, not 3"),
        ("eager:lr=16x16", 2, {"cpu_model": "abacus"}, "here it is abacus"),
        ("eager:lr=16x16", 2, {"torch_version": "0.1"}, "here it is 0.1"),
    ],
)
def test_it_says_of_what_it_knows_nothing(
    known_costs: Any, target: str, scale: int, change: dict[str, str], reason: str | None
) -> None:
    known = known_costs.header()
    misfit = known.misfit(Target.parse(target), scale, {**known.device, **change})
    if reason is None:
        assert misfit is None
    else:
        assert re.search(reason, str(misfit))
