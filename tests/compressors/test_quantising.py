"""Choosing a scheme, the bound on the loss, and the folder that is written.

Covers compressors.attempts, compressors.engines, compressors.quantiser and compressors.schemes.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest

from blocks import SuperResolutionNetwork, load_network
from blocks.checkpoints import weights_digest
from compressors import (
    Crops,
    EngineName,
    InstructionSet,
    LossTooHigh,
    Scheme,
    quantise,
    read_artefact,
)
from compressors.artefacts import MANIFEST_FILE
from compressors.engines import find_engine
from compressors.quantiser import Images, ProgramRunner, missing_for
from imaging.evaluation import ValidationPair

DOT_PRODUCT = InstructionSet("avx512_vnni", saturates=False)
GOOD = Scheme(ranges="minmax", symmetry="asymmetric")
BAD = Scheme(ranges="mean", symmetry="asymmetric", scope="everything")


@pytest.mark.parametrize("engine", ("openvino", "onnxruntime"))
def test_a_bad_scheme_is_caught_on_held_out_crops(
    engine: EngineName,
    trained_network: SuperResolutionNetwork,
    crops: Crops,
    runners: Mapping[str, ProgramRunner],
    tmp_path: Path,
) -> None:
    artefact = quantise(
        trained_network,
        engine,
        crops,
        runners[engine],
        DOT_PRODUCT,
        tmp_path / "int8",
        schemes=(BAD, GOOD),
        metadata={"dataset": "bundled"},
    )
    manifest = artefact.manifest
    bad, good = manifest.tried
    assert (bad.scheme, good.scheme, manifest.chosen) == (BAD, GOOD, good)
    assert good.loss_db < 0.1 < bad.loss_db
    assert manifest.float_psnr_y_db == pytest.approx(good.psnr_y_db + good.loss_db)
    # The folder holds the float network, and a program that gives what was promised.
    assert read_artefact(tmp_path / "int8") == artefact
    network = load_network(artefact.checkpoint)
    assert network.config == trained_network.config
    enlarged = runners[engine](artefact.program, crops.held_out_images)
    assert crops.psnr_y_db(enlarged) == pytest.approx(good.psnr_y_db, abs=1e-6)
    assert manifest.weights_digest == weights_digest(network.state_dict())
    assert manifest.arch_id == network.config.arch_id
    assert len(manifest.quantised_layers) == 5
    assert set(manifest.float_layers.values()) == {"first", "last", "attention"}
    assert good.weights_kib < manifest.float_weights_kib


def coarse_trunk(run: ProgramRunner) -> ProgramRunner:
    """A target on which the trunk convolution, and no other, loses much in 8 bits."""

    def run_coarsely(program: Path, images: Images) -> Images:
        names = {tensor.name for tensor in onnx.load(program).graph.initializer}
        error = 0.05 if "trunk_convolution.weight_quantized" in names else 0.0
        return run(program, images) + np.float32(error)

    return run_coarsely


def test_the_layer_that_loses_most_stays_in_float_where_the_loss_is_bounded(
    trained_network: SuperResolutionNetwork,
    crops: Crops,
    runners: Mapping[str, ProgramRunner],
    tmp_path: Path,
) -> None:
    run = coarse_trunk(runners["onnxruntime"])
    artefact = quantise(
        trained_network,
        "onnxruntime",
        crops,
        run,
        DOT_PRODUCT,
        tmp_path / "int8",
        schemes=(GOOD,),
        max_loss_db=0.1,
    )
    manifest = artefact.manifest
    assert manifest.tried[0].loss_db > 0.1 >= manifest.chosen.loss_db
    assert manifest.chosen.kept_float == ("trunk_convolution",)
    assert manifest.float_layers["trunk_convolution"] == "loses too much"
    assert "trunk_convolution" not in manifest.quantised_layers


def test_a_bound_that_cannot_be_met_says_what_was_tried_and_writes_nothing(
    small_network: SuperResolutionNetwork,
    crops: Crops,
    runners: Mapping[str, ProgramRunner],
    tmp_path: Path,
) -> None:
    def noisy(program: Path, images: Images) -> Images:
        enlarged = runners["onnxruntime"](program, images)
        return enlarged + np.float32(0.3)

    with pytest.raises(LossTooHigh, match=r"at most 0.01 dB .* the best of \d programs") as caught:
        quantise(
            small_network,
            "onnxruntime",
            crops,
            noisy,
            DOT_PRODUCT,
            tmp_path / "int8",
            schemes=(GOOD,),
            max_loss_db=0.01,
        )
    kept = [len(trial.kept_float) for trial in caught.value.tried]
    assert kept[0] == 0
    assert max(kept) == 2  # half of the five layers
    assert all(trial.loss_db > 0.01 for trial in caught.value.tried)
    assert not any(tmp_path.iterdir())


def test_an_interrupt_leaves_nothing(
    small_network: SuperResolutionNetwork, crops: Crops, tmp_path: Path
) -> None:
    def interrupted(program: Path, images: Images) -> Images:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        quantise(small_network, "onnxruntime", crops, interrupted, DOT_PRODUCT, tmp_path / "int8")
    assert not any(tmp_path.iterdir())


def never(program: Path, images: Images) -> Images:
    raise AssertionError("nothing must run")


def test_bad_input_is_refused_before_anything_is_made(
    small_network: SuperResolutionNetwork, crops: Crops, tmp_path: Path
) -> None:
    def refused(match: str, engine: str = "onnxruntime", **others: object) -> None:
        settings: dict[str, object] = {"crops": crops, "out": tmp_path / "int8"} | others
        with pytest.raises(ValueError, match=match):
            quantise(
                small_network,
                engine,  # type: ignore[arg-type]
                run=never,
                instruction_set=DOT_PRODUCT,
                **settings,  # type: ignore[arg-type]
            )

    (tmp_path / "full").mkdir()
    (tmp_path / "full" / MANIFEST_FILE).touch()
    refused("is there already", out=tmp_path / "full")
    refused("did you mean 'openvino'", engine="openvinno")
    refused("0 dB or more, got -1", max_loss_db=-1.0)
    refused("at least one scheme", schemes=())
    pairs = crops.held_out
    other = Crops(crops.calibration, tuple(_at_scale_4(pair) for pair in pairs))
    refused("of the network's scale, 2, got 4", crops=other)


def _at_scale_4(pair: ValidationPair) -> ValidationPair:
    return replace(pair, high=np.zeros((96, 96, 3), np.uint8))


def test_a_missing_library_is_named_with_what_installs_it() -> None:
    missing = missing_for("no_such_library", remedy="pip install 'paretosr[int8]'")
    assert missing == "no_such_library is not installed; pip install 'paretosr[int8]'"
    assert find_engine("openvino").libraries[0] == "nncf"


def test_schemes_have_names() -> None:
    assert BAD.name == "mean, asymmetric, everything quantised"
    assert GOOD.name == "minmax, asymmetric"
