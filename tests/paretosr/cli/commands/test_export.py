"""The command writes files that another runtime turns into the network's images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from blocks import (
    CarnConfig,
    EdsrConfig,
    FsrcnnConfig,
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


def onnx_difference(file: Path, checkpoint: Path, shape: tuple[int, ...]) -> float:
    import onnxruntime

    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    # Each image another colour and contrast: networks that choose by the image choose otherwise.
    images = torch.rand(shape) * torch.rand(shape[0], 3, 1, 1)
    (output,) = session.run(["enlarged"], {"images": images.numpy()})
    with torch.no_grad():
        expected = load_network(checkpoint).eval()(images)
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
        ("seemore-t", "x.pt", "--out must end in .onnx"),
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
