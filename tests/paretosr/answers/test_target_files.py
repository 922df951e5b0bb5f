"""Files that the runtimes load, and that give the network's images."""

from pathlib import Path

import numpy as np
import pytest
import torch

from foundation.listener import Silent
from paretosr.answers.target_files import write_program
from paretosr.models import load
from profilers import Target

SIZE_PX = (16, 24)


class Quiet(Silent):
    def warning(self, text: str) -> None:
        raise AssertionError(text)


def written(checkpoint: Path, target: str, folder: Path) -> dict[str, str]:
    files = write_program(
        load(checkpoint), Target.parse(target), folder, calibration_images="bundled",
        listener=Quiet(),
    )  # fmt: skip
    return dict(files)


def images() -> np.ndarray:
    return np.random.default_rng(0).random((1, 3, *SIZE_PX), dtype=np.float32)


def expected(checkpoint: Path) -> np.ndarray:
    with torch.no_grad():
        enlarged: np.ndarray = load(checkpoint).network().eval()(torch.from_numpy(images())).numpy()
    return enlarged


@pytest.mark.parametrize("target", ["onnxruntime:lr=16x24", "openvino:lr=16x24", "eager:lr=16x24"])
def test_some_have_no_file_of_their_own(checkpoint: Path, tmp_path: Path, target: str) -> None:
    assert written(checkpoint, target, tmp_path) == {} and not [*tmp_path.iterdir()]


def test_xnnpack_gets_a_program(checkpoint: Path, tmp_path: Path) -> None:
    runtime = pytest.importorskip("executorch.runtime")
    files = written(checkpoint, "xnnpack:lr=16x24", tmp_path)
    assert files == {"xnnpack": "model.pte"}
    program = runtime.Runtime.get().load_program(tmp_path / "model.pte")
    (enlarged,) = program.load_method("forward").execute([torch.from_numpy(images())])
    assert enlarged.numpy() == pytest.approx(expected(checkpoint), abs=1e-4)


def test_ncnn_gets_two_files(checkpoint: Path, tmp_path: Path) -> None:
    ncnn = pytest.importorskip("ncnn")
    pytest.importorskip("pnnx")
    assert written(checkpoint, "ncnn:lr=16x24", tmp_path) == {"ncnn": "model.param"}
    with ncnn.Net() as net:
        assert net.load_param(str(tmp_path / "model.param")) == 0
        assert net.load_model(str(tmp_path / "model.bin")) == 0
