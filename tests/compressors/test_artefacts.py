"""Folders of quantised networks: what is read, refused and stale."""

import json
import re
from pathlib import Path

import pytest
import torch

from blocks.checkpoints import weights_digest
from compressors import Manifest, Scheme, Trial, is_artefact, read_artefact, why_stale
from compressors.artefacts import CHECKPOINT_FILE, MANIFEST_FILE, versions_of

TRIAL = Trial(
    scheme=Scheme(ranges="minmax"), psnr_y_db=30.0, loss_db=0.02, weights_kib=60.0, file_kib=100.0
)
MANIFEST = Manifest(
    engine="onnxruntime",
    arch_id="edsr-x2-0123456789",
    weights_digest="abc",
    crops_digest="def",
    instruction_set="avx2",
    versions={"onnxruntime": "1.31.1"},
    chosen=TRIAL,
    tried=(TRIAL,),
    quantised_layers=("a",),
    float_layers={"b": "first"},
    float_psnr_y_db=30.02,
    float_weights_kib=240.0,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / MANIFEST_FILE).write_text(MANIFEST.model_dump_json())
    (tmp_path / "program.onnx").touch()
    (tmp_path / CHECKPOINT_FILE).touch()
    return tmp_path


def test_what_is_written_is_read_again(folder: Path) -> None:
    artefact = read_artefact(folder)
    assert artefact.manifest == MANIFEST
    assert (artefact.program, artefact.checkpoint) == (
        folder / "program.onnx",
        folder / "model.safetensors",
    )
    assert is_artefact(folder)


def test_another_version_is_named(folder: Path) -> None:
    data = MANIFEST.model_dump(mode="json") | {"format_version": 2, "colour": "blue"}
    (folder / MANIFEST_FILE).write_text(json.dumps(data))
    with pytest.raises(ValueError, match=r"of format version 1, .* got 2: compress"):
        read_artefact(folder)


def test_a_damaged_folder_is_refused(folder: Path) -> None:
    (folder / "program.onnx").unlink()
    with pytest.raises(ValueError, match=r"must hold program\.onnx"):
        read_artefact(folder)
    (folder / MANIFEST_FILE).write_text(json.dumps({"format_version": 1, "engine": "abacus"}))
    with pytest.raises(ValueError, match="engine"):
        read_artefact(folder)
    (folder / MANIFEST_FILE).write_text("{")
    with pytest.raises(ValueError, match="must be a JSON file"):
        read_artefact(folder)
    (folder / MANIFEST_FILE).unlink()
    assert not is_artefact(folder)
    with pytest.raises(ValueError, match=r"a folder with manifest\.json"):
        read_artefact(folder)


def test_what_it_was_made_for_is_compared_with_what_is_here() -> None:
    here = {
        "arch_id": MANIFEST.arch_id,
        "weights_digest": "abc",
        "instruction_set": "avx2",
        "versions": {"onnxruntime": "1.31.1"},
    }
    assert why_stale(MANIFEST, **here) is None  # type: ignore[arg-type]
    for name, value, words in (
        ("arch_id", "edsr-x2-9876543210", "design"),
        ("weights_digest", "xyz", "weights"),
        ("instruction_set", "avx512_vnni", "instruction set .* avx2 and not avx512_vnni"),
        ("versions", {"onnxruntime": "1.32.0"}, "onnxruntime 1.31.1 and not onnxruntime 1.32.0"),
    ):
        told = why_stale(MANIFEST, **(here | {name: value}))  # type: ignore[arg-type]
        assert told is not None
        assert re.search(words, told)


def test_the_digest_is_of_the_values_alone() -> None:
    weight = torch.arange(24.0).reshape(2, 3, 2, 2)
    digest = weights_digest({"a": weight, "b": torch.ones(1)})
    channels_last = weight.to(memory_format=torch.channels_last)
    assert weights_digest({"b": torch.ones(1), "a": channels_last}) == digest
    assert weights_digest({"a": weight + 1, "b": torch.ones(1)}) != digest
    assert weights_digest({"c": weight, "b": torch.ones(1)}) != digest


def test_versions_are_those_installed() -> None:
    assert versions_of("torch") == {"torch": torch.__version__}
