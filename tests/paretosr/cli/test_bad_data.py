"""Whatever is wrong with the photographs: one line that names it, and nothing is left behind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest


def _truncated(folder: Path) -> None:
    path = folder / "cut.png"
    noise = np.random.default_rng(0).integers(256, size=(64, 64, 3), dtype=np.uint8)
    PIL.Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:3000])


def _no_image(folder: Path) -> None:
    (folder / "text.png").write_text("not an image", encoding="utf-8")


def _only_text(folder: Path) -> None:
    (folder / "readme.txt").write_text("no image", encoding="utf-8")


def _small(folder: Path) -> None:
    PIL.Image.new("RGB", (14, 40)).save(folder / "small.png")


def _absent(folder: Path) -> None:
    folder.rmdir()


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing": (_absent, "does not exist"),
    "empty": (lambda folder: None, "holds none"),
    "without images": (_only_text, "holds none"),
    "truncated image": (_truncated, "cut.png"),
    "text named png": (_no_image, "text.png"),
    "small image": (_small, "small.png"),
}


@pytest.fixture(params=BROKEN.values(), ids=BROKEN.keys())
def broken(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    folder = tmp_path / "data"
    folder.mkdir()
    make, message = request.param
    make(folder)
    return folder, message


def _assert_one_line(completed: Any, message: str) -> None:
    assert (completed.status, completed.out) == (2, "")
    assert completed.err.startswith("paretosr: ")
    assert completed.err.count("\n") == 1
    assert message in completed.err


def test_evaluate(cli: Callable[..., Any], broken: tuple[Path, str]) -> None:
    folder, message = broken
    _assert_one_line(cli("evaluate", "bicubic", "--scale", 4, "--data", folder), message)


@pytest.mark.parametrize("option", ["--data", "--validation"])
def test_train(
    cli: Callable[..., Any],
    broken: tuple[Path, str],
    tiny_network: Path,
    photographs: Path,
    tmp_path: Path,
    option: str,
) -> None:
    folder, message = broken
    data = {"--data": photographs, "--validation": photographs, option: folder}
    options = [part for pair in data.items() for part in pair]
    completed = cli("train", tiny_network, "--out", tmp_path / "out", "--steps", 1, *options)
    _assert_one_line(completed, message)
    assert not (tmp_path / "out").exists()


def test_a_corrupt_checkpoint_is_kept(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path, tiny_network: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "model.safetensors"
    broken.write_bytes(checkpoint.read_bytes()[:-10])
    message = f"{broken} must be a whole safetensors file"
    _assert_one_line(cli("evaluate", broken, "--data", photographs), message)
    _assert_one_line(cli("profile", broken), message)
    data = ["--data", photographs, "--validation", photographs]
    _assert_one_line(cli("train", tiny_network, "--out", tmp_path, *data), message)
    assert broken.read_bytes() == checkpoint.read_bytes()[:-10]


@pytest.mark.parametrize("mode", ["RGBA", "I;16"])
def test_other_kinds_of_pixels_are_converted_and_told_once(
    cli: Callable[..., Any], tmp_path: Path, mode: str
) -> None:
    for name in ("a.png", "b.png"):
        ramp = np.arange(48 * 48).reshape(48, 48) % 256
        if mode == "I;16":
            PIL.Image.fromarray((ramp * 257).astype(np.uint16)).save(tmp_path / name)
        else:
            PIL.Image.fromarray(ramp.astype(np.uint8)).convert(mode).save(tmp_path / name)
    completed = cli("evaluate", "bicubic", "--scale", 2, "--data", tmp_path, "--json")
    assert completed.status == 0
    assert len(completed.json["images"]) == 2
    kind = {"RGBA": "alpha channel", "I;16": "16 bits"}[mode]
    notes = [line for line in completed.err.splitlines() if kind in line]
    assert len(notes) == 1
    assert notes[0].startswith("note: 2 of 2 images are")
