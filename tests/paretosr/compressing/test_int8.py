"""An int8 program is written, is a model for its target, and is refused for every other.

Covers paretosr.compressing.quantising, paretosr.compressing.caching and
paretosr.cli.commands.cache.
"""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import paretosr as psr
from compressors import Scheme
from compressors.int8_onnxruntime import OnnxRuntimeEngine
from imaging.evaluation import evaluate_quality, prepare_validation
from imaging.images import load_images

INT8 = "onnxruntime:precision=int8,lr=24x32"
CommandLine = Callable[..., Any]

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")


@pytest.fixture(scope="module")
def quantised(
    checkpoint: Path, photographs: Path, tmp_path_factory: pytest.TempPathFactory
) -> psr.QuantisedModel:
    folder = tmp_path_factory.mktemp("quantised") / "int8"
    return psr.quantise(checkpoint, folder, INT8, calibration_images=photographs, sensitivity=True)


def test_the_program_that_loses_least_is_kept(quantised: psr.QuantisedModel) -> None:
    losses_db = [trial.loss_db for trial in quantised.tried]
    assert len(losses_db) >= 2
    assert quantised.chosen.loss_db == min(losses_db)
    program, files = quantised.folder / "program.onnx", sorted(quantised.folder.iterdir())
    assert program in files
    names = [file.name for file in files]
    assert {"manifest.json", "model.safetensors", "sensitivity.csv", "sensitivity.png"} < {*names}
    table, layers = quantised.tables()
    assert [row[0] for row in table.rows] == [it.scheme.name for it in quantised.tried]
    assert [row[0] for row in layers.rows] == [it.layer for it in quantised.sensitivity]
    with (quantised.folder / "sensitivity.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [(row["layer"], float(row["loss_alone_db"])) for row in rows] == [
        (it.layer, it.loss_alone_db) for it in quantised.sensitivity
    ]


def test_evaluate_runs_the_program_itself(
    quantised: psr.QuantisedModel, photographs: Path, cli: CommandLine
) -> None:
    session = onnxruntime.InferenceSession(
        quantised.folder / "program.onnx", providers=["CPUExecutionProvider"]
    )

    def upscale(pixels: np.ndarray) -> np.ndarray:
        images = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / 255
        (enlarged,) = session.run(None, {"images": images})
        return (enlarged[0].clip(0, 1) * 255).round().astype(np.uint8).transpose(1, 2, 0)

    pairs = prepare_validation(load_images(str(photographs), split="validation").images, 2)
    expected = evaluate_quality(upscale, pairs)
    options = ("--data", photographs, "--target", INT8, "--json")
    found = cli("evaluate", quantised.folder, *options).json
    assert found["target"] == str(psr.Target.parse(INT8))
    assert found["psnr_y_db"] == pytest.approx(expected.psnr_y_db, abs=1e-3)
    in_float = psr.evaluate(quantised.folder / "model.safetensors", photographs, variant="in_place")
    assert found["psnr_y_db"] != in_float.psnr_y_db
    assert found["psnr_y_db"] == pytest.approx(in_float.psnr_y_db, abs=0.5)


def test_profile_says_what_int8_gains_over_float32(
    quantised: psr.QuantisedModel, cli: CommandLine
) -> None:
    profile = psr.profile(quantised.folder, INT8, max_seconds=0.5, listener=Deaf())
    assert (profile.variant, profile.other_variants) == ("int8", ())
    times = profile.over_float32
    assert times is not None
    assert times.ci_low <= times.ratio <= times.ci_high
    (sentence,) = profile.sentences()
    assert sentence.startswith(
        f"int8 is {'faster' if times.ci_high < 1 else 'not faster'} than float32 on this "
        f"instruction set ({quantised.instruction_set}): it takes {times.ratio:.3f} of the time"
    )


class Deaf:
    """A listener that hears of a noisy machine and minds no more."""

    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def progress(self, done: int, total: int, text: str = "") -> None: ...


def test_compare_and_upscale_take_the_folder(
    quantised: psr.QuantisedModel, photographs: Path, tmp_path: Path
) -> None:
    folder = quantised.folder
    comparison = psr.compare(folder, folder, INT8, max_seconds=0.3, listener=Deaf())
    assert (comparison.others[0].first_variant, comparison.others[0].variant) == ("int8", "int8")
    pixels = np.asarray(PIL.Image.open(photographs / "wide.png"))
    enlarged = psr.upscale(folder, pixels, target=INT8)
    in_tiles = psr.upscale(folder, pixels, target=INT8, tile_px=16)
    in_float = psr.upscale(folder / "model.safetensors", pixels)
    assert enlarged.shape == in_tiles.shape == (144, 168, 3)
    assert np.abs(enlarged.astype(int) - in_tiles).max() <= 1
    assert 0 < np.abs(enlarged.astype(int) - in_float).max() < 30


def test_export_writes_the_program(
    quantised: psr.QuantisedModel, cli: CommandLine, tmp_path: Path
) -> None:
    completed = cli("export", quantised.folder, "--out", tmp_path / "int8.onnx")
    assert completed.status == 0
    program = quantised.folder / "program.onnx"
    assert (tmp_path / "int8.onnx").read_bytes() == program.read_bytes()
    for options, message in (
        (("--out", tmp_path / "int8.xml"), "ends in .onnx"),
        (("--out", tmp_path / "b.onnx", "--size", "8x8"), "leave opset and size out"),
    ):
        completed = cli("export", quantised.folder, *options)
        assert (completed.status, message in completed.err) == (2, True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "quantised for onnxruntime, which PyTorch does not run"),
        (("--target", "onnxruntime"), "precision=float32,layout=nchw,batch=1,lr=180x320 does not"),
        (("--target", "openvino:precision=int8"), "name onnxruntime:precision=int8, or compress"),
        (("--target", INT8, "--variant", "in_place"), "leave the variant out"),
    ],
)
def test_what_the_folder_is_not_for_is_one_line(
    quantised: psr.QuantisedModel, cli: CommandLine, options: tuple[str, ...], message: str
) -> None:
    if "openvino" in "".join(options):
        pytest.importorskip("openvino")
    completed = cli("evaluate", quantised.folder, *options)
    assert completed.status == 2
    (line,) = completed.err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("instruction_set", "arm", "made for arm"),
        ("versions", {"onnxruntime": "1.0"}, "onnxruntime 1.0"),
        ("weights_digest", "0123456789", "made for 0123456789"),
        ("format_version", 99, "must be of format version 1"),
    ],
)
def test_a_stale_artefact_says_what_differs(
    quantised: psr.QuantisedModel,
    cli: CommandLine,
    tmp_path: Path,
    key: str,
    value: object,
    message: str,
) -> None:
    folder = shutil.copytree(quantised.folder, tmp_path / "stale")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    completed = cli("evaluate", folder, "--target", INT8)
    assert completed.status == 2
    (line,) = completed.err.splitlines()
    assert message in line


def test_a_loss_that_cannot_be_met_ends_with_the_table(
    cli: CommandLine,
    checkpoint: Path,
    photographs: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Which rounds the interpolated image to 8 bits, too, whatever layers stay in float.
    bad = Scheme(ranges="minmax", symmetry="asymmetric", scope="everything")
    monkeypatch.setattr(OnnxRuntimeEngine, "schemes", lambda *_: (bad,))
    options = ("--method", "int8", "--target", INT8, "--calibration-images", photographs)
    out = tmp_path / "int8"
    completed = cli("compress", checkpoint, *options, "--max-loss", 0, "--out", out)
    assert completed.status == 1
    assert "int8 must lose at most 0 dB" in completed.err.splitlines()[-1]
    assert "lost (dB)" in completed.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("int8",), "needs the --target"),
        (("int8", "--target", "onnxruntime"), "precision=int8, got onnxruntime:"),
        (("int8", "--target", INT8, "--keep", "0.5"), "--keep is for --method prune"),
        (("int8", "--target", INT8, "--calibration-images", "nowhere"), "does not exist"),
        (("int8", "--target", INT8, "--max-loss", "-1"), "0 dB or more, got -1"),
        (("prune", "--keep", "0.5", "--target", INT8), "--target is for --method int8"),
    ],
)
def test_bad_input_is_one_line(
    cli: CommandLine,
    checkpoint: Path,
    tmp_path: Path,
    options: tuple[str, ...],
    message: str,
) -> None:
    out = tmp_path / "out"
    completed = cli("compress", checkpoint, "--out", out, "--method", *options)
    assert completed.status == 2
    (line,) = completed.err.splitlines()
    assert message in line
    assert not out.exists()


def test_a_design_is_not_quantised(cli: CommandLine, tiny_network: Path, tmp_path: Path) -> None:
    options = ("--method", "int8", "--target", INT8, "--out", tmp_path / "out")
    completed = cli("compress", tiny_network, *options)
    assert completed.status == 2
    assert "must have trained weights" in completed.err


def test_a_network_in_float_is_quantised_for_its_target_and_kept(
    cli: CommandLine, checkpoint: Path, photographs: Path
) -> None:
    assert cli("cache", "--empty").status == 0
    options = ("--data", photographs, "--calibration-images", photographs, "--target", INT8)
    first = cli("evaluate", checkpoint, *options, "--json")
    (note,) = first.err.splitlines()
    assert f"made with the images in {photographs} and kept in the cache: it loses" in note
    second = cli("evaluate", checkpoint, *options, "--json")
    assert "before, and kept in the cache" in second.err
    assert second.json == first.json
    kept = cli("cache", "--json").json
    assert (kept["networks"], kept["removed"]) == (1, 0)
    assert 0 < kept["size_mib"] < kept["limit_mib"]
    emptied = cli("cache", "--empty")
    assert "removed: 1 quantised networks" in emptied.out
    assert psr.cache().networks == 0


def test_random_weights_have_a_latency_and_no_quality(
    cli: CommandLine, tiny_network: Path, photographs: Path
) -> None:
    options = ("--calibration-images", photographs, "--target", INT8)
    profile = cli("profile", tiny_network, *options, "--max-seconds", 0.3, "--json")
    assert profile.json["latency_ms"] > 0
    assert "weights are random, so that its latency counts and its quality does not" in profile.err
    evaluation = cli("evaluate", tiny_network, *options)
    assert evaluation.status == 2
    assert "must have trained weights" in evaluation.err
