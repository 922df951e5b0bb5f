"""A trained network made smaller, as a function and as a command.

Covers paretosr.compressing.pruned and paretosr.cli.commands.compress.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from blocks import load_checkpoint, save_checkpoint
from blocks.checkpoints import weights_digest
from blocks.random_weights import seeded_network
from compressors.inheritance import parameters_of
from foundation.listener import Silent
from paretosr.compressing.pruning import prune
from paretosr.models import load

Cli = Callable[..., Any]


@pytest.fixture
def begin(checkpoint: Path, photographs: Path, tmp_path: Path) -> list[object]:
    """The command without what a test says itself."""
    out = tmp_path / "small"
    return ["compress", checkpoint, "--method", "prune", "--out", out, "--data", photographs]


def test_a_smaller_network_is_an_ordinary_checkpoint_that_names_its_parent(
    cli: Cli, begin: list[object], checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    answer = cli(*begin, "--keep", 0.6, "--steps", 2, "--json").json
    child, parent = load_checkpoint(Path(answer["checkpoint"])), load_checkpoint(checkpoint)
    assert child.config.arch_id == answer["arch_id"] != parent.config.arch_id
    assert child.metadata["parent_arch_id"] == parent.config.arch_id
    assert child.metadata["parent_weights"] == weights_digest(parent.tensors)
    sizes = [parameters_of(one) for one in (parent.config, child.config)]
    assert [stage["params"] for stage in answer["stages"]] == [sizes[0], sizes[1], sizes[1]]
    assert answer["share"] == pytest.approx(sizes[1] / sizes[0])
    evaluated = cli("evaluate", answer["checkpoint"], "--json").json
    (kept,) = (stage for stage in answer["stages"] if stage["name"] == answer["kept"])
    assert evaluated["psnr_y_db"] == pytest.approx(kept["psnr_y_db"], abs=1e-4)
    lost = answer["stages"][0]["psnr_y_db"] - kept["psnr_y_db"]
    assert answer["lost_db"] == pytest.approx(lost)
    page = (tmp_path / "small" / "report.md").read_text()
    assert f"channels {parent.config.channels} -> {child.config.channels}" in page
    assert f"| inherited | {sizes[1]:,} |" in page


def test_the_parent_is_the_teacher_unless_another_is_named(
    cli: Cli, begin: list[object], checkpoint: Path, tmp_path: Path
) -> None:
    cli(*begin, "--keep", 0.6, "--steps", 1)
    trained = load_checkpoint(tmp_path / "small" / "training" / "model.safetensors")
    assert weights_digest(load_checkpoint(checkpoint).tensors) in trained.metadata["teacher"]
    recipe = json.loads(trained.metadata["recipe"])
    assert (recipe["learning_rate"], recipe["zero_last_convolution"]) == (0.002, False)


def test_without_steps_the_inherited_weights_are_the_result(
    cli: Cli, begin: list[object], tmp_path: Path
) -> None:
    answer = cli(*begin, "--keep", 0.6, "--steps", 0, "--json").json
    assert (answer["kept"], answer["teacher"], answer["train_steps"]) == ("inherited", None, 0)
    assert not (tmp_path / "small" / "training").exists()
    inherited, model = (
        load_checkpoint(tmp_path / "small" / name).tensors
        for name in ("inherited.safetensors", "model.safetensors")
    )
    assert weights_digest(inherited) == weights_digest(model)


def test_a_design_can_be_named_instead_of_a_share(
    cli: Cli, begin: list[object], checkpoint: Path, tmp_path: Path
) -> None:
    parent = load_checkpoint(checkpoint).config
    design = tmp_path / "design.json"
    design.write_text(parent.replace(channels=6, active_channels=3).model_dump_json())
    answer = cli(*begin, "--to", design, "--steps", 0, "--json").json
    assert answer["arch_id"] == load(design).config.arch_id  # type: ignore[union-attr]
    assert answer["cut"] == {
        "channels": [parent.channels, 6],
        "active_channels": [parent.active_channels, 3],
    }


def test_a_training_that_makes_it_worse_is_not_kept(
    checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    result = prune(
        checkpoint, tmp_path, keep=0.6, steps=3, data=photographs,
        settings={"learning_rate": 0.5, "ema_decay": 0.0},
    )  # fmt: skip
    _, inherited, trained = result.stages
    assert trained.crops_psnr_db < inherited.crops_psnr_db
    assert result.kept == "inherited"
    stored = load_checkpoint(tmp_path / "inherited.safetensors").tensors
    kept = load_checkpoint(result.checkpoint).tensors
    assert weights_digest(kept) == weights_digest(stored)


class PressesCtrlC(Silent):
    """In the second step of a training."""

    def progress(self, done: int, total: int, text: str = "") -> None:
        if "loss" in text and done == 2:
            raise KeyboardInterrupt

    def warning(self, text: str) -> None: ...


def test_what_was_interrupted_goes_on(checkpoint: Path, photographs: Path, tmp_path: Path) -> None:
    straight = prune(checkpoint, tmp_path / "straight", keep=0.6, steps=4, data=photographs)
    folder = tmp_path / "interrupted"
    with pytest.raises(KeyboardInterrupt, match=f"the same command continues it in {folder}"):
        prune(checkpoint, folder, keep=0.6, steps=4, data=photographs, listener=PressesCtrlC())
    assert not (folder / "model.safetensors").exists()
    continued = prune(checkpoint, folder, keep=0.6, steps=4, data=photographs)
    assert [stage.crops_psnr_db for stage in continued.stages] == [
        stage.crops_psnr_db for stage in straight.stages
    ]


def test_another_network_in_the_folder_is_left_alone(
    cli: Cli, begin: list[object], tmp_path: Path
) -> None:
    assert cli(*begin, "--keep", 0.6, "--steps", 0).status == 0
    model = tmp_path / "small" / "model.safetensors"
    before = model.read_bytes()
    completed = cli(*begin, "--keep", 0.3, "--steps", 0)
    assert completed.status == 2
    assert "belongs to a compression with arch_id" in completed.err
    other = cli(*begin, "--keep", 0.6, "--steps", 0, "--seed", 1)
    assert other.status == 2
    assert "belongs to a compression with crops_seed 0, not 1" in other.err
    assert model.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "by the share to keep (keep, --keep) or by its design (to, --to), got neither"),
        (["--keep", 0.5, "--to", "a.json"], "got both"),
        (["--keep", 0], "keep must be above 0 and below 1"),
        (["--keep", 1.5], "keep must be above 0 and below 1"),
        (["--to", "bicubic", "--scale", 2], "bicubic"),
        (["--to", "{parent}"], "the smaller network must have fewer parameters than its parent"),
        (["--to", "{larger}"], "of the smaller network must be at most"),
        (["--keep", 0.6, "--steps", -1], "steps must be 0 or more, got -1"),
        (["--keep", 0.6, "--teacher", "{x3}"], "the teacher must enlarge by 2"),
        (["--keep", 0.6, "--teacher", "none.safetensors"], "none.safetensors"),
        (["--keep", 0.6, "--recipe", "smsr"], "recipe smsr trains networks of the family smsr"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    cli: Cli, begin: list[object], checkpoint: Path, tmp_path: Path,
    options: list[object], message: str,
) -> None:  # fmt: skip
    config = load_checkpoint(checkpoint).config
    larger = tmp_path / "larger.json"
    larger.write_text(config.replace(channels=2 * config.channels).model_dump_json())
    x3 = seeded_network(config.replace(scale=3), 0)
    save_checkpoint(tmp_path / "x3.safetensors", x3.state_dict(), x3.config, {})
    named = {
        "{parent}": checkpoint, "{larger}": larger, "{x3}": tmp_path / "x3.safetensors",
    }  # fmt: skip
    completed = cli(*begin, *(named.get(str(option), option) for option in options))
    assert completed.status == 2
    assert message in completed.err.splitlines()[-1]
    assert not (tmp_path / "small" / "model.safetensors").exists()


def test_a_design_without_weights_has_none_to_leave(
    cli: Cli, tiny_network: Path, tmp_path: Path
) -> None:
    begun = ["compress", tiny_network, "--method", "prune", "--keep", 0.5, "--out", tmp_path]
    completed = cli(*begun)
    assert completed.status == 2
    assert "MODEL must be a trained network, for its weights are inherited" in completed.err
