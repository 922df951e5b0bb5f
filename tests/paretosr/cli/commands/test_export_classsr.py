"""ClassSR as a folder: graphs and a manifest that give the network's images.

Covers upscaling.export_classsr and upscaling.onnx_router.
"""

import json
import math
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from blocks import (
    ClassSR,
    ClassSRConfig,
    FsrcnnConfig,
    InterpolationConfig,
    SafmnConfig,
    build_network,
    save_checkpoint,
)
from blocks.programs.failure import ExportFailed
from blocks.programs.onnx_graph import EXPORT_MODULES
from profilers import Target
from profilers.runtimes.images import sample_images

for module in (*EXPORT_MODULES, "onnxruntime"):
    pytest.importorskip(module)

CONFIG = ClassSRConfig(
    scale=3,
    branches=(
        InterpolationConfig(scale=3),
        FsrcnnConfig(scale=3, channels=8, design="rgb"),
        SafmnConfig(scale=3, channels=8, blocks=1),  # its own variant cannot be exported
    ),
    patch_px=16,
    stride_px=12,
    classifier_channels=16,
    classifier_layers=2,
)


@pytest.fixture(scope="module")
def network() -> ClassSR:
    """By weights that send the patches of a photograph to every branch."""
    torch.manual_seed(0)
    network = build_network(CONFIG).eval()
    assert isinstance(network, ClassSR)
    photographs = sample_images(Target(batch=4, lr_height_px=64, lr_width_px=64))
    with torch.no_grad():
        for parameter in network.classifier.parameters():
            parameter.mul_(10)
        mean_logits = network.classifier(photographs).mean(dim=(0, 2, 3))
        network.classifier.output.bias.sub_(mean_logits)
    return network


@pytest.fixture(scope="module")
def checkpoint(network: ClassSR, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("classsr") / "classsr.safetensors"
    save_checkpoint(path, network.state_dict(), CONFIG, {})
    return path


def enlarged_by_the_words_of(folder: Path, image: NDArray[np.float32]) -> NDArray[np.float32]:
    """What another program makes of the folder: NumPy and ONNX Runtime, and no code of ours."""
    from onnxruntime import InferenceSession

    def session(file: str) -> Any:
        return InferenceSession(folder / file, providers=["CPUExecutionProvider"])

    manifest = json.loads((folder / "manifest.json").read_text())
    scale, size, stride = (manifest[key] for key in ("scale", "patch_px", "stride_px"))
    later = np.array(manifest["later_weights"], np.float32)
    classifier = session(manifest["classifier"])
    branches = [session(branch["file"]) for branch in manifest["branches"]]
    _, height, width = image.shape
    rows, columns = (math.ceil((side - size) / stride) + 1 for side in (height, width))
    beyond = [(0, (n - 1) * stride + size - side) for n, side in ((rows, height), (columns, width))]
    mirrored = np.pad(image, ((0, 0), *beyond), mode="reflect")
    whole = np.zeros((3, scale * mirrored.shape[1], scale * mirrored.shape[2]), np.float32)
    for row, column in product(range(rows), range(columns)):
        top, left = row * stride, column * stride
        patch = mirrored[None, :, top : top + size, left : left + size]
        (logits,) = classifier.run(["logits"], {"images": patch})
        (enlarged,) = branches[int(logits.argmax())].run(["enlarged"], {"images": patch})
        weights = [np.ones(scale * size, np.float32) for _ in range(2)]
        for along, place, count in zip(weights, (row, column), (rows, columns), strict=True):
            if place > 0:
                along[: len(later)] = later
            if place < count - 1:
                along[-len(later) :] = 1 - later
        whole[:, scale * top : scale * (top + size), scale * left : scale * (left + size)] += (
            enlarged[0] * np.outer(*weights)
        )
    return whole[:, : scale * height, : scale * width]


def test_the_folder_is_the_network(
    cli: Callable[..., Any], tmp_path: Path, network: ClassSR, checkpoint: Path
) -> None:
    from upscaling.onnx_router import OnnxRouter

    folder = tmp_path / "new" / "classsr"
    answer = cli("export", checkpoint, "--out", folder, "--json").json
    assert (answer["folder"], answer["scale"]) == (str(folder), 3)
    assert 0 < answer["max_difference"] < 1e-5
    names = {path.name for path in folder.iterdir()}
    branches = {"branch_1.onnx", "branch_2.onnx", "branch_3.onnx"}
    assert names == {"classifier.onnx", "manifest.json", *branches}
    router = OnnxRouter(folder)
    routes = set()
    for height, width in ((16, 90), (61, 47)):
        for image in sample_images(Target(batch=4, lr_height_px=height, lr_width_px=width)):
            with torch.no_grad():
                expected = network(image[None])[0].numpy()
                routes |= set(network.classify(image[None]).flatten().tolist())
            np.testing.assert_allclose(router(image.numpy()), expected, atol=1e-5)
    # The last of the images and its expected one.
    by_its_words = enlarged_by_the_words_of(folder, image.numpy())
    np.testing.assert_allclose(by_its_words, expected, atol=1e-5)
    assert routes == {0, 1, 2}
    for height, width in ((1, 1), (5, 40), (16, 3)):
        (image,) = sample_images(Target(lr_height_px=height, lr_width_px=width)).numpy()
        missing = [(0, max(0, CONFIG.patch_px - side)) for side in (height, width)]
        large = np.pad(image, ((0, 0), *missing), mode="edge")
        with torch.no_grad():
            expected = network(torch.from_numpy(large)[None])[0].numpy()
        expected = expected[:, : 3 * height, : 3 * width]
        np.testing.assert_allclose(router(image), expected, atol=1e-5)


def test_a_folder_for_one_size_takes_its_patches_one_by_one(
    cli: Callable[..., Any], tmp_path: Path, network: ClassSR, checkpoint: Path
) -> None:
    import onnx

    from upscaling.onnx_router import OnnxRouter

    folder = tmp_path / "classsr"
    answer = cli("export", checkpoint, "--out", folder, "--size", "30x41", "--opset", 18, "--json")
    assert (answer.json["lr_height_px"], answer.json["lr_width_px"]) == (30, 41)
    for file in folder.glob("*.onnx"):
        model = onnx.load(file)
        sides = [side.dim_value for side in model.graph.input[0].type.tensor_type.shape.dim]
        assert sides == [1, 3, CONFIG.patch_px, CONFIG.patch_px]
        assert [entry.version for entry in model.opset_import if entry.domain == ""] == [18]
    router = OnnxRouter(folder)
    (image,) = sample_images(Target(lr_height_px=30, lr_width_px=41))
    with torch.no_grad():
        expected = network(image[None])[0].numpy()
    np.testing.assert_allclose(router(image.numpy()), expected, atol=1e-5)
    with pytest.raises(ValueError, match="must be of 30x41 px, got 30x40"):
        router(image[:, :, :-1].numpy())


def test_the_manifest_tells_what_a_reader_needs(
    cli: Callable[..., Any], tmp_path: Path, checkpoint: Path
) -> None:
    assert cli("export", checkpoint, "--out", tmp_path / "classsr").status == 0
    manifest = json.loads((tmp_path / "classsr" / "manifest.json").read_text())
    assert [manifest[key] for key in ("scale", "patch_px", "stride_px")] == [3, 16, 12]
    assert [branch["family"] for branch in manifest["branches"]] == [
        "interpolation",
        "fsrcnn",
        "safmn",
    ]
    # Patches overlap by 3 * (16 - 12) pixels; the later one's share rises by a twelfth a pixel.
    np.testing.assert_allclose(manifest["later_weights"], (np.arange(12) + 0.5) / 12)
    assert ClassSRConfig.model_validate(manifest["config"]) == CONFIG
    assert {"paretosr", "torch", "onnx"} <= manifest["versions"].keys()


@pytest.mark.parametrize(
    ("out", "message"),
    [
        ("classsr.onnx", "this network becomes a folder: name one without .onnx"),
        ("full", "a ClassSR needs a new or an empty folder"),
        ("full/notes.txt", "a ClassSR needs a new or an empty folder"),
    ],
)
def test_a_wrong_place_is_refused(
    cli: Callable[..., Any], tmp_path: Path, checkpoint: Path, out: str, message: str
) -> None:
    notes = tmp_path / "full" / "notes.txt"
    notes.parent.mkdir()
    notes.write_text("mine")
    completed = cli("export", checkpoint, "--out", tmp_path / out)
    assert (completed.status, completed.out, completed.err.count("\n")) == (2, "", 1)
    assert message in completed.err
    assert list(tmp_path.iterdir()) == [notes.parent]
    assert notes.read_text() == "mine"


def test_a_branch_that_no_photograph_takes_is_compared_too(
    network: ClassSR, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong graph must not go unseen because the photographs take another."""
    from upscaling import export_classsr as exporting_classsr

    exported = exporting_classsr.export_onnx_of_patches

    def export_wrong_branch(module: torch.nn.Module, patch_px: int, **options: str) -> bytes:
        if any(isinstance(layer, torch.nn.ConvTranspose2d) for layer in module.modules()):
            module = torch.nn.Upsample(scale_factor=3)
        return exported(module, patch_px, **options)

    monkeypatch.setattr(exporting_classsr, "export_onnx_of_patches", export_wrong_branch)
    with torch.no_grad():
        one_sided = build_network(CONFIG)
        one_sided.load_state_dict(network.state_dict())
        one_sided.classifier.output.weight.zero_()
        one_sided.classifier.output.bias.copy_(torch.tensor([1.0, 0.0, 0.0]))
    with pytest.raises(ExportFailed, match="must be the network's"):
        exporting_classsr.export_classsr(one_sided, tmp_path / "wrong")
    assert list(tmp_path.iterdir()) == []
