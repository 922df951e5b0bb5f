"""Where activations are near zero, in Python and on the command line.

Covers paretosr.cli.commands.sparsity.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch

import paretosr as psr
from blocks import ClassSRConfig, EdsrConfig, SmsrConfig, build_network, save_checkpoint


@pytest.fixture
def half_flat(tmp_path: Path) -> Path:
    """A folder with one image: a gray plane beside a checkerboard of 4 x 4 pixels."""
    rows, columns = np.indices((64, 80))
    board = np.where((rows // 4 + columns // 4) % 2, 220, 30)
    pixels = np.where(columns < 40, 120, board).astype(np.uint8)
    folder = tmp_path / "images"
    folder.mkdir()
    PIL.Image.fromarray(np.repeat(pixels[..., None], 3, axis=2)).save(folder / "half.png")
    return folder


def saved_edsr(path: Path) -> Path:
    """EDSR with one block, of which one channel is always zero and one always 1."""
    network = build_network(EdsrConfig(scale=2, channels=3, blocks=1))
    with torch.no_grad():
        convolution = network.trunk.blocks[0].convolution_1
        convolution.weight[:2] = 0
        convolution.bias[:2] = torch.tensor([-1.0, 1.0])
    save_checkpoint(path, network.state_dict(), network.config, {})
    return path


def test_a_dead_channel_is_zero_in_every_region(half_flat: Path, tmp_path: Path) -> None:
    found = psr.sparsity(saved_edsr(tmp_path / "edsr.safetensors"), half_flat, threshold=0)
    (layer,) = found.layers
    assert layer.layer == "trunk.blocks.0.convolution_1"
    for region in ("flat", "texture"):
        assert found.region_shares[region] > 0.3
        assert layer.by_region[region][:2] == (1, 0)
        assert layer.mean(region) == pytest.approx(sum(layer.by_region[region]) / 3)
    # The regions' shares, weighed by their pixels, are that of the channel.
    total = sum(
        found.region_shares[region] * share
        for region, (*_, share) in layer.by_region.items()
        if found.region_shares[region]
    )
    assert layer.by_channel == pytest.approx((1, 0, total))
    assert sum(found.region_shares.values()) == pytest.approx(1)
    (table,) = found.tables()
    assert table.rows[0][:2] == ("trunk.blocks.0.convolution_1", "3")
    assert table.rows[0][-2:] == ("0.0%", "100.0%")


def test_the_command_draws_and_writes(
    cli: Callable[..., Any], half_flat: Path, tmp_path: Path
) -> None:
    checkpoint, figure = saved_edsr(tmp_path / "edsr.safetensors"), tmp_path / "figure.png"
    options = ["--data", half_flat, "--threshold", 0]
    completed = cli("sparsity", checkpoint, *options, "--figure", figure)
    assert completed.status == 0
    assert completed.out.splitlines()[-1] == str(figure)
    assert "near zero: exactly 0" in completed.out
    with PIL.Image.open(figure) as drawn:
        assert drawn.format == "PNG"
    answer = cli("sparsity", checkpoint, *options, "--json").json
    assert answer == psr.sparsity(checkpoint, half_flat, threshold=0).to_dict() | {
        "layers": answer["layers"]
    }
    assert [*answer["layers"][0]["near_zero"]] == ["flat", "edge", "texture"]


def test_smsr_is_computed_without_its_masks(half_flat: Path, tmp_path: Path) -> None:
    network = build_network(SmsrConfig(scale=2, channels=16, modules=1, layers=2))
    with torch.no_grad():  # no pixel is active, and no channel dense
        network.blocks[0].predictor[-1].bias.copy_(torch.tensor([100.0, -100.0]))
        network.blocks[0].channel_logits.copy_(torch.tensor([0.0, 1.0]).expand(1, 16, 2, 2))
    save_checkpoint(tmp_path / "smsr.safetensors", network.state_dict(), network.config, {})
    found = psr.sparsity(tmp_path / "smsr.safetensors", half_flat, threshold=0)
    masked = [layer for layer in found.layers if ".convolutions." in layer.layer]
    assert len(masked) == 2
    assert all(min(layer.by_channel) < 1 for layer in masked)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["bicubic", "--scale", 2], "bicubic has no weights"),
        (["{edsr}", "--threshold", -1], "the threshold must be a number from 0, got -1"),
        (["{edsr}", "--threshold", "nan"], "the threshold must be a number from 0, got nan"),
        (["{interpolating}"], "no activation as large as the image"),
        (["{edsr}", "--figure", "a.gif2"], "a figure's name must end in one of"),
    ],
)
def test_what_cannot_be_shown_is_one_line(
    cli: Callable[..., Any], tmp_path: Path, options: list[object], message: str
) -> None:
    classsr = ClassSRConfig.model_validate(
        {"scale": 2, "patch_px": 8, "stride_px": 8, "branches": [{"family": "interpolation"}] * 3}
    )
    save_checkpoint(
        tmp_path / "classsr.safetensors", build_network(classsr).state_dict(), classsr, {}
    )
    names = {
        "{edsr}": saved_edsr(tmp_path / "edsr.safetensors"),
        "{interpolating}": tmp_path / "classsr.safetensors",
    }
    completed = cli("sparsity", *(names.get(str(option), option) for option in options))
    assert completed.status == 2
    assert completed.out == ""
    (line,) = completed.err.splitlines()
    assert message in line
