"""From an authors' checkpoint to a model that other commands take, by paretosr.importing."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from blocks import catalogue_config, load_checkpoint


@pytest.fixture
def official(tmp_path: Path, official_fsrcnn: dict[str, Tensor]) -> Path:
    """A checkpoint by the authors of ClassSR."""
    torch.save({"params": official_fsrcnn}, tmp_path / "official.pth")
    return tmp_path / "official.pth"


def test_the_result_is_a_model_for_other_commands(
    cli: Callable[..., Any], official: Path, photographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "fsrcnn.safetensors"
    options = ["--as", "fsrcnn-rgb", "--scale", "4", "--out", out]
    result = cli("import-weights", official, *options, "--json").json
    config = catalogue_config("fsrcnn-rgb", 4)
    assert result == {"file": str(out), "arch_id": config.arch_id, "tensors": 20}
    checkpoint = load_checkpoint(out)
    assert checkpoint.config == config
    assert checkpoint.metadata == {"imported_from": "official.pth"}
    given = torch.load(official, weights_only=True)["params"]
    last = checkpoint.tensors["output_convolution.weight"]
    assert torch.equal(last, given["tail_conv.weight"])
    completed = cli("upscale", out, photographs, tmp_path / "large")
    assert completed.status == 0


def test_a_note_says_where_the_weights_were(
    cli: Callable[..., Any], official: Path, tmp_path: Path
) -> None:
    plain = torch.load(official, weights_only=True)["params"]
    averaged = {f"module.{name}": tensor + 1 for name, tensor in plain.items()}
    torch.save({"model": plain, "model_ema": averaged}, official)
    out = tmp_path / "fsrcnn.SAFETENSORS"
    completed = cli("import-weights", official, "--as", "fsrcnn-rgb", "--scale", 4, "--out", out)
    assert completed.err == (
        "note: the averaged weights were found in 'model_ema' and named without the prefix"
        " 'module.'\nnote: the plain weights in 'model' were left\n"
    )
    last = load_checkpoint(out).tensors["output_convolution.bias"]
    assert torch.equal(last, averaged["module.tail_conv.bias"])
    assert "an ONNX file must end" in cli("export", out, "--out", tmp_path / "x.pt").err
    assert cli("evaluate", out, "--data", tmp_path / "none").err.count("does not exist") == 1


def test_a_full_disk(
    cli: Callable[..., Any],
    official: Path,
    tmp_path: Path,
    files_up_to: Callable[[int], AbstractContextManager[None]],
) -> None:
    out = tmp_path / "fsrcnn.safetensors"
    with files_up_to(600):
        completed = cli(
            "import-weights", official, "--as", "fsrcnn-rgb", "--scale", 4, "--out", out
        )
    assert (completed.status, completed.out) == (1, "")
    assert completed.err == f"paretosr: {out}: File too large\n"
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--as", "fsrcnn", "--scale", "4", "--out", "x.safetensors"], "for Caffe only"),
        (["--as", "imdn", "--scale", "4", "--out", "x.safetensors"], "unexpected: head_conv.0"),
        (["--as", "fsrcnn-rgb", "--scale", "2", "--out", "x.safetensors"], "scales 4, got 2"),
        (
            ["--as", "bicubic", "--scale", "4", "--out", "x.safetensors"],
            "MODEL must name a network",
        ),
        (["--as", "fsrcnn-rgb", "--scale", "4", "--out", "x.pth"], "must end in .safetensors"),
    ],
)
def test_what_does_not_fit_is_one_line_and_writes_nothing(
    cli: Callable[..., Any],
    official: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    completed = cli("import-weights", official, *options)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err
    assert completed.err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["official.pth"]


def test_branches_in_files_of_their_own_become_one_network(
    cli: Callable[..., Any], official: Path, photographs: Path, tmp_path: Path
) -> None:
    hard = torch.load(official, weights_only=True)["params"]
    files = []
    for width in (16, 36, 56):
        narrow = {
            name: tensor[tuple(slice(width if side == 56 else side) for side in tensor.shape)]
            for name, tensor in hard.items()
        }
        torch.save(narrow, tmp_path / f"fsrcnn-{width}.pth")
        files.append(tmp_path / f"fsrcnn-{width}.pth")
    out = tmp_path / "classsr.safetensors"
    options = ("--as", "classsr-fsrcnn", "--scale", 4, "--out", out)
    completed = cli("import-weights", *files, *options)
    assert completed.status == 0
    assert "note: the classifier is not trained" in completed.err
    checkpoint = load_checkpoint(out)
    assert checkpoint.config == catalogue_config("classsr-fsrcnn", 4)
    assert checkpoint.metadata == {"imported_from": "fsrcnn-16.pth, fsrcnn-36.pth, fsrcnn-56.pth"}
    last = checkpoint.tensors["branches.2.output_convolution.weight"]
    assert torch.equal(last, hard["tail_conv.weight"])
    assert cli("upscale", out, photographs, tmp_path / "large").status == 0
    refused = cli("import-weights", *files[:2], *options)
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "got 2 files" in refused.err
