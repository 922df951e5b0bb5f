"""int8 for ONNX Runtime: what is in the program, and that it runs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper

from blocks import SuperResolutionNetwork
from compressors import Crops, InstructionSet, Scheme
from compressors.int8_onnxruntime import OnnxRuntimeEngine
from compressors.layers import quantised
from compressors.quantiser import ProgramRunner

DOT_PRODUCT = InstructionSet("avx512_vnni", saturates=False)
AVX2 = InstructionSet("avx2", saturates=True)
MINMAX = Scheme(ranges="minmax", symmetry="asymmetric")
CONVOLUTIONS = {
    "groups.0.blocks.0.convolution_1",
    "groups.0.blocks.0.convolution_2",
    "groups.0.blocks.1.convolution",
    "groups.0.convolution",
    "trunk_convolution",
}


def makers(program: onnx.ModelProto) -> dict[str, Any]:
    return {output: node for node in program.graph.node for output in node.output}


def integer_weights(program: onnx.ModelProto) -> dict[str, Any]:
    """The 8-bit tensors with four axes, by their names."""
    arrays = {it.name: numpy_helper.to_array(it) for it in program.graph.initializer}
    return {name: it for name, it in arrays.items() if it.dtype == np.int8 and it.ndim == 4}


@pytest.fixture(scope="module")
def program(
    trained_network: SuperResolutionNetwork, crops: Crops, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("onnxruntime")
    quantiser = OnnxRuntimeEngine().open(trained_network, crops.calibration, DOT_PRODUCT)
    quantiser.write(MINMAX, quantised(quantiser.layers), folder)
    return folder / "program.onnx"


def test_only_what_convolutions_take_and_give_is_quantised(program: Path) -> None:
    graph = onnx.load(program)
    assert {name.removesuffix(".weight_quantized") for name in integer_weights(graph)} == (
        CONVOLUTIONS
    )
    made = makers(graph)
    for node in graph.graph.node:
        for name in node.input:
            source = made.get(name)
            if source is None or source.op_type != "DequantizeLinear" or node.op_type == "Conv":
                continue
            # Whatever else takes a rounded value takes that of a convolution.
            rounded = made[source.input[0]]
            assert made[rounded.input[0]].op_type == "Conv", node.name


def test_a_relu_behind_a_convolution_is_one_with_it(program: Path) -> None:
    """What is never negative is rounded from 0 on, so that the ReLU needs no operator."""
    relus = [node for node in onnx.load(program).graph.node if node.op_type == "Relu"]
    assert len(relus) == 1  # that of the attention, which is in float


def test_the_others_are_stored_in_half_precision(program: Path) -> None:
    graph = onnx.load(program)
    stored = {it.name: it.data_type for it in graph.graph.initializer}
    halves = {name for name, kind in stored.items() if kind == onnx.TensorProto.FLOAT16}
    assert {name.removesuffix(".weight_float16") for name in halves} == {
        "input_convolution",
        "groups.0.blocks.0.attention.squeeze",
        "groups.0.blocks.0.attention.excite",
        "output_convolution",
    }


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
        enlarged = runners["onnxruntime"](program, images)
        assert enlarged.shape == expected.shape
        assert 0 < np.abs(enlarged - expected).max() < 0.05


def test_weights_are_rounded_to_the_nearest_of_255_steps(
    program: Path, trained_network: SuperResolutionNetwork
) -> None:
    weight = trained_network.get_parameter("trunk_convolution.weight").detach().numpy()
    steps = np.abs(weight).max(axis=(1, 2, 3), keepdims=True) / 127
    stored = integer_weights(onnx.load(program))["trunk_convolution.weight_quantized"]
    assert np.abs(stored * steps - weight).max() <= steps.max() * 0.501


def test_where_sums_saturate_weights_use_7_bits(
    trained_network: SuperResolutionNetwork, crops: Crops, tmp_path: Path
) -> None:
    quantiser = OnnxRuntimeEngine().open(trained_network, crops.calibration, AVX2)
    quantiser.write(MINMAX, quantised(quantiser.layers), tmp_path)
    weights = integer_weights(onnx.load(tmp_path / "program.onnx"))
    assert max(np.abs(it).max() for it in weights.values()) == 64


def test_all_that_the_engine_can_is_quantised_if_asked_for(
    trained_network: SuperResolutionNetwork, crops: Crops, tmp_path: Path
) -> None:
    quantiser = OnnxRuntimeEngine().open(trained_network, crops.calibration, DOT_PRODUCT)
    scheme = MINMAX.model_copy(update={"scope": "everything"})
    quantiser.write(scheme, [layer.name for layer in quantiser.layers], tmp_path)
    graph = onnx.load(tmp_path / "program.onnx")
    made = makers(graph)
    additions = [
        node for node in graph.graph.node if node.op_type == "Add" and node.input[0] in made
    ]
    sources = {made[name].op_type for node in additions for name in node.input if name in made}
    assert "DequantizeLinear" in sources
    assert len(integer_weights(graph)) == 9
