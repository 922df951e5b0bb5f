"""int8 for OpenVINO: what is in the program, and that it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blocks import SuperResolutionNetwork
from compressors import Crops, InstructionSet, Scheme
from compressors.int8_openvino import OpenVinoEngine
from compressors.layers import quantised
from compressors.quantiser import ProgramRunner

DOT_PRODUCT = InstructionSet("avx512_vnni", saturates=False)
AVX2 = InstructionSet("avx2", saturates=True)
MINMAX = Scheme(ranges="minmax")


def graph(program: Path) -> Any:
    import openvino

    return openvino.Core().read_model(program)


def of_type(model: Any, kind: str) -> list[Any]:
    return [operator for operator in model.get_ordered_ops() if operator.get_type_name() == kind]


def users(operator: Any) -> set[str]:
    inputs = operator.output(0).get_target_inputs()
    return {it.get_node().get_type_name() for it in inputs}


def integer_weights(model: Any) -> list[Any]:
    constants = of_type(model, "Constant")
    return [it.get_data() for it in constants if it.get_element_type().get_type_name() == "i8"]


@pytest.fixture(scope="module")
def program(
    trained_network: SuperResolutionNetwork, crops: Crops, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("openvino")
    quantiser = OpenVinoEngine().open(trained_network, crops.calibration, DOT_PRODUCT)
    weights_kib = quantiser.write(MINMAX, quantised(quantiser.layers), folder)
    assert weights_kib == (folder / "program.bin").stat().st_size / 1024
    return folder / "program.xml"


def test_only_what_convolutions_take_is_quantised(program: Path) -> None:
    model = graph(program)
    rounded = of_type(model, "FakeQuantize")
    assert len(rounded) == 5
    assert set().union(*map(users, rounded)) == {"Convolution"}
    assert len(of_type(model, "Convolution")) == 9
    assert len(integer_weights(model)) == 5


def test_it_gives_nearly_the_network_for_images_of_any_size(
    program: Path,
    trained_network: SuperResolutionNetwork,
    crops: Crops,
    runners: Mapping[str, ProgramRunner],
) -> None:
    for height, width in ((24, 19), (1, 1)):
        images = np.ascontiguousarray(crops.held_out_images[:2, :, :height, :width])
        with torch.inference_mode():
            expected = trained_network(torch.from_numpy(images)).numpy()
        enlarged = runners["openvino"](program, images)
        assert enlarged.shape == expected.shape
        assert 0 < np.abs(enlarged - expected).max() < 0.05


def test_where_sums_saturate_weights_use_7_bits(
    program: Path, trained_network: SuperResolutionNetwork, crops: Crops, tmp_path: Path
) -> None:
    quantiser = OpenVinoEngine().open(trained_network, crops.calibration, AVX2)
    quantiser.write(MINMAX, quantised(quantiser.layers), tmp_path)
    narrow = integer_weights(graph(tmp_path / "program.xml"))
    wide = integer_weights(graph(program))
    assert max(np.abs(weights).max() for weights in narrow) == 64
    assert max(np.abs(weights).max() for weights in wide) >= 127


def test_layers_may_be_left_out(
    trained_network: SuperResolutionNetwork, crops: Crops, tmp_path: Path
) -> None:
    quantiser = OpenVinoEngine().open(trained_network, crops.calibration, DOT_PRODUCT)
    quantiser.write(MINMAX, ["trunk_convolution"], tmp_path)
    assert len(integer_weights(graph(tmp_path / "program.xml"))) == 1
