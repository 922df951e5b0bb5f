"""The command writes files that another runtime turns into the network's images.

Covers paretosr.exporting, upscaling.export, upscaling.exporters and blocks.programs.any_size.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from blocks import (
    CarnConfig,
    EdsrConfig,
    FsrcnnConfig,
    HybridConfig,
    ImdnConfig,
    MsrResNetConfig,
    NetworkConfig,
    RcanConfig,
    RlfnConfig,
    SafmnConfig,
    SeemoReConfig,
    SmsrConfig,
    SpanConfig,
    SplitSRConfig,
    build_network,
    load_network,
    save_checkpoint,
)
from blocks.programs.onnx_graph import EXPORT_MODULES

for module in (*EXPORT_MODULES, "onnxruntime"):
    pytest.importorskip(module)


def onnx_difference(
    file: Path, checkpoint: Path, shape: tuple[int, ...], least_px: int = 1
) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    # Each image another colour and contrast: networks that choose by the image choose otherwise.
    images = torch.rand(shape) * torch.rand(shape[0], 3, 1, 1)
    (output,) = session.run(["enlarged"], {"images": images.numpy()})
    height, width = shape[2:]
    beside, below = max(0, least_px - width), max(0, least_px - height)
    large = torch.nn.functional.pad(images, (0, beside, 0, below), mode="replicate")
    with torch.no_grad():
        expected = load_network(checkpoint).eval()(large)
    scale = expected.shape[2] // large.shape[2]
    expected = expected[:, :, : scale * height, : scale * width]
    return float((torch.as_tensor(output) - expected).abs().max() / expected.abs().max())


@pytest.mark.parametrize(
    "config",
    [
        SplitSRConfig(
            scale=3,
            channels=8,
            groups=1,
            blocks=1,
            hybrid_index=1,
            active_channels=4,
            attention="squeeze_excitation",
            image_skip="bicubic",
        ),
        SeemoReConfig(scale=3, channels=8, groups=1, recursion=1, kernel=3),
        SmsrConfig(scale=2, channels=16, modules=2),
        HybridConfig(
            scale=2, channels=16, groups=("split", "experts", "masked", "plain"), recursion=1
        ),
        FsrcnnConfig(scale=3, channels=8),
        EdsrConfig(scale=4, channels=8, blocks=1),
        CarnConfig(scale=2, channels=8),
        MsrResNetConfig(scale=3, channels=8, blocks=1),
        RcanConfig(scale=2, channels=16, groups=1, blocks=1),
        ImdnConfig(scale=2, channels=8, blocks=1),
        RlfnConfig(scale=2, channels=8, inner_channels=8, blocks=1),
        SafmnConfig(scale=2, channels=8, blocks=1),  # its pooling has no operator in ONNX
        SpanConfig(scale=4, channels=8, blocks=1, form="training"),
    ],
    ids=lambda config: config.family,
)
def test_images_of_any_size_and_number(
    cli: Callable[..., Any], tmp_path: Path, config: NetworkConfig
) -> None:
    network = build_network(config)
    checkpoint, file = tmp_path / "network.safetensors", tmp_path / "new" / "network.onnx"
    save_checkpoint(checkpoint, network.state_dict(), config, {})
    answer = cli("export", checkpoint, "--out", file, "--json").json
    assert answer["file"] == str(file)
    assert answer["scale"] == config.scale
    assert 0 < answer["max_difference"] < 1e-4
    for shape in ((1, 3, 24, 40), (3, 3, 31, 17)):
        assert onnx_difference(file, checkpoint, shape) < 1e-4


# Run in a process of its own, which a division by zero would end by a signal.
RUN_ON_SIZES = """
import sys
import numpy as np

runtime, file, folder, *sizes = sys.argv[1:]
if runtime == "onnxruntime":
    import onnxruntime
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    call = lambda images: session.run(None, {"images": images})[0]
else:
    import openvino
    hint = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.compile_model(file, "CPU", hint)
    call = lambda images: compiled(images)[0]
for size in sizes:
    np.save(f"{folder}/{size}-enlarged.npy", call(np.load(f"{folder}/{size}.npy")))
"""


@pytest.mark.parametrize(
    "config",
    [
        SeemoReConfig(scale=2, channels=8, groups=1, recursion=2, kernel=3),
        RlfnConfig(scale=2, channels=8, inner_channels=8, blocks=1),
        SafmnConfig(scale=2, channels=8, blocks=1),
        SafmnConfig(scale=2, channels=8, blocks=1, design="ntire"),
    ],
    ids=["seemore", "rlfn", "safmn", "safmn-ntire"],
)
def test_images_smaller_than_the_network_takes(
    cli: Callable[..., Any], tmp_path: Path, config: NetworkConfig
) -> None:
    network = build_network(config).eval()
    checkpoint, file = tmp_path / "network.safetensors", tmp_path / "network.onnx"
    save_checkpoint(checkpoint, network.state_dict(), config, {})
    assert cli("export", checkpoint, "--out", file).status == 0
    least_px = config.minimum_size_px
    sizes = [(1, 1), (2, 3), (6, 6), (1, 40), (least_px - 1, least_px), (least_px, least_px)]
    generator = np.random.default_rng(0)
    for height, width in sizes:
        image = generator.random((1, 3, height, width), dtype=np.float32)
        np.save(tmp_path / f"{height}x{width}.npy", image)
    names = [f"{height}x{width}" for height, width in sizes]
    for runtime in ("onnxruntime", "openvino"):
        if importlib.util.find_spec(runtime) is None:
            continue
        command = [sys.executable, "-c", RUN_ON_SIZES, runtime, str(file), str(tmp_path), *names]
        subprocess.run(command, check=True, capture_output=True, timeout=120)
        for name, (height, width) in zip(names, sizes, strict=True):
            image = np.load(tmp_path / f"{name}.npy")
            missing = [(0, max(0, least_px - side)) for side in (height, width)]
            large = np.pad(image, ((0, 0), (0, 0), *missing), mode="edge")
            with torch.no_grad():
                expected = network(torch.from_numpy(large))[:, :, : 2 * height, : 2 * width]
            enlarged = np.load(tmp_path / f"{name}-enlarged.npy")
            np.testing.assert_allclose(enlarged, expected.numpy(), atol=1e-5, rtol=0)


def test_a_fixed_size_and_another_opset(cli: Callable[..., Any], tmp_path: Path) -> None:
    import onnx

    config = SafmnConfig(scale=2, channels=8, blocks=1)
    checkpoint, file = tmp_path / "network.safetensors", tmp_path / "network.onnx"
    save_checkpoint(checkpoint, build_network(config).state_dict(), config, {})
    for size, shape in (("20x33", (20, 33)), ("3x5", (3, 5))):
        answer = cli("export", checkpoint, "--out", file, "--size", size, "--opset", 18, "--json")
        assert (answer.json["lr_height_px"], answer.json["lr_width_px"]) == shape
        assert answer.json["opset"] == 18
        model = onnx.load(file)
        sides = [side.dim_value for side in model.graph.input[0].type.tensor_type.shape.dim]
        assert sides == [1, 3, *shape]
        assert [entry.version for entry in model.opset_import if entry.domain == ""] == [18]
        assert onnx_difference(file, checkpoint, (1, 3, *shape), least_px=8) < 1e-4


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("--size", "20", "--size must be HEIGHTxWIDTH like 180x320, got '20'"),
        ("--size", "0x20", "lr_height_px must be at least 1, got 0"),
        ("--opset", "13", "the opset must be one that torch.onnx writes"),
        ("--opset", "0", "--opset must be greater than 0, got 0"),
    ],
)
def test_impossible_settings(
    cli: Callable[..., Any], tmp_path: Path, checkpoint: Path, option: str, value: str, message: str
) -> None:
    completed = cli("export", checkpoint, "--out", tmp_path / "x.onnx", option, value)
    assert (completed.status, completed.out, completed.err.count("\n")) == (2, "", 1)
    assert message in completed.err
    assert not (tmp_path / "x.onnx").exists()


def test_the_folded_variant_of_span_is_what_is_exported(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    import onnx

    network = build_network(SpanConfig(scale=2, channels=8, blocks=1, form="training"))
    checkpoint, file = tmp_path / "span.safetensors", tmp_path / "span.onnx"
    save_checkpoint(checkpoint, network.state_dict(), network.config, {})
    assert cli("export", checkpoint, "--out", file).status == 0
    operators = [node.op_type for node in onnx.load(file).graph.node]
    assert operators.count("Conv") == 1 + 3 + 1 + 1 + 1  # input, block, trunk, fusion, output


@pytest.mark.parametrize(
    ("model", "out", "message"),
    [
        ("seemore-t", "x.onnx", "MODEL must have trained weights"),
        ("bicubic", "x.onnx", "MODEL must be a network"),
        ("seemore-t", "x.pt", "an ONNX file must end in .onnx"),
    ],
)
def test_what_cannot_be_exported(
    cli: Callable[..., Any], tmp_path: Path, model: str, out: str, message: str
) -> None:
    completed = cli("export", model, "--scale", 2, "--out", tmp_path / out)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err
    assert completed.err.count("\n") == 1
    assert not (tmp_path / out).exists()
