"""Which checkpoints come from a run's networks, by what they say of themselves."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from blocks import NetworkConfig, load_checkpoint, parse_network_config, save_checkpoint
from blocks.checkpoints import weights_digest
from blocks.random_weights import seeded_network
from reports.records import TrialRecord
from search.insights.relatives import FoundRelatives, find_relatives
from search.storage.run_directory import RunDirectory

PARENT = parse_network_config({"family": "edsr", "scale": 2, "channels": 8, "blocks": 2})
CHILD = PARENT.replace(channels=4)


def saved(path: Path, config: NetworkConfig, seed: int = 0, **metadata: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    save_checkpoint(path, seeded_network(config, seed).state_dict(), config, metadata)
    return path


def trial(number: int, **changes: Any) -> TrialRecord:
    values = {
        "trial": number,
        "arch_id": PARENT.arch_id,
        "family": "edsr",
        "scale": 2,
        "state": "trained",
        "precision": "float32",
        "train_steps": 3,
    }
    return TrialRecord(**{**values, **changes})


@dataclass(frozen=True)
class SmallRun:
    """A run that has trained one network by two seeds."""

    run: RunDirectory
    digests: tuple[str, str]
    records: tuple[TrialRecord, ...] = (trial(0),)

    def find(self, *paths: Path) -> FoundRelatives:
        return find_relatives(paths, self.run, self.records)

    @property
    def pruned(self) -> dict[str, str]:
        """What a child of the second seed's weights says, which its parent has taught too."""
        taught = f"{PARENT.arch_id}, weights {self.digests[1]}"
        parent = {"parent_arch_id": PARENT.arch_id, "parent_weights": self.digests[1]}
        return {**parent, "teacher": taught}

    @property
    def distilled(self) -> dict[str, str]:
        return {"teacher": f"{PARENT.arch_id}, weights {self.digests[0]}"}


@pytest.fixture
def small_run(tmp_path: Path) -> SmallRun:
    run = RunDirectory(tmp_path / "run")
    files = [
        saved(run.checkpoints(PARENT.arch_id, seed) / "model.safetensors", PARENT, seed)
        for seed in (0, 1)
    ]
    first, second = (weights_digest(load_checkpoint(file).tensors) for file in files)
    return SmallRun(run, (first, second))


def test_the_metadata_say_how_it_came_from_which_network(
    small_run: SmallRun, tmp_path: Path
) -> None:
    child = saved(tmp_path / "child" / "model.safetensors", CHILD, **small_run.pruned)
    pupil = saved(tmp_path / "pupil.safetensors", CHILD, 3, **small_run.distilled)
    found = small_run.find(child, pupil, child.parent)
    assert [(it.form, it.network, it.precision, it.file) for it in found.relatives] == [
        ("pruned", PARENT.arch_id, "float32", child),
        ("distilled", PARENT.arch_id, "float32", pupil),
    ]
    assert found.relatives[1].weights == weights_digest(seeded_network(CHILD, 3).state_dict())
    assert found.passed_over == ()


def test_of_a_folder_with_a_model_that_is_what_counts(small_run: SmallRun, tmp_path: Path) -> None:
    """A pruned network is trained in a folder inside of its own."""
    for name, metadata in (
        ("all/small/model.safetensors", small_run.pruned),
        ("all/small/inherited.safetensors", small_run.pruned),
        ("all/small/training/model.safetensors", small_run.distilled),
        ("all/deep/er/pupil/model.safetensors", small_run.distilled),
        ("all/stranger/model.safetensors", {}),
    ):
        saved(tmp_path / name, CHILD, **metadata)
    found = small_run.find(tmp_path / "all")
    assert [it.file.parent.name for it in found.relatives] == ["pupil", "small"]
    (why,) = found.passed_over
    assert "stranger" in why and "neither a parent nor a teacher" in why


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parent_weights": "0000000000"}, "was pruned from .* with weights 0000000000, which is"),
        ({"parent_arch_id": "edsr-x2-0000000000"}, "must come from a network that .*/run has tr"),
        ({"parent_arch_id": None, "teacher": "none"}, "names neither a parent nor a teacher"),
        ({"parent_arch_id": None, "teacher": "rcan-x2-0, weights 1"}, "was taught by rcan-x2-0"),
    ],
)
def test_strangers_are_refused(
    small_run: SmallRun, tmp_path: Path, change: dict[str, str | None], message: str
) -> None:
    metadata = {**small_run.pruned, **change}
    known = {name: text for name, text in metadata.items() if text is not None}
    file = saved(tmp_path / "other.safetensors", CHILD, **known)
    with pytest.raises(ValueError, match=message) as refused:
        small_run.find(file)
    assert "\n" not in str(refused.value)


def test_a_child_is_smaller_than_its_parent_and_a_pupil_need_not_be(
    small_run: SmallRun, tmp_path: Path
) -> None:
    larger = PARENT.replace(blocks=3)
    grown = saved(tmp_path / "grown.safetensors", larger, **small_run.pruned)
    with pytest.raises(ValueError, match="must be smaller than its parent, but has "):
        small_run.find(grown)
    pupil = saved(tmp_path / "pupil.safetensors", larger, **small_run.distilled)
    assert len(small_run.find(pupil).relatives) == 1


def test_it_is_judged_in_the_precision_of_what_it_is_compared_with(
    small_run: SmallRun, tmp_path: Path
) -> None:
    child = saved(tmp_path / "child.safetensors", CHILD, **small_run.pruned)
    run, digests = small_run.run, small_run.digests
    eight, half = trial(1, precision="int8"), trial(2, precision="bfloat16")
    (found,) = SmallRun(run, digests, (eight, half)).find(child).relatives
    assert found.precision == "bfloat16"
    with pytest.raises(ValueError, match=r"judged in int8 only"):
        SmallRun(run, digests, (eight,)).find(child)
    with pytest.raises(ValueError, match="must come from a network that"):
        SmallRun(run, digests, (trial(0, state="failed", train_steps=None),)).find(child)


def test_a_path_leads_to_a_checkpoint(small_run: SmallRun, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist"):
        small_run.find(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has none"):
        small_run.find(tmp_path / "empty")
