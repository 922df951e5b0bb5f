"""A training gives models, a log and a report, and goes on where it stopped.

Covers paretosr.trainings, paretosr.single_training and paretosr.training_report.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import PIL.Image
import pytest
import torch

from blocks import load_checkpoint, save_checkpoint
from blocks.checkpoints import weights_digest
from foundation.listener import Silent
from imaging.evaluation import prepare_validation
from imaging.image_sets import ImageSets
from imaging.images import load_images
from paretosr.models import load
from paretosr.single_training import (
    TrainingOutcome,
    TrainingPlan,
    settled_precision,
    train_and_validate,
)
from paretosr.trainings import train
from training import PatchSampler, Precision, get_recipe


@pytest.fixture
def arguments(tiny_network: Path, photographs: Path, tmp_path: Path) -> list[object]:
    data = ["--data", photographs, "--validation", photographs]
    return ["train", tiny_network, "--out", tmp_path / "training", *data]


def test_a_training_gives_a_model_that_evaluates_the_same(
    cli: Callable[..., Any], arguments: list[object], photographs: Path
) -> None:
    answer = cli(*arguments, "--steps", 3, "--json").json
    assert (answer["train_steps"], answer["resumed_from_step"]) == (3, 0)
    evaluated = cli("evaluate", answer["checkpoint"], "--data", photographs, "--json").json
    for column in ("psnr_y_db", "ssim_y"):
        assert evaluated[column] == pytest.approx(answer[column], abs=1e-4)


def test_the_baseline_is_that_of_evaluate(
    cli: Callable[..., Any], arguments: list[object], photographs: Path
) -> None:
    answer = cli(*arguments, "--steps", 1, "--json").json
    baseline = cli("evaluate", "bicubic", "--scale", 2, "--data", photographs, "--json").json
    assert answer["bicubic_psnr_y_db"] == baseline["psnr_y_db"]


class Threads(Silent):
    """Hears how many threads PyTorch has while it trains."""

    def __init__(self) -> None:
        self.heard: set[int] = set()

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.heard.add(torch.get_num_threads())


@pytest.mark.parametrize("threads", [1, 3])
def test_a_training_has_the_threads_it_is_given_and_gives_them_back(
    threads: int, tiny_network: Path, photographs: Path, tmp_path: Path
) -> None:
    before, listener = torch.get_num_threads(), Threads()
    images = {"data": photographs, "validation": photographs}
    train(tiny_network, tmp_path, **images, steps=2, threads=threads, listener=listener)
    assert listener.heard == {threads}
    assert torch.get_num_threads() == before


def test_no_threads_are_refused(cli: Callable[..., Any], arguments: list[object]) -> None:
    refused = cli(*arguments, "--threads", 0)
    assert refused.status == 2
    assert "--threads must be greater than 0, got 0" in refused.err


def test_an_ended_training_is_only_shown(cli: Callable[..., Any], arguments: list[object]) -> None:
    first = cli(*arguments, "--steps", 3, "--json").json
    again = cli(*arguments, "--steps", 3)
    assert again.status == 0
    assert "had ended" in again.out
    assert f"{first['psnr_y_db']:.2f} dB" in again.out


def test_another_training_in_the_folder_is_left_alone(
    cli: Callable[..., Any], arguments: list[object], tmp_path: Path
) -> None:
    assert cli(*arguments, "--steps", 2).status == 0
    model = tmp_path / "training" / "model.safetensors"
    before = model.read_bytes()
    completed = cli(*arguments, "--steps", 3)
    assert completed.status == 2
    assert "steps 2, not 3" in completed.err
    assert model.read_bytes() == before


TrainIn = Callable[..., TrainingOutcome]


@pytest.fixture
def train_in(tiny_network: Path, photographs: Path, tmp_path: Path) -> TrainIn:
    """Trains in a subfolder with a fixed precision, which `train` chooses by timing."""
    images = load_images(str(photographs), split="training").images
    config = load(str(tiny_network), None).config
    assert config is not None

    def call(
        name: str, *, seed: int = 0, on_step: Callable[[int, float], None] = lambda step, loss: None
    ) -> TrainingOutcome:
        plan = TrainingPlan(
            config,
            PatchSampler(images, scale=2, recipe=get_recipe("quick"), seed=seed),
            prepare_validation(images, 2),
            ImageSets.of(images, images),
            steps=8,
            device="cpu",
            precision="float32",
            folder=tmp_path / name,
            validate_every=3,
        )
        return train_and_validate(plan, on_step=on_step)

    return call


def test_the_seed_decides_the_weights(train_in: TrainIn) -> None:
    first, same, other = (train_in(f"{name}", seed=name // 2) for name in (2, 3, 4))
    assert first.training.loss == same.training.loss != other.training.loss
    assert first.quality == same.quality


def test_ctrl_c_says_how_to_go_on_and_going_on_changes_nothing(train_in: TrainIn) -> None:
    def press_ctrl_c(step: int, loss: float) -> None:
        if step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match="the same command continues it"):
        train_in("interrupted", on_step=press_ctrl_c)
    continued, straight = train_in("interrupted"), train_in("straight")
    assert continued.training.resumed_from_step == 5
    assert continued.training.loss == straight.training.loss
    assert continued.quality == straight.quality


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_training_keeps_its_number_format(
    train_in: TrainIn, photographs: Path, precision: Precision
) -> None:
    outcome = train_in("begun")
    checkpoint = load_checkpoint(outcome.checkpoint)
    metadata = {**checkpoint.metadata, "precision": precision}
    save_checkpoint(outcome.checkpoint, checkpoint.tensors, checkpoint.config, metadata)
    images = load_images(str(photographs), split="training").images
    patches = PatchSampler(images, scale=2, recipe=get_recipe("quick"), seed=0)
    settled = settled_precision(
        checkpoint.config, patches, device="cpu", folder=outcome.checkpoint.parent
    )
    assert settled == precision


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--recipe", "slow"], "recipe must be one of quick, "),
        (["--device", "tpu"], "unknown device 'tpu' for eager; did you mean 'cpu'"),
        (["--scale", "3"], "enlarges by 2, got 3"),
    ],
)
def test_wrong_options(
    cli: Callable[..., Any], arguments: list[object], changes: list[str], message: str
) -> None:
    completed = cli(*arguments, "--steps", 1, *changes)
    assert completed.status == 2
    assert message in completed.err


def test_a_flat_validation_image_is_named_and_not_in_the_mean(
    cli: Callable[..., Any], tiny_network: Path, photographs: Path, tmp_path: Path
) -> None:
    mixed, flat = tmp_path / "mixed", tmp_path / "flat"
    for folder in (mixed, flat):
        folder.mkdir()
        PIL.Image.new("RGB", (48, 48), (9, 99, 199)).save(folder / "flat.png")
    for path in photographs.iterdir():
        (mixed / path.name).write_bytes(path.read_bytes())
    out = tmp_path / "training"
    options = ["--out", out, "--steps", 2, "--data", photographs, "--json"]
    refused = cli("train", tiny_network, *options, "--validation", flat)
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "flat.png" in refused.err
    assert not out.exists()
    completed = cli("train", tiny_network, *options, "--validation", mixed)
    baseline = cli("evaluate", "bicubic", "--scale", 2, "--data", photographs, "--json").json
    assert completed.json["bicubic_psnr_y_db"] == baseline["psnr_y_db"]
    assert "left out of the mean" in completed.err and ": flat.png" in completed.err
    logged = pd.read_csv(out / "training.csv")
    assert logged["psnr_y_db"].iloc[-1] == pytest.approx(completed.json["psnr_y_db"])


def test_bicubic_has_nothing_to_train(cli: Callable[..., Any], tmp_path: Path) -> None:
    completed = cli("train", "bicubic", "--scale", 2, "--out", tmp_path)
    assert completed.status == 2
    assert "MODEL must be a network to be trained, got bicubic" in completed.err


def save_config(path: Path, **values: Any) -> Path:
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


@pytest.fixture
def tiny_smsr(tmp_path: Path) -> Path:
    return save_config(
        tmp_path / "smsr.json", family="smsr", scale=2, channels=16, modules=1, layers=1
    )


@pytest.fixture
def tiny_classsr(tmp_path: Path) -> Path:
    branch = {"family": "fsrcnn", "design": "rgb", "mapping_channels": 2, "mapping_layers": 1}
    branches = [{"family": "interpolation"}, *({**branch, "channels": width} for width in (2, 4))]
    return save_config(
        tmp_path / "classsr.json", family="classsr", scale=2, branches=branches, patch_px=16,
        stride_px=16, classifier_channels=4,
    )  # fmt: skip


@pytest.fixture
def data(photographs: Path) -> list[object]:
    return ["--data", photographs, "--validation", photographs]


def test_smsr_is_trained_as_published_in_proportion(
    cli: Callable[..., Any], tiny_smsr: Path, data: list[object], tmp_path: Path
) -> None:
    options = ["--recipe", "smsr", "--steps", 10, "--batch-size", 2, "--lr-patch", 8]
    folder = tmp_path / "training"
    completed = cli("train", tiny_smsr, "--out", folder, *data, *options)
    assert completed.status == 0
    assert "made for 1,000,000 steps, this training has 10" in completed.out
    assert "halved after steps 2, 4, 6, 8" in completed.out
    assert "active fraction" in completed.out
    assert {path.name for path in folder.iterdir()} == {
        "model.safetensors", "best.safetensors", "images.json", "training.csv", "training.png",
        "report.md", "decisions.png",
    }  # fmt: skip
    answer = cli("train", tiny_smsr, "--out", folder, *data, *options, "--json").json
    assert answer["resumed_from_step"] == 10
    assert 0 <= answer["active_fraction"] <= 1
    assert f"**{answer['active_fraction']:.3f}**" in (folder / "report.md").read_text()


def test_classsr_is_trained_in_stages(
    cli: Callable[..., Any], tiny_classsr: Path, data: list[object], tmp_path: Path
) -> None:
    branches, classifier = tmp_path / "branches", tmp_path / "classifier"
    common = [*data, "--steps", 2, "--batch-size", 2, "--json"]
    first = cli("train", tiny_classsr, "--recipe", "classsr-branch", "--out", branches, *common)
    assert "Classes of the training patches" in (branches / "report.md").read_text()
    second = cli(
        "train", tiny_classsr, "--recipe", "classsr-classifier", "--out", classifier,
        "--init", first.json["checkpoint"], *common,
    )  # fmt: skip
    assert sum(of_class["share"] for of_class in second.json["classes"]) == pytest.approx(1)
    before, after = (
        load_checkpoint(Path(answer.json["checkpoint"])).tensors for answer in (first, second)
    )
    for name, tensor in before.items():
        assert torch.equal(tensor, after[name]) != name.startswith("classifier"), name


def test_classes_by_a_checkpoint_are_reported_and_kept(
    cli: Callable[..., Any],
    tiny_classsr: Path,
    checkpoint: Path,
    data: list[object],
    tmp_path: Path,
) -> None:
    arguments = ["train", tiny_classsr, "--recipe", "classsr-branch", *data, "--steps", 1]
    arguments += ["--batch-size", 1, "--out", tmp_path / "training"]
    by_network = ["--set", f"routing.classes_by={checkpoint}"]
    assert cli(*arguments, *by_network).status == 0
    page = (tmp_path / "training" / "report.md").read_text()
    assert f"Equal parts by the mean squared error of {checkpoint} (RGB, 0 to 255)" in page
    assert cli(*arguments, *by_network, "--json").json["resumed_from_step"] == 1
    other = cli(*arguments)
    assert other.status == 2
    assert f"routing.classes_by {checkpoint}, not bicubic" in other.err


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_number_format_can_be_named(
    cli: Callable[..., Any], arguments: list[object], precision: str
) -> None:
    answer = cli(*arguments, "--steps", 1, "--precision", precision, "--json").json
    assert answer["precision"] == precision
    assert load_checkpoint(Path(answer["checkpoint"])).metadata["precision"] == precision


def test_a_teacher_is_reported_logged_and_kept(
    cli: Callable[..., Any], arguments: list[object], checkpoint: Path, tmp_path: Path
) -> None:
    taught = [*arguments, "--steps", 2, "--teacher", checkpoint, "--teacher-weight", 0.25]
    answer = cli(*taught, "--json").json
    assert (answer["teacher"], answer["teacher_weight"]) == (str(checkpoint), 0.25)
    teacher = load_checkpoint(checkpoint)
    identity = f"{teacher.config.arch_id}, weights {weights_digest(teacher.tensors)}"
    assert load_checkpoint(Path(answer["checkpoint"])).metadata["teacher"] == identity
    page = (tmp_path / "training" / "report.md").read_text()
    assert f"| taught by | {checkpoint} ({identity}), weight 0.25, beside originals |" in page
    log = pd.read_csv(answer["log"])
    combined = 0.75 * log["l1"] + 0.25 * log["teacher_l1"]
    assert log["loss"].to_list() == pytest.approx(combined.to_list(), rel=1e-4)
    assert f"taught by {checkpoint}, weight 0.25" in cli(*taught).out
    other = cli(*arguments, "--steps", 2)
    assert other.status == 2
    assert f"belongs to a training with teacher {identity}, not none" in other.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--recipe", "smsr"], "recipe smsr trains networks of the family smsr, got splitsr"),
        (["--batch-size", 0], "--batch-size must be greater than 0, got 0"),
        (["--ema-decay", 1], "recipe quick: ema_decay should be less than 1, got 1.0"),
        (["--sparsity-weight", 0.01], "is now --set sparsity.weight=0.01"),
        (["--label-weight", 1], "is now --set routing.label_weight=1"),
        (["--set", "sparsity.weight=0"], "weight is for smsr and hybrid networks, got splitsr"),
        (["--set", "routing.stage=joint"], "routing.stage is for classsr networks, got splitsr"),
        (["--set", "lerning_rate=1"], "unknown field 'lerning_rate'; did you mean 'learning_rate'"),
        (["--set", "learning_rate"], "--set must be FIELD=VALUE, as in learning_rate=0.001, got"),
        (["--set", "learning_rate=fast"], "learning_rate should be a valid number, "),
        (["--set", "betas=[0.9"], "--set betas must have a number, a word or [a list], got '[0.9'"),
        (["--batch-size", 2, "--set", "batch_size=4"], "batch_size must be set once"),
        (["--set", "steps=4"], "steps must be given once"),
        (["--init", "none.safetensors"], "no such file: none.safetensors"),
        (["--teacher", "none.safetensors"], "none.safetensors"),
        (["--teacher-weight", 0.5], "teacher_weight has an effect only with a teacher, got 0.5"),
        (["--teacher", "a.safetensors", "--teacher-weight", 0], "should be greater than 0, got 0"),
        (["--teacher", "a", "--set", "teacher=b"], "teacher must be given once"),
    ],
)
def test_options_that_do_not_fit(
    cli: Callable[..., Any], arguments: list[object], options: list[object], message: str
) -> None:
    completed = cli(*arguments, "--steps", 1, *options)
    assert completed.status == 2
    assert message in completed.err.splitlines()[-1]


def test_what_is_set_is_trained_shown_and_kept(
    cli: Callable[..., Any], tiny_smsr: Path, data: list[object], tmp_path: Path
) -> None:
    folder = tmp_path / "training"
    arguments = ["train", tiny_smsr, "--out", folder, *data, "--steps", 2, "--batch-size", 2]
    settings = ["--set", "sparsity.weight=1e-2", "--set", "betas=[0.8, 0.99]"]
    answer = cli(*arguments, *settings, "--json").json
    assert answer["recipe"]["sparsity"]["weight"] == 0.01
    assert answer["recipe"]["betas"] == [0.8, 0.99]
    assert "sparsity loss rises to weight 0.01 until" in answer["schedule"]
    page = (folder / "report.md").read_text()
    assert "batch_size 2, betas (0.8, 0.99), sparsity.weight 0.01" in page
    other = cli(*arguments, *settings[:2], "--set", "betas=[0.9, 0.99]")
    assert other.status == 2
    assert "recipe quick with betas (0.8, 0.99), not (0.9, 0.99): ask for" in other.err


def test_a_rate_above_the_backbones_final_one_can_be_set_with_it(
    cli: Callable[..., Any], tiny_classsr: Path, data: list[object], tmp_path: Path
) -> None:
    arguments = ["train", tiny_classsr, "--recipe", "classsr-branch", *data, "--steps", 2]
    settings = ["--set", "final_learning_rate=1e-5", "--set", "batch_size=1"]
    answer = cli(*arguments, "--out", tmp_path / "training", *settings, "--json").json
    assert answer["recipe"]["final_learning_rate"] == 1e-5


def test_the_classifier_needs_trained_branches(
    cli: Callable[..., Any], tiny_classsr: Path, data: list[object], tmp_path: Path
) -> None:
    recipe = ["--recipe", "classsr-classifier", "--steps", 1]
    completed = cli("train", tiny_classsr, "--out", tmp_path / "training", *data, *recipe)
    assert completed.status == 2
    assert "the branches must be trained: add --init" in completed.err


def test_pairs_are_trained_on_and_remembered(
    cli: Callable[..., Any], arguments: list[object], photographs: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "LR" / "X2"
    folder.mkdir(parents=True)
    for path in photographs.iterdir():
        with PIL.Image.open(path) as image:
            image.reduce(2).save(folder / f"{path.stem}x2.png")
    given = ("--lr", tmp_path / "LR", "--validation-lr", folder)
    first = cli(*arguments, *given, "--steps", 2, "--json").json
    evaluated = cli(
        "evaluate", first["checkpoint"], "--data", photographs, "--lr", folder, "--json"
    ).json
    assert evaluated["psnr_y_db"] == pytest.approx(first["psnr_y_db"], abs=1e-4)
    report = (tmp_path / "training" / "report.md").read_text(encoding="utf-8")
    assert f"{photographs}, low resolution {tmp_path / 'LR'}" in report
    assert cli(*arguments, *given, "--steps", 2).status == 0
    without = cli(*arguments, "--steps", 2)
    assert without.status == 2
    assert "the training images must be those that" in without.err


class Stops(Silent):
    """Interrupts a training after so many steps, and hears what is said meanwhile."""

    def __init__(self, after: int) -> None:
        self.after = after
        self.said: list[str] = []

    def status(self, text: str) -> None:
        self.said.append(text)

    def progress(self, done: int, total: int, text: str = "") -> None:
        if done == self.after:
            raise KeyboardInterrupt


def test_minutes_give_a_number_of_steps_that_a_continued_training_keeps(
    tiny_network: Path, photographs: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    listener = Stops(15)
    with pytest.raises(KeyboardInterrupt):
        train(
            tiny_network, tmp_path, data=photographs, validation=photographs, minutes=30,
            precision="float32", listener=listener,
        )  # fmt: skip
    begun = load_checkpoint(tmp_path / "model.safetensors").metadata
    steps = int(begun["steps"])
    assert steps > 15 and begun["step"] == "15" and begun["minutes"] == "30"
    assert any(f"{steps:,}" in text for text in listener.said)
    assert any("about " in text and "a step: " in text for text in listener.said)
    # However fast the machine is now.
    again = Stops(16)
    with pytest.raises(KeyboardInterrupt):
        train(
            tiny_network, tmp_path, data=photographs, validation=photographs, minutes=30,
            precision="float32", listener=again,
        )  # fmt: skip
    assert load_checkpoint(tmp_path / "model.safetensors").metadata["steps"] == str(steps)
    with pytest.raises(ValueError, match=r"a training for 30 minutes, not 20: ask for the same"):
        train(
            tiny_network, tmp_path, data=photographs, validation=photographs, minutes=20,
            precision="float32",
        )  # fmt: skip
    # Every command that uses it says what it is.
    for command in (
        ["evaluate", tmp_path / "model.safetensors", "--data", photographs],
        ["train", tiny_network, "--init", tmp_path / "model.safetensors", "--steps", 1, "--data",
         photographs, "--validation", photographs, "--out", tmp_path / "next"],
    ):  # fmt: skip
        completed = cli(*command)
        assert completed.status == 0
        assert f"is of step 16 of {steps:,}: its training has not ended" in completed.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--minutes", 5, "--steps", 3], "a number of steps or of minutes, got 5 minutes too"),
        (["--minutes", 5, "--set", "steps=3"], "a number of steps or of minutes"),
        (["--minutes", 0], "--minutes must be greater than 0"),
        (["--minutes", "inf"], "minutes must be a number above 0, got inf"),
        (["--minutes", 1e-6], "minutes must be enough for a step and a validation, which take"),
    ],
)
def test_minutes_that_cannot_be(
    cli: Callable[..., Any], arguments: list[object], options: list[object], message: str
) -> None:
    refused = cli(*arguments, *options)
    assert refused.status == 2 and message in refused.err


def test_minutes_are_not_for_a_training_that_began_with_steps(
    cli: Callable[..., Any], arguments: list[object]
) -> None:
    assert cli(*arguments, "--steps", 2).status == 0
    refused = cli(*arguments, "--minutes", 5)
    assert refused.status == 2 and "a training for no given number of minutes, not 5" in refused.err
