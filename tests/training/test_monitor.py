"""Covers training.validation."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from blocks import Smsr, SmsrConfig, SuperResolutionNetwork, build_network, load_checkpoint
from blocks.pixels import network_upscaler
from imaging.evaluation import evaluate_quality, prepare_validation
from imaging.images import Image
from training import PatchSampler, TrainingResult, get_recipe, train
from training.monitor import Watch
from training.validation import Validation

STEPS = 12
RECIPE = get_recipe("smsr").replace(batch_size=2, lr_patch_px=8, learning_rate=1e-3)
IMAGE = Image("noise.png", np.random.default_rng(3).integers(0, 256, (40, 44, 3), np.uint8), False)
PAIRS = prepare_validation([IMAGE], 2)


def make_network() -> SuperResolutionNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network(SmsrConfig(scale=2, channels=16, modules=1, layers=2))


def run(
    folder: Path, network: SuperResolutionNetwork, stop_after: int | None = None
) -> TrainingResult:
    def on_step(step: int, loss: float) -> None:
        if step == stop_after:
            raise KeyboardInterrupt

    patches = PatchSampler([IMAGE], scale=2, recipe=RECIPE, seed=0)
    watch = Watch(Validation(PAIRS, "cpu"), validate_every=4, log_every=3)
    return train(
        network, patches, RECIPE, steps=STEPS, checkpoint_folder=folder, watch=watch,
        on_step=on_step,
    )  # fmt: skip


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "training.csv").open() as file:
        # How long a step took is all that may differ.
        return [{**row, "train_seconds": ""} for row in csv.DictReader(file)]


@pytest.fixture(scope="module")
def straight(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("straight")
    run(folder, make_network())
    return folder


def test_rows_come_when_they_are_due(straight: Path) -> None:
    logged = rows(straight)
    assert [int(row["step"]) for row in logged] == [3, 4, 6, 8, 9, 12]
    assert [int(row["step"]) for row in logged if row["psnr_y_db"]] == [4, 8, 12]
    assert [float(row["learning_rate"]) for row in logged[:2]] == pytest.approx([1e-3, 5e-4])


def test_the_last_row_is_what_the_model_gives(straight: Path) -> None:
    checkpoint = load_checkpoint(straight / "model.safetensors")
    network = build_network(checkpoint.config)
    network.load_state_dict(dict(checkpoint.tensors))
    assert isinstance(network, Smsr)
    last = rows(straight)[-1]
    quality = evaluate_quality(network_upscaler(network), PAIRS)
    assert float(last["psnr_y_db"]) == quality.psnr_y_db
    low = torch.from_numpy(PAIRS[0].low).permute(2, 0, 1)[None] / 255
    active = network.active_fractions(low).mean().item()
    assert float(last["active_fraction"]) == pytest.approx(active)


def test_the_best_weights_are_kept(straight: Path) -> None:
    validated = {float(row["psnr_y_db"]): row["step"] for row in rows(straight) if row["psnr_y_db"]}
    best = load_checkpoint(straight / "best.safetensors")
    assert best.metadata["step"] == validated[max(validated)]


@pytest.mark.parametrize("stops", [[5], [4, 11], [12]])
def test_noise_log_and_best_weights_survive_interruptions(
    stops: list[int], straight: Path, tmp_path: Path
) -> None:
    for stop in stops:
        with pytest.raises(KeyboardInterrupt):
            run(tmp_path, make_network(), stop)
    assert run(tmp_path, make_network()).resumed_from_step == stops[-1]
    assert rows(tmp_path) == rows(straight)
    for name in ("model.safetensors", "best.safetensors"):
        expected = load_checkpoint(straight / name)
        continued = load_checkpoint(tmp_path / name)
        assert continued.metadata["step"] == expected.metadata["step"]
        assert continued.tensors.keys() == expected.tensors.keys()
        for key, tensor in expected.tensors.items():
            assert torch.equal(continued.tensors[key], tensor), key
