"""`paretosr upscale` makes the images that the network or imresize makes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from blocks import ImdnConfig, build_network, save_checkpoint
from imaging.imresize import upscale_bicubic


def _pixels(path: Path) -> np.ndarray:
    with PIL.Image.open(path) as image:
        return np.asarray(image)


@pytest.fixture
def photo(tmp_path: Path, photographs: Path) -> Path:
    path = tmp_path / "photo.png"
    path.write_bytes((photographs / "wide.png").read_bytes())
    return path


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_bicubic_is_imresize(
    cli: Callable[..., Any], photo: Path, tmp_path: Path, scale: int
) -> None:
    large = tmp_path / "new" / "large.png"
    completed = cli("upscale", "bicubic", photo, large, "--scale", scale)
    assert (completed.status, completed.out) == (0, f"{large}\n")
    assert np.array_equal(_pixels(large), upscale_bicubic(_pixels(photo), scale))


def test_a_folder_becomes_a_folder(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    completed = cli("upscale", checkpoint, photographs, large, "--variant", "in_place", "--json")
    files = [large / name for name in ("narrow.png", "wide.png")]
    assert completed.json == {
        "files": [str(file) for file in files],
        "variant": "in_place",
        "other_variants": [],
        "existing": [],
        "skipped": [],
    }
    for file in files:
        height, width, channels = _pixels(photographs / file.name).shape
        assert _pixels(file).shape == (2 * height, 2 * width, channels)


def test_tiles_do_not_change_what_a_local_network_gives(
    cli: Callable[..., Any], checkpoint: Path, photo: Path, tmp_path: Path
) -> None:
    whole, pieces = tmp_path / "whole.png", tmp_path / "pieces.png"
    for large, tile_px in ((whole, 0), (pieces, 9)):
        completed = cli(
            "upscale", checkpoint, photo, large, "--tile", tile_px, "--variant", "in_place"
        )
        assert (completed.status, completed.err) == (0, "")
    difference = _pixels(whole).astype(int) - _pixels(pieces)
    assert np.abs(difference).max() <= 1  # where a value lies between two levels


def test_tiles_of_a_network_that_sees_the_whole_image_are_told_of(
    cli: Callable[..., Any], photo: Path, tmp_path: Path
) -> None:
    network = build_network(ImdnConfig(scale=2, channels=8, blocks=1))
    model, large = tmp_path / "imdn.safetensors", tmp_path / "large.png"
    save_checkpoint(model, network.state_dict(), network.config, {})
    completed = cli("upscale", model, photo, large, "--tile", 8)
    assert completed.status == 0
    assert "in tiles of 8 px, each with 32 px around it" in completed.err
    assert "depends on the whole image (contrast attention)" in completed.err
    for uncut in ((), ("--tile", 0), ("--tile", 64)):
        assert cli("upscale", model, photo, large, *uncut).err == ""


def test_a_negative_tile_is_refused(cli: Callable[..., Any], photo: Path, tmp_path: Path) -> None:
    completed = cli("upscale", "bicubic", photo, tmp_path / "l.png", "--scale", 2, "--tile", -1)
    assert (completed.status, completed.err.count("\n")) == (2, 1)
    assert "--tile" in completed.err


def test_a_gray_image_stays_gray(cli: Callable[..., Any], photo: Path, tmp_path: Path) -> None:
    gray = tmp_path / "gray.png"
    with PIL.Image.open(photo) as image:
        image.convert("L").save(gray)
    large = tmp_path / "large.png"
    completed = cli("upscale", "bicubic", gray, large, "--scale", 2)
    assert (completed.status, completed.err) == (0, "")
    assert np.array_equal(_pixels(large), upscale_bicubic(_pixels(gray), 2))


@pytest.mark.parametrize("way", ["same", "other spelling", "symlink", "hard link"])
def test_the_input_is_never_overwritten(
    cli: Callable[..., Any], photo: Path, tmp_path: Path, way: str
) -> None:
    output = {
        "same": photo,
        "other spelling": tmp_path / "." / "photo.png",
        "symlink": tmp_path / "symlink.png",
        "hard link": tmp_path / "link.png",
    }[way]
    if way == "symlink":
        output.symlink_to(photo)
    if way == "hard link":
        output.hardlink_to(photo)
    before = photo.read_bytes()
    completed = cli("upscale", "bicubic", photo, output, "--scale", 2)
    assert completed.status == 2
    assert "the destination must differ from the source" in completed.err
    assert photo.read_bytes() == before


def test_a_folder_is_not_written_into_itself(cli: Callable[..., Any], photo: Path) -> None:
    completed = cli("upscale", "bicubic", photo.parent, photo.parent, "--scale", 2)
    assert completed.status == 2
    assert list(photo.parent.iterdir()) == [photo]


@pytest.mark.parametrize(
    ("source", "destination", "message"),
    [
        ("nowhere.png", "large.png", "no such file or folder: "),
        ("photo.png", "large.txt", "suffix of an image format, such as .png, got 'large.txt'"),
        ("photo.png", "large", "suffix of an image format"),
        ("photo.png", "folder", "the destination must be a file, as the source is"),
        ("folder", "photo.png", "the destination must be a folder, as the source is"),
        ("empty", "large", "an image folder must hold"),
    ],
)
def test_wrong_paths(
    cli: Callable[..., Any],
    photo: Path,
    tmp_path: Path,
    source: str,
    destination: str,
    message: str,
) -> None:
    for folder, names in {"folder": ["a.png"], "empty": []}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            PIL.Image.new("RGB", (9, 9)).save(tmp_path / folder / name)
    completed = cli("upscale", "bicubic", tmp_path / source, tmp_path / destination, "--scale", 2)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err
    assert not (tmp_path / "large").exists()
