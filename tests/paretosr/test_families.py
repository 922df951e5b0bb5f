"""Networks of the user's own, from examples/plugin_network, in real searches and commands.

Covers foundation.plugins too, whose point is that other processes know the family.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from blocks import NetworkConfigBase, SplitSRConfig, SuperResolutionNetwork
from blocks.networks.registry import FAMILIES
from blocks.networks.single import BRANCHES
from blocks.networks.splitsr import SplitSR
from foundation import plugins
from paretosr import register_family
from search.space import SPACES, SplitSRSpace
from training.recipes.family import FamilyRecipes
from training.recipes.published import QUICK
from training.recipes.registry import (
    FAMILY_RECIPES,
    RECIPES,
    get_recipe,
    recipe_for,
    recipe_warnings,
)

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "plugin_network"


def paretosr(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in which the folder is not on Python's path."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "paretosr", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with a run of its search, made short: one seed of few steps."""
    folder = tmp_path_factory.mktemp("plugin") / "plugin_network"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    config = yaml.safe_load((folder / "search.yaml").read_text())
    del config["families"]["splitsr"]
    config |= {"budget": {"trials": 2, "steps": 3}, "target": "eager:lr=24x24", "workers": 1}
    config["timing_seconds"] = 0.2
    (folder / "short.yaml").write_text(yaml.safe_dump(config))
    completed = paretosr(folder, "search", "short.yaml", "--out", "run", "--json")
    assert completed.returncode == 0, completed.stderr
    return folder


def test_a_search_trains_and_measures_networks_of_a_plugin(folder: Path) -> None:
    report = json.loads(paretosr(folder, "report", "run", "--json").stdout)
    networks = [row for row in report["front"] if row["family"] != "bicubic"]
    assert report["trials"] == 2
    assert all(row["family"] == "edge" for row in networks)
    settings = yaml.safe_load((folder / "run" / "run.yaml").read_text())
    assert settings["config"]["plugins"] == ["edge_network"]
    # Measured in another process, which imported the plug-in too.
    trials = (folder / "run" / "trials.csv").read_text().splitlines()
    column = trials[0].split(",").index("latency_ms")
    assert all(float(row.split(",")[column]) > 0 for row in trials[1:])


def test_a_search_of_plugins_is_continued_by_its_run_directory_alone(folder: Path) -> None:
    completed = paretosr(folder, "search", "--resume", "run", "--trials", "3", "--json")
    assert completed.returncode == 0, completed.stderr
    assert json.loads(completed.stdout)["trials"] >= 3


def test_a_trial_a_checkpoint_and_a_config_file_are_models(folder: Path) -> None:
    (checkpoint, *_) = sorted((folder / "run").glob("checkpoints/*/seed-0/model.safetensors"))
    evaluated = [
        json.loads(paretosr(folder, *arguments, "--json").stdout)["psnr_y_db"]
        for arguments in (
            ("evaluate", f"run:{checkpoint.parents[1].name}"),
            ("--plugin", "edge_network", "evaluate", checkpoint),
        )
    ]
    assert evaluated[0] == evaluated[1]
    options = ("--target", "eager:lr=16x16", "--max-seconds", "0.2", "--json")
    completed = paretosr(folder, "--plugin", "edge_network", "profile", "design.yaml", *options)
    profile = json.loads(completed.stdout)
    # By hand: 3x3 convolutions 3 -> 16 and 16 -> 12, and three blocks of 16 -> 16 with a depthwise
    # branch, each with its biases.
    blocks = 3 * (16 * 16 * 9 + 16 + 16 * 9 + 16)
    assert profile["params"] == 3 * 16 * 9 + 16 + blocks + 16 * 12 * 9 + 12
    assert profile["latency_ms"] > 0


def test_without_the_plugin_the_family_is_unknown_in_one_line(folder: Path) -> None:
    completed = paretosr(folder, "profile", "design.yaml")
    assert (completed.returncode, completed.stdout) == (2, "")
    assert completed.stderr.count("\n") == 1
    assert "family 'edge' is unknown" in completed.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "got 'mine': there is none"),
        ("raise RuntimeError('broken\\nhere')", "got 'mine': RuntimeError: broken here"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_one_line(
    tmp_path: Path, text: str | None, message: str
) -> None:
    if text is not None:
        (tmp_path / "mine.py").write_text(text)
    completed = paretosr(tmp_path, "--plugin", "mine", "targets")
    assert (completed.returncode, completed.stdout) == (2, "")
    assert completed.stderr.count("\n") == 1
    assert message in completed.stderr


@pytest.fixture
def registries(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The registries and the loaded plug-ins are afterwards what they were before."""
    monkeypatch.setattr(plugins, "_loaded", {})
    before = [set(registry) for registry in (FAMILIES, BRANCHES, SPACES)]
    yield
    assert [set(registry) for registry in (FAMILIES, BRANCHES, SPACES)] == before


def other_config(name: str, **fields: Any) -> type[NetworkConfigBase]:
    """SplitSR's configuration as that of another family, which this module defines."""
    namespace = {"__annotations__": {"family": str}, "family": name, "__module__": __name__}
    return type("OtherConfig", (SplitSRConfig,), namespace)


class OtherSpace(SplitSRSpace):
    family: ClassVar[str] = "other"


class StraySpace(SplitSRSpace):
    family: ClassVar[str] = "third"


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize(
    ("name", "space", "message"),
    [
        ("splitsr", None, "every family must have a name of its own, got 'splitsr' again"),
        ("other", StraySpace, r"StraySpace\.family is 'third'"),
        ("other", OtherSpace, "must return a OtherConfig, got a SplitSRConfig"),
    ],
)
def test_a_family_that_does_not_fit_changes_nothing(
    name: str, space: type[SplitSRSpace] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        register_family(other_config(name), SplitSR, space=space)


@pytest.mark.usefixtures("registries")
def test_a_family_of_a_script_is_refused_since_no_other_process_could_import_it() -> None:
    config = other_config("other")
    config.__module__ = "__main__"
    with pytest.raises(ValueError, match="move it into a file of its own and import that"):
        register_family(config, SplitSR)


@pytest.mark.usefixtures("registries")
def test_a_space_with_an_image_skip_that_its_networks_lack_is_refused() -> None:
    class BareConfig(NetworkConfigBase):
        family: str = "other"

    with pytest.raises(ValueError, match="varies image_skip, which BareConfig does not have"):
        register_family(BareConfig, SplitSR, space=OtherSpace)


def test_a_network_that_drops_the_image_skip_of_its_configuration_is_refused() -> None:
    class Forgetful(SplitSR):
        def __init__(self, config: SplitSRConfig) -> None:
            SuperResolutionNetwork.__init__(self, config)

    with pytest.raises(ValueError, match=r"pass config\.image_skip"):
        Forgetful(SplitSRConfig(scale=2, image_skip="bilinear"))


MINE = QUICK.replace(name="mine", family="other", steps=7)


def test_a_family_brings_its_recipes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_loaded", {})
    for registry in (FAMILIES, BRANCHES, FAMILY_RECIPES, RECIPES):
        monkeypatch.setattr(registry, "_entries", dict(registry))
    config = other_config("other")
    own = FamilyRecipes("other", recipes=(MINE,), warnings=lambda recipe, config: ["mind"])
    register_family(config, SplitSR, recipes=own)
    assert recipe_for(get_recipe("mine"), config(scale=2)).steps == 7
    assert recipe_warnings(QUICK, config(scale=2)) == ["mind"]
    with pytest.raises(ValueError, match="recipe mine trains networks of the family other"):
        recipe_for(MINE, SplitSRConfig(scale=2))


@pytest.mark.usefixtures("registries")
@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        (FamilyRecipes("third"), "registered with, other, got 'third'"),
        (FamilyRecipes("other", recipes=(QUICK,)), "registered with, other, got None"),
        (
            FamilyRecipes("other", recipes=(MINE, QUICK.replace(family="other"))),
            "every recipe must have a name of its own, got 'quick' again",
        ),
    ],
)
def test_recipes_that_do_not_fit_change_nothing(recipes: FamilyRecipes, message: str) -> None:
    before = dict(FAMILY_RECIPES), dict(RECIPES)
    with pytest.raises(ValueError, match=message):
        register_family(other_config("other"), SplitSR, recipes=recipes)
    assert (dict(FAMILY_RECIPES), dict(RECIPES)) == before
