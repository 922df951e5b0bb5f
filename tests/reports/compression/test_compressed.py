"""What a run keeps of pruned and distilled networks comes back as it was."""

import json
from pathlib import Path

import pytest

from reports.compression.compressed import CompressedNetwork, read_compressed, write_compressed
from reports.records import TrialRecord


@pytest.fixture
def kept(records: list[TrialRecord]) -> CompressedNetwork:
    return CompressedNetwork(
        form="pruned",
        network="splitsr-x2-0000000000",
        file="runs/small/model.safetensors",
        weights="0123456789",
        record=records[2],
    )


def test_it_comes_back(kept: CompressedNetwork, tmp_path: Path) -> None:
    assert read_compressed(tmp_path) == ()
    write_compressed(tmp_path, [kept])
    assert read_compressed(tmp_path) == (kept,)
    (stored,) = json.loads((tmp_path / "compressed.json").read_text())
    assert stored["record"]["psnr_y_db"] == 35.05


def test_its_name_is_the_folder_of_the_training_or_the_file(kept: CompressedNetwork) -> None:
    assert kept.name == "small"
    assert kept.model_copy(update={"file": "runs/half.safetensors"}).name == "half"
    assert kept.model_copy(update={"file": "model.safetensors"}).name == "model"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"form": "sparse"}, "form"),
        ({"record": {"trial": 3}}, "a trial record needs the field"),
        ({"speed": 3}, "unknown key 'speed'"),
    ],
)
def test_another_file_is_refused_in_a_line(
    kept: CompressedNetwork, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    path = tmp_path / "compressed.json"
    path.write_text(json.dumps([{**json.loads(kept.model_dump_json()), **change}]))
    with pytest.raises(ValueError, match=message) as refused:
        read_compressed(tmp_path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)
