"""PSNR and SSIM of models, and what is said of images; with paretosr.cli.skipped."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

from blocks import ImdnConfig, SafmnConfig, build_network, save_checkpoint


@pytest.mark.parametrize(("scale", "psnr_y_db"), [(2, 33.66), (3, 30.39), (4, 28.42)])
def test_bicubic_gives_the_published_psnr_on_set5(
    cli: Callable[..., Any], shared_data: Path, scale: int, psnr_y_db: float
) -> None:
    data = shared_data / "benchmark" / "Set5"
    answer = cli("evaluate", "bicubic", "--data", data, "--scale", scale, "--json").json
    assert answer["psnr_y_db"] == pytest.approx(psnr_y_db, abs=0.02)
    assert [image["name"] for image in answer["images"]] == [
        "baby.png", "bird.png", "butterfly.png", "head.png", "woman.png",
    ]  # fmt: skip


def test_set14_names_the_file_that_published_bicubic_judges_otherwise(
    cli: Callable[..., Any], shared_data: Path
) -> None:
    data = shared_data / "benchmark" / "Set14"
    completed = cli("evaluate", "bicubic", "--data", data, "--scale", 2, "--json")
    assert completed.json["psnr_y_db"] == pytest.approx(30.325, abs=1e-3)
    (note,) = completed.err.splitlines()
    assert "img_003.png;" in note
    assert "1.32 dB lower, and the mean here 0.0944 dB" in note


def test_a_gray_file_is_judged_as_its_rgb_variant_is(
    cli: Callable[..., Any], checkpoint: Path, tmp_path: Path
) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (40, 44), np.uint8)
    for mode in ("L", "RGB"):
        (tmp_path / mode).mkdir()
        PIL.Image.fromarray(levels).convert(mode).save(tmp_path / mode / "a.png")
    for model in (checkpoint, "bicubic"):
        gray, rgb = (
            cli("evaluate", model, "--scale", 2, "--data", tmp_path / mode, "--json")
            for mode in ("L", "RGB")
        )
        assert gray.json["images"] == rgb.json["images"]
        assert ("a.png" in gray.err, "a.png" in rgb.err) == (model == "bicubic", False)


def test_the_mean_is_that_of_the_images(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path
) -> None:
    answer = cli("evaluate", checkpoint, "--data", photographs, "--json").json
    for column in ("psnr_y_db", "ssim_y"):
        values = [image[column] for image in answer["images"]]
        assert len(values) == 2
        assert answer[column] == pytest.approx(sum(values) / 2)


def test_the_table_shows_the_same(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path
) -> None:
    answer = cli("evaluate", checkpoint, "--data", photographs, "--json").json
    table = cli("evaluate", checkpoint, "--data", photographs, "--variant", "concatenated")
    rows = [line.split() for line in table.out.splitlines()]
    assert ["mean", f"{answer['psnr_y_db']:.2f}", f"{answer['ssim_y']:.4f}"] in rows
    assert table.err == ""


def test_an_exact_copy_has_no_finite_psnr_in_json(cli: Callable[..., Any], tmp_path: Path) -> None:
    PIL.Image.fromarray(np.full((48, 48, 3), 128, np.uint8)).save(tmp_path / "flat.png")
    completed = cli("evaluate", "bicubic", "--data", tmp_path, "--scale", 2, "--json")
    answer = completed.json
    assert (answer["psnr_y_db"], answer["ssim_y"]) == (None, pytest.approx(1))
    assert completed.err == (
        "note: PSNR is infinite: every image is restored exactly, as one of a single colour is\n"
    )


def test_a_flat_image_is_named_and_left_out_of_the_mean(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    PIL.Image.new("RGB", (48, 48), (9, 99, 199)).save(tmp_path / "flat.png")
    (tmp_path / "wide.png").write_bytes((photographs / "wide.png").read_bytes())
    for model in ("bicubic", checkpoint):
        options = ("--data", tmp_path, "--scale", 2)
        completed = cli("evaluate", model, *options, "--json")
        flat, wide = completed.json["images"]
        assert (flat["psnr_y_db"] is None) == (model == "bicubic")
        for column in ("psnr_y_db", "ssim_y"):
            assert completed.json[column] == wide[column]
        assert completed.json["left_out_of_mean"] == ["flat.png"]
        (note,) = (line for line in completed.err.splitlines() if "left out of the mean" in line)
        assert note.endswith("flat.png")
    table = cli("evaluate", "bicubic", *options)
    rows = [line.split()[:2] for line in table.out.splitlines() if line.strip()]
    assert ["flat.png", "inf"] in rows
    assert rows[-1] == ["mean", rows[-2][1]]


def test_a_design_without_weights_is_refused(cli: Callable[..., Any], photographs: Path) -> None:
    completed = cli("evaluate", "seemore-t", "--scale", 2, "--data", photographs)
    assert (completed.status, completed.out) == (2, "")
    assert "MODEL must have trained weights" in completed.err
    assert "paretosr train seemore-t --scale 2 --out DIR" in completed.err


def test_the_fastest_variant_is_taken_and_told_of(
    cli: Callable[..., Any], photographs: Path, tmp_path: Path
) -> None:
    network = build_network(SafmnConfig(scale=2, channels=8, blocks=1))
    model = tmp_path / "safmn.safetensors"
    save_checkpoint(model, network.state_dict(), network.config, {})
    table = cli("evaluate", model, "--data", photographs).out
    (sentence,) = (line for line in table.splitlines() if line.startswith("computed in variant"))
    assert sentence.endswith(" times as long as " + sentence.split()[3].removesuffix(","))
    completed = cli("evaluate", model, "--data", photographs, "--json")
    assert completed.err == ""
    fastest, (slower,) = completed.json["variant"], completed.json["other_variants"]
    other = slower["name"]
    assert {fastest, other} == {"plain", "windows"}
    assert slower["ratio"] >= 1
    asked = cli("evaluate", model, "--data", photographs, "--variant", other, "--json")
    assert (asked.json["variant"], asked.err) == (other, "")
    assert asked.json["psnr_y_db"] == pytest.approx(completed.json["psnr_y_db"], abs=0.001)


@pytest.fixture
def pieces(monkeypatch: pytest.MonkeyPatch) -> list[None]:
    """Grows by one for each piece that is enlarged, after which memory is given back."""
    enlarged: list[None] = []
    monkeypatch.setattr("upscaling.images.give_back_memory", lambda: enlarged.append(None))
    return enlarged


def test_images_beyond_the_memory_limit_are_cut_where_that_changes_nothing(
    cli: Callable[..., Any],
    checkpoint: Path,
    photographs: Path,
    pieces: list[None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = ("--data", photographs, "--variant", "in_place", "--json")
    whole = cli("evaluate", checkpoint, *options).json
    assert len(pieces) == 2  # the photographs
    monkeypatch.setattr("upscaling.tiles._ACTIVATIONS_MIB", 0.05)
    cut = cli("evaluate", checkpoint, *options)
    assert len(pieces) - 2 > 2
    assert cut.err == ""
    assert cut.json["psnr_y_db"] == pytest.approx(whole["psnr_y_db"], abs=1e-3)
    pieces.clear()
    assert cli("evaluate", checkpoint, *options, "--tile", 0).json == whole
    assert len(pieces) == 2


def test_a_network_that_sees_the_whole_image_is_evaluated_on_it(
    cli: Callable[..., Any],
    tmp_path: Path,
    pieces: list[None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (168, 200, 3), np.uint8)
    (tmp_path / "data").mkdir()
    PIL.Image.fromarray(noise).save(tmp_path / "data" / "noise.png")
    torch.manual_seed(0)
    network = build_network(ImdnConfig(scale=2, channels=8, blocks=1))
    model = tmp_path / "imdn.safetensors"
    save_checkpoint(model, network.state_dict(), network.config, {})
    arguments = ("evaluate", model, "--data", tmp_path / "data", "--json")
    whole = cli(*arguments)
    assert whole.err == ""
    monkeypatch.setattr("upscaling.tiles._ACTIVATIONS_MIB", 0.05)
    large = cli(*arguments)
    assert large.json == whole.json
    assert "note: 1 image is enlarged in one piece" in large.err
    assert "depends on the whole image (contrast attention): tiles of" in large.err
    assert len(pieces) == 2
    tiles = cli(*arguments, "--tile", 8)
    assert "note: 1 image is enlarged in tiles of 8 px, each with 32 px around it" in tiles.err
    assert len(pieces) > 2 + 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("bicubic", "the variant must be left out for bicubic"),
        ("safmn", "the variant must be plain or windows for safmn, got 'sparse'"),
    ],
)
@pytest.mark.parametrize("command", ["evaluate", "profile", "upscale"])
def test_a_variant_that_there_is_not(
    cli: Callable[..., Any],
    photographs: Path,
    tmp_path: Path,
    command: str,
    model: str,
    message: str,
) -> None:
    paths = (photographs, tmp_path / "out") if command == "upscale" else ()
    completed = cli(command, model, *paths, "--scale", 2, "--variant", "sparse")
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err
    assert completed.err.count("\n") == 1


def halved(photographs: Path, folder: Path, form: str) -> Path:
    """Low-resolution images by the mean of 2 x 2 pixels, which is not what imresize makes."""
    folder.mkdir(parents=True)
    for path in photographs.iterdir():
        with PIL.Image.open(path) as image:
            image.reduce(2).save(folder / form.format(path.stem))
    return folder


def test_given_low_resolution_images_are_enlarged(
    cli: Callable[..., Any], photographs: Path, tmp_path: Path
) -> None:
    halved(photographs, tmp_path / "LR" / "X2", "{}x2.png")
    options = ("evaluate", "bicubic", "--scale", 2, "--data", photographs, "--json")
    made, given = cli(*options).json, cli(*options, "--lr", tmp_path / "LR").json
    assert (made["low_resolution"], given["low_resolution"]) == (None, str(tmp_path / "LR"))
    assert [image["name"] for image in given["images"]] == ["narrow.png", "wide.png"]
    assert given["psnr_y_db"] != made["psnr_y_db"]


def test_a_pair_of_wrong_sizes_is_one_line(
    cli: Callable[..., Any], photographs: Path, tmp_path: Path
) -> None:
    folder = halved(photographs, tmp_path / "LR", "{}.png")
    completed = cli("evaluate", "bicubic", "--scale", 3, "--data", photographs, "--lr", folder)
    assert (completed.status, completed.out, completed.err.count("\n")) == (2, "", 1)
    assert "narrow.png has 36x42 pixels and not 24x28, as narrow.png has 72x84" in completed.err
    without = cli("evaluate", "bicubic", "--scale", 2, "--lr", folder)
    assert without.status == 2 and "name it with --data" in without.err


def test_a_low_resolution_image_that_does_not_decode_is_listed(
    cli: Callable[..., Any], photographs: Path, tmp_path: Path
) -> None:
    folder = halved(photographs, tmp_path / "LR", "{}x2.png")
    (folder / "widex2.png").write_bytes(b"no image")
    completed = cli(
        "evaluate", "bicubic", "--scale", 2, "--data", photographs, "--lr", folder, "--json"
    )
    assert completed.status == 1
    assert [image["name"] for image in completed.json["images"]] == ["narrow.png"]
    assert "widex2.png" in completed.err
