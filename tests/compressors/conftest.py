"""A small network, crops of the bundled photographs, and engines that run without a target."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from blocks import SplitSRConfig, SuperResolutionNetwork
from blocks.random_weights import seeded_network
from compressors import Crops, CropSettings, draw_crops, onnx_layers
from compressors.quantiser import Images, ProgramRunner
from imaging.images import load_images

SMALL = SplitSRConfig(
    scale=2,
    channels=8,
    groups=1,
    blocks=2,
    active_channels=4,
    hybrid_scope="block",
    hybrid_mode="interleave",
    hybrid_index=1,
    attention="squeeze_excitation",
    upsampler="one_step",
    image_skip="bilinear",
)


@cache
def _openvino() -> object:
    import sys

    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()


def run_in_openvino(program: Path, images: Images) -> Images:
    core = _openvino()
    compiled = core.compile_model(  # type: ignore[attr-defined]
        core.read_model(program),  # type: ignore[attr-defined]
        "CPU",
        {"INFERENCE_NUM_THREADS": 1, "NUM_STREAMS": 1, "INFERENCE_PRECISION_HINT": "f32"},
    )
    return np.array(compiled([images])[0])


def run_in_onnx_runtime(program: Path, images: Images) -> Images:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(program, options, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"images": images})[0])


RUNNERS: Mapping[str, ProgramRunner] = {
    "openvino": run_in_openvino,
    "onnxruntime": run_in_onnx_runtime,
}


@pytest.fixture(scope="session")
def runners() -> Mapping[str, ProgramRunner]:
    """The call of a program for each engine."""
    return RUNNERS


@pytest.fixture(scope="session")
def small_network() -> SuperResolutionNetwork:
    """A SplitSR network with every kind of part that the rule knows, random weights."""
    return seeded_network(SMALL, 0)


@pytest.fixture(scope="session")
def crops() -> Crops:
    """A few small crops of the bundled photographs, at x2."""
    images = load_images("bundled", split="training").images
    return draw_crops(images, 2, settings=CropSettings(crops=6, held_out=4, side_px=24))


@pytest.fixture(scope="session")
def trained_network() -> SuperResolutionNetwork:
    """The small network after a few seconds of training, so that decibels mean something."""
    images = load_images("bundled", split="training").images
    drawn = draw_crops(images, 2, settings=CropSettings(crops=1, held_out=64, side_px=24, seed=1))
    high = np.stack([pair.high for pair in drawn.held_out]).transpose(0, 3, 1, 2)
    inputs, targets = (torch.from_numpy(it.copy()) for it in (drawn.held_out_images, high / 255))
    network = seeded_network(SMALL, 0)
    optimiser = torch.optim.Adam(network.parameters(), lr=4e-3)
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        batch = torch.randint(len(inputs), (8,), generator=generator)
        optimiser.zero_grad()
        (network(inputs[batch]) - targets[batch].float()).abs().mean().backward()
        optimiser.step()
    return network.eval()


@pytest.fixture(scope="session", autouse=True)
def _exported_once() -> Iterator[None]:
    """Exporting takes most of the time, and gives the same for the same network each time."""
    with pytest.MonkeyPatch.context() as patch:
        once = cache(onnx_layers.exported)
        for engine in ("int8_openvino", "int8_onnxruntime"):
            patch.setattr(f"compressors.{engine}.exported", once)
        yield
