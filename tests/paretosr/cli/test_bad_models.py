"""Models that cannot enlarge an image: one clear line, exit status 2, nothing written."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

from blocks import RlfnConfig, build_network, save_checkpoint


class _Code:
    """What a pickle runs when it is read."""

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, ("raise SystemExit('the pickle was run')",)


def _broken(kind: str, checkpoint: Path, path: Path) -> None:
    data = {
        "truncated": checkpoint.read_bytes()[:-100],
        "truncated header": checkpoint.read_bytes()[:20],
        "empty": b"",
        "pickle": pickle.dumps(_Code()),
    }[kind]
    path.write_bytes(data)


@pytest.mark.parametrize("kind", ["truncated", "truncated header", "empty", "pickle"])
@pytest.mark.parametrize("command", ["upscale", "evaluate", "profile"])
def test_a_broken_checkpoint(
    cli: Callable[..., Any],
    checkpoint: Path,
    photographs: Path,
    tmp_path: Path,
    command: str,
    kind: str,
) -> None:
    model, large = tmp_path / "model.safetensors", tmp_path / "large"
    _broken(kind, checkpoint, model)
    completed = cli(command, model, *((photographs, large) if command == "upscale" else ()))
    assert (completed.status, completed.out) == (2, "")
    assert f"{model} must be a whole safetensors file" in completed.err
    assert completed.err.count("\n") == 1
    assert not large.exists()


def test_a_checkpoint_of_another_scale(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    completed = cli("upscale", checkpoint, photographs, tmp_path / "large", "--scale", 4)
    assert (completed.status, completed.err.count("\n")) == (2, 1)
    assert "enlarges by 2, got 4" in completed.err


def test_an_image_smaller_than_the_network_takes(cli: Callable[..., Any], tmp_path: Path) -> None:
    network = build_network(RlfnConfig(scale=2, channels=4, inner_channels=4, blocks=1))
    model, small = tmp_path / "rlfn.safetensors", tmp_path / "small.png"
    save_checkpoint(model, network.state_dict(), network.config, {})
    PIL.Image.new("RGB", (40, 14)).save(small)
    completed = cli("upscale", model, small, tmp_path / "large.png")
    assert (completed.status, completed.err.count("\n")) == (2, 1)
    assert "rlfn needs images of at least 15x15 px, got 14x40" in completed.err
    assert not (tmp_path / "large.png").exists()
