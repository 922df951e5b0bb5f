"""The cache: what is found again, what is made anew, and what goes first."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from blocks import SuperResolutionNetwork
from compressors import Cache, Crops, InstructionSet, Scheme
from compressors.artefacts import MANIFEST_FILE
from compressors.cache import default_folder
from compressors.quantiser import ProgramRunner

AVX2 = InstructionSet("avx2", saturates=True)
DOT_PRODUCT = InstructionSet("avx512_vnni", saturates=False)
SCHEMES = (Scheme(ranges="minmax", symmetry="asymmetric"),)


@pytest.mark.slow
def test_the_same_is_found_again_and_whatever_differs_is_made(
    small_network: SuperResolutionNetwork,
    crops: Crops,
    runners: Mapping[str, ProgramRunner],
    tmp_path: Path,
) -> None:
    cache = Cache(tmp_path / "cache")

    def is_new(instruction_set: InstructionSet = AVX2) -> bool:
        cached = cache.quantised(
            small_network,
            "onnxruntime",
            crops,
            runners["onnxruntime"],
            instruction_set,
            schemes=SCHEMES,
        )
        assert cached.artefact.manifest.instruction_set == instruction_set.name
        return cached.is_new

    assert is_new()
    assert not is_new()
    assert is_new(DOT_PRODUCT)
    assert not is_new()
    # A damaged one is made anew.
    for folder in cache.folder.iterdir():
        (folder / MANIFEST_FILE).write_text("{")
    assert is_new()
    assert cache.empty() == 2
    assert cache.empty() == 0
    assert is_new()


def kept(folder: Path, size_kib: int, used: int) -> None:
    folder.mkdir(parents=True)
    (folder / "program.onnx").write_bytes(bytes(size_kib * 1024))
    os.utime(folder, (used, used))


def test_the_least_recently_used_go_first(tmp_path: Path) -> None:
    for name, used in (("b", 200), ("a", 100), ("c", 300)):
        kept(tmp_path / name, 1024, used)
    cache = Cache(tmp_path, limit_mib=2.5)
    cache._trim(keep=tmp_path / "c")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b", "c"]


def test_what_was_made_just_now_stays_however_large(tmp_path: Path) -> None:
    kept(tmp_path / "new", 2048, int(time.time()))
    kept(tmp_path / "old", 100, 100)
    Cache(tmp_path, limit_mib=1)._trim(keep=tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_the_folder_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "paretosr" / "int8"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_folder() == tmp_path / ".cache" / "paretosr" / "int8"
