"""What trained networks decide, in profiles and in the reports of trainings."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import pytest

import paretosr as psr
from blocks import (
    ClassSRConfig,
    NetworkConfig,
    SeemoReConfig,
    SmsrConfig,
    build_network,
    save_checkpoint,
)

TINY = SeemoReConfig(scale=2, channels=8, groups=2, recursion=1)
SMALL = ["--target", "eager:lr=24x32", "--max-seconds", "0.2"]


def saved(path: Path, config: NetworkConfig) -> Path:
    save_checkpoint(path, build_network(config).state_dict(), config, {})
    return path


@pytest.fixture
def experts(tmp_path: Path) -> Path:
    """A checkpoint of a SeemoRe network."""
    return saved(tmp_path / "seemore.safetensors", TINY)


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_a_profile_of_trained_weights_tells_which_experts_they_choose(
    cli: Callable[..., Any], experts: Path, photographs: Path, tmp_path: Path
) -> None:
    figure = tmp_path / "figures" / "experts.png"
    options = [*SMALL, "--data", photographs, "--figure", figure]
    decided = cli("profile", experts, *options, "--json").json["decisions"]
    assert (decided["data"], decided["figure"]) == (str(photographs), str(figure))
    assert decided["experts"]["ranks"] == [2, 4, 8]
    shares = decided["experts"]["share_by_layer"]
    assert [sum(layer) for layer in shares] == [1, 1]
    images = decided["experts"]["images"]
    assert [image["name"] for image in images] == ["narrow.png", "wide.png"]
    for layer, of_layer in enumerate(shares):
        for expert, share in enumerate(of_layer, 1):
            assert share == sum(expert in image["chosen_by_layer"][layer] for image in images) / 2
    with PIL.Image.open(figure) as drawn:
        assert drawn.format == "PNG"
    shown = cli("profile", experts, *options).out
    assert f"Experts chosen by each layer, on {photographs}" in shown
    assert "expert 3 (rank 8)" in shown
    assert "narrow.png" in shown
    assert str(figure) in shown


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_a_profile_tells_of_the_bundled_photographs_unless_others_are_named(
    experts: Path, tmp_path: Path
) -> None:
    """Also of other families."""
    cost = psr.profile(experts, "eager:lr=24x32", max_seconds=0.2)
    assert cost.decisions is not None
    assert [row[0] for row in cost.decisions.tables()[1].rows] == [
        "camera.png", "chelsea.png", "rocket.jpg",
    ]  # fmt: skip
    smsr = saved(
        tmp_path / "smsr.safetensors", SmsrConfig(scale=2, channels=16, modules=1, layers=2)
    )
    decided: Any = psr.profile(smsr, "eager:lr=24x32", max_seconds=0.2).to_dict()["decisions"]
    assert list(decided) == ["data", "active_fraction", "active_fraction_by_module", "figure"]
    assert 0 <= decided["active_fraction"] <= 1


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_random_weights_decide_nothing_that_is_worth_telling(
    cli: Callable[..., Any], tmp_path: Path
) -> None:
    path = tmp_path / "tiny.json"
    path.write_text(TINY.model_dump_json(), encoding="utf-8")
    assert cli("profile", path, *SMALL, "--json").json["decisions"] is None


def test_a_figure_of_nothing_is_refused_before_anything_is_measured(
    cli: Callable[..., Any], experts: Path, checkpoint: Path, tmp_path: Path
) -> None:
    every = saved(tmp_path / "every.safetensors", TINY.replace(top_k=3))
    branches = [{"family": "interpolation"}] * 3
    classsr = ClassSRConfig.model_validate(
        {"scale": 2, "branches": branches, "patch_px": 16, "stride_px": 16}
    )
    routed = saved(tmp_path / "classsr.safetensors", classsr)
    figure = tmp_path / "figure.png"
    for model, options, message in (
        (every, ("--figure", figure), "has no weights that decide anything"),
        (checkpoint, ("--figure", figure), "has no weights that decide anything"),
        (checkpoint, ("--data", tmp_path), "has no weights that decide anything"),
        (routed, ("--figure", figure), "drawn of the decisions of seemore, smsr"),
        (experts, ("--figure", figure.with_suffix(".txt")), "a figure's name must end in one of"),
    ):
        completed = cli("profile", model, *options)
        assert (completed.status, completed.out) == (2, "")
        assert message in completed.err
    assert not figure.exists()


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_the_masks_of_smsr_are_drawn_over_the_images(
    cli: Callable[..., Any], photographs: Path, tmp_path: Path
) -> None:
    smsr = saved(
        tmp_path / "smsr.safetensors", SmsrConfig(scale=2, channels=16, modules=1, layers=2)
    )
    figure = tmp_path / "masks.png"
    options = (*SMALL, "--data", photographs, "--figure", figure)
    answer = cli("profile", smsr, *options, "--json").json
    assert answer["decisions"]["figure"] == str(figure)
    assert 0 <= answer["decisions"]["active_fraction"] <= 1
    with PIL.Image.open(figure) as drawn:
        assert drawn.format == "PNG"


def test_the_report_of_a_training_has_the_experts_as_tables_and_figure(
    cli: Callable[..., Any], photographs: Path, tmp_path: Path
) -> None:
    network, folder = tmp_path / "tiny.json", tmp_path / "training"
    network.write_text(TINY.model_dump_json(), encoding="utf-8")
    data = ["--data", photographs, "--validation", photographs]
    options = ["--out", folder, "--steps", 2, "--batch-size", 2, "--lr-patch", 16, *data]
    trained = cli("train", network, *options)
    assert trained.status == 0
    assert "chosen over all layers and images: " in trained.out
    answer = cli("train", network, *options, "--json").json
    assert answer["decisions_figure"] == str(folder / "decisions.png")
    with PIL.Image.open(folder / "decisions.png") as drawn:
        assert drawn.format == "PNG"
    page = (folder / "report.md").read_text(encoding="utf-8")
    assert "| layer | expert 1 (rank 2) | expert 2 (rank 4) | expert 3 (rank 8) |" in page
    assert "| image | layer 1 | layer 2 |" in page
    assert "(decisions.png)" in page
    header, *_, last = (folder / "training.csv").read_text(encoding="utf-8").splitlines()
    assert header.endswith("psnr_y_db,expert_1_share,expert_2_share,expert_3_share")
    assert sum(map(float, last.split(",")[-3:])) == pytest.approx(1)
    # What the report tells is what the profile of its weights tells.
    profiled = cli("profile", folder / "model.safetensors", *SMALL, "--data", photographs, "--json")
    assert profiled.json["decisions"]["experts"] == answer["experts"]
