"""What each layer loses by itself, and what is lost without it."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest

from blocks import SuperResolutionNetwork
from compressors import Crops, InstructionSet, Scheme, sensitivity
from compressors.quantiser import Images, ProgramRunner

SUFFIX = ".weight_quantized"


def test_layers_are_quantised_alone_and_left_out_alone(
    trained_network: SuperResolutionNetwork,
    crops: Crops,
    runners: Mapping[str, ProgramRunner],
) -> None:
    rounded: list[set[str]] = []

    def run(program: Path, images: Images) -> Images:
        names = {tensor.name for tensor in onnx.load(program).graph.initializer}
        rounded.append({it.removesuffix(SUFFIX) for it in names if it.endswith(SUFFIX)})
        enlarged = runners["onnxruntime"](program, images)
        return enlarged + np.float32(0.05 if "trunk_convolution" in rounded[-1] else 0)

    rows = sensitivity(
        trained_network,
        "onnxruntime",
        crops,
        run,
        InstructionSet("avx2", saturates=True),
        Scheme(ranges="minmax", symmetry="asymmetric"),
    )
    layers = [row.layer for row in rows]
    assert len(layers) == 5
    assert rounded[::2] == [{layer} for layer in layers]
    assert rounded[1::2] == [set(layers) - {layer} for layer in layers]
    # What the target adds to the trunk convolution shows in its row, and in all others without.
    for row in rows:
        is_trunk = row.layer == "trunk_convolution"
        assert (row.loss_alone_db > 1) == is_trunk
        assert (row.loss_without_db > 1) != is_trunk
    assert rows[-1].loss_alone_db == pytest.approx(
        max(row.loss_without_db for row in rows), abs=0.5
    )
