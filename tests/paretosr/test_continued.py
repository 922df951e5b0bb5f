"""Runs that go on with something changed: what may change, and what is refused by name.

Covers search.storage.changes, and how `paretosr search --resume` uses it.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import pytest
import yaml

from foundation.documents import read_yaml
from search.storage.study import read_run

Cli = Callable[..., Any]


@pytest.fixture
def begun(run_dir: Path, tmp_path: Path) -> Path:
    """A copy of the run whose budget of two trained candidates is spent."""
    return Path(shutil.copytree(run_dir, tmp_path / "begun"))


@pytest.fixture
def moved(photographs: Path, tmp_path: Path) -> Path:
    """The photographs of the run, in another folder."""
    return Path(shutil.copytree(photographs, tmp_path / "moved"))


def edit(run: Path, change: Callable[[dict[str, Any]], object]) -> None:
    settings = read_yaml(run / "run.yaml")
    change(settings)
    (run / "run.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def assert_refused(completed: Any, *words: str) -> None:
    assert (completed.status, completed.out) == (2, "")
    *said, error = completed.err.splitlines()
    assert not any(line.startswith("paretosr: ") for line in said)
    assert error.startswith("paretosr: ")
    for word in words:
        assert word in error


def trained(run: Path) -> int:
    return sum(record.state == "trained" for record in read_run(run).records)


EDITS: dict[str, tuple[Callable[[dict[str, Any]], object], tuple[str, ...]]] = {
    "a value": (
        lambda s: s["config"]["families"]["splitsr"].update(split_ratio=[0.5, 0.25]),
        ("config.families.splitsr.split_ratio is [0.5, 0.25], not [0.5, 1.0]",),
    ),
    "a hyperparameter left out": (
        lambda s: s["config"]["families"]["splitsr"].pop("attention"),
        ('config.families.splitsr.attention is missing, not ["none"]',),
    ),
    "a constraint": (
        lambda s: s["config"].update(constraints={"macs": {"max": 1e9}}),
        ("config.constraints.macs is ", "not left out"),
    ),
    "seed and objectives": (
        lambda s: s["config"].update(seed=7, objectives=["psnr_y_db", "params"]),
        ("config.seed is 7, not 0", 'objectives is ["psnr_y_db", "params"], not ["psnr_y_db", "m'),
    ),
    "what was decided once": (
        lambda s: s["precision"].update(splitsr="bfloat16"),
        ('precision.splitsr is "bfloat16", not "float32"',),
    ),
    "the budget": (
        lambda s: s["config"]["budget"].update(trials=9),
        ("config.budget.trials is 9, not 2", "--trials"),
    ),
    "the workers": (lambda s: s.update(workers=2), ("workers is 2, not 1", "--workers")),
    "a folder": (
        lambda s: s["config"]["data"].update(training="bundled"),
        ('config.data.training is "bundled", not ', "--data"),
    ),
}


@pytest.mark.parametrize(("change", "words"), EDITS.values(), ids=EDITS.keys())
def test_an_edited_run_yaml_is_refused_key_by_key(
    cli: Cli, begun: Path, change: Callable[[dict[str, Any]], object], words: tuple[str, ...]
) -> None:
    journal = (begun / "study.journal").read_bytes()
    edit(begun, change)
    assert_refused(cli("search", "--resume", begun), str(begun / "run.yaml"), *words)
    assert (begun / "study.journal").read_bytes() == journal


def test_where_and_when_a_run_began_decides_nothing(cli: Cli, begun: Path) -> None:
    edit(begun, lambda settings: settings.update(created="yesterday"))
    assert cli("search", "--resume", begun).status == 0


def test_the_budget_is_changed_by_an_option_and_stays_so(cli: Cli, begun: Path) -> None:
    assert trained(begun) == 2
    assert cli("search", "--resume", begun, "--trials", 3).status == 0
    assert trained(begun) == 3
    assert read_yaml(begun / "run.yaml")["config"]["budget"] == {"trials": 3, "steps": 3}
    completed = cli("search", "--resume", begun)
    assert "the budget of 3 trained candidates is spent" in completed.err
    completed = cli("search", "--resume", begun, "--minutes", 1e-6, "--trials", 9)
    assert "minutes is spent" in completed.err
    assert trained(begun) == 3


def test_the_workers_are_changed_by_an_option(cli: Cli, begun: Path) -> None:
    assert_refused(cli("search", "--resume", begun, "--workers", 10**6), "workers must be at most")
    edit(begun, lambda settings: settings.pop("workers"))  # as in runs of earlier versions
    assert_refused(cli("search", "--resume", begun), "workers is missing, not 1")
    assert cli("search", "--resume", begun, "--workers", 1).status == 0
    assert read_yaml(begun / "run.yaml")["workers"] == 1


def test_a_longer_search_keeps_the_population_it_began_with(cli: Cli, begun: Path) -> None:
    assert read_yaml(begun / "run.yaml")["population"] == 8
    assert cli("search", "--resume", begun, "--trials", 100).status == 0
    assert read_yaml(begun / "run.yaml")["population"] == 8


def test_the_options_are_for_a_run_that_goes_on(cli: Cli, small_search: Path, begun: Path) -> None:
    assert_refused(cli("search", small_search, "--trials", 3), "--resume continues")
    assert_refused(cli("search", "--resume", begun, "--trials", 0), "--trials must be greater")


def test_a_moved_folder_is_named_by_an_option_and_stays_so(
    cli: Cli, begun: Path, moved: Path
) -> None:
    options = ["--data", moved, "--validation", moved, "--trials", 3]
    assert cli("search", "--resume", begun, *options).status == 0
    assert trained(begun) == 3
    folders = {"training": str(moved), "validation": str(moved)}
    assert read_yaml(begun / "run.yaml")["config"]["data"] == folders
    assert cli("search", "--resume", begun).status == 0


def _add(folder: Path) -> None:
    shutil.copy(folder / "wide.png", folder / "third.png")


def _replace(folder: Path) -> None:
    with PIL.Image.open(folder / "wide.png") as image:
        image.transpose(PIL.Image.Transpose.FLIP_LEFT_RIGHT).save(folder / "wide.png")


IMAGE_CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "added": (_add, "(added: third.png)"),
    "removed": (lambda folder: (folder / "wide.png").unlink(), "(removed: wide.png)"),
    "changed": (_replace, "(changed: wide.png)"),
}


@pytest.mark.parametrize("option", ["--data", "--validation"])
@pytest.mark.parametrize(("change", "words"), IMAGE_CHANGES.values(), ids=IMAGE_CHANGES.keys())
def test_a_search_does_not_go_on_with_other_images(
    cli: Cli, begun: Path, moved: Path, option: str, change: Callable[[Path], object], words: str
) -> None:
    change(moved)
    before = {name: (begun / name).read_bytes() for name in ("run.yaml", "study.journal")}
    which = "training" if option == "--data" else "validation"
    completed = cli("search", "--resume", begun, option, moved, "--trials", 3)
    assert_refused(completed, f"the {which} images must be those", words)
    assert {name: (begun / name).read_bytes() for name in before} == before


@pytest.mark.parametrize("option", ["--data", "--validation"])
@pytest.mark.parametrize(("change", "words"), IMAGE_CHANGES.values(), ids=IMAGE_CHANGES.keys())
def test_a_training_does_not_go_on_with_other_images(
    cli: Cli,
    tiny_network: Path,
    photographs: Path,
    moved: Path,
    tmp_path: Path,
    option: str,
    change: Callable[[Path], object],
    words: str,
) -> None:
    def train(**folders: Path) -> Any:
        data = {"--data": photographs, "--validation": photographs, **folders}
        options = [part for pair in data.items() for part in pair]
        return cli("train", tiny_network, "--out", tmp_path / "out", "--steps", 2, *options)

    assert train().status == 0
    assert train(**{option: moved}).status == 0
    files = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    change(moved)
    which = "training" if option == "--data" else "validation"
    assert_refused(train(**{option: moved}), f"the {which} images must be those", words, "--out")
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == files


def test_runs_of_earlier_versions_go_on_with_a_warning(cli: Cli, begun: Path) -> None:
    (begun / "images.json").unlink()
    journal = begun / "study.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if "settings" not in json.loads(line).get("user_attr", {})]
    assert len(kept) == len(lines) - 1
    journal.write_bytes(b"".join(kept))
    edit(begun, lambda settings: settings.pop("population"))
    completed = cli("search", "--resume", begun, "--trials", 3)
    assert completed.status == 0
    assert trained(begun) == 3
    notes = [line for line in completed.err.splitlines() if "cannot be checked" in line]
    assert len(notes) == 2
    assert str(begun / "run.yaml") in notes[0] and "images.json" in notes[1]
    edit(begun, lambda settings: settings["config"].update(seed=7))
    assert_refused(cli("search", "--resume", begun), "config.seed is 7, not 0")


def test_a_training_of_an_earlier_version_goes_on_with_a_warning(
    cli: Cli, tiny_network: Path, photographs: Path, tmp_path: Path
) -> None:
    data = ["--data", photographs, "--validation", photographs]
    command = ["train", tiny_network, "--out", tmp_path, "--steps", 2, *data]
    assert cli(*command).status == 0
    (tmp_path / "images.json").unlink()
    completed = cli(*command)
    assert completed.status == 0
    assert "cannot be checked" in completed.err


def test_before_anything_is_measured_everything_may_change(
    cli: Cli, begun: Path, moved: Path
) -> None:
    (begun / "study.journal").unlink()
    _add(moved)
    edit(begun, lambda settings: settings["config"].update(seed=7))
    assert cli("search", "--resume", begun, "--data", moved, "--trials", 1).status == 0
    assert_refused(cli("search", "--resume", begun, "--data", moved.parent), "holds none")
    assert len(json.loads((begun / "images.json").read_text())["training"]) == 3


def test_another_config_beside_a_run_is_told_by_its_keys(
    cli: Cli, begun: Path, small_search: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(small_search.read_text() + "seed: 4\n")
    assert_refused(cli("search", other, "--resume", begun), "there seed is 0, not 4")


BROKEN_SETTINGS = {
    "list": "- 1\n",
    "text": "run\n",
    "empty": "",
    "not YAML": "config: [\n",
    "binary": "\x00\x01",
    "repeated key": "config: {}\nconfig: {}\n",
}


@pytest.mark.parametrize("text", BROKEN_SETTINGS.values(), ids=BROKEN_SETTINGS.keys())
@pytest.mark.parametrize("command", [["search", "--resume"], ["report"], ["plot"]])
def test_a_broken_run_yaml_is_one_line(
    cli: Cli, begun: Path, command: list[str], text: str
) -> None:
    (begun / "run.yaml").write_text(text)
    assert_refused(cli(*command, begun), str(begun / "run.yaml"))


@pytest.mark.parametrize(
    ("command", "change", "words"),
    [
        ("report", lambda s: s["config"]["data"].update(training=None), "training_data is None"),
        ("report", lambda s: s.update(train_steps=[1]), "train_steps is [1]"),
        ("report", lambda s: s["config"].pop("seed"), "'seed' is missing"),
        ("resume", lambda s: s.update(population=[8]), "population: should be a valid integer"),
        ("resume", lambda s: s.update(precision=[1]), "precision: should be a mapping"),
        ("resume", lambda s: s.update(config=[1]), "config: should be a mapping"),
    ],
)
def test_a_broken_part_of_run_yaml_is_one_line(
    cli: Cli, begun: Path, command: str, change: Callable[[dict[str, Any]], object], words: str
) -> None:
    if command == "resume":  # of a run that has not begun, so that nothing is compared
        (begun / "study.journal").unlink()
    edit(begun, change)
    arguments = ["search", "--resume"] if command == "resume" else [command]
    assert_refused(cli(*arguments, begun), "run.yaml", words)


BROKEN_JOURNALS = {
    "binary": b"\x89PNG\r\n\x1a\n\x00\x00",
    "zeros": b"\x00" * 4096,
    "number": b"42\n",
    "other document": b'{"a":1}\n',
    "blank line": b"\n",
}


@pytest.mark.parametrize("data", BROKEN_JOURNALS.values(), ids=BROKEN_JOURNALS.keys())
@pytest.mark.parametrize("command", [["search", "--resume"], ["report"], ["plot"]])
def test_a_file_that_is_no_journal_is_one_line_and_is_kept(
    cli: Cli, begun: Path, command: list[str], data: bytes
) -> None:
    (begun / "study.journal").write_bytes(data)
    assert_refused(cli(*command, begun), str(begun / "study.journal"), "line 1 is corrupt")
    assert (begun / "study.journal").read_bytes() == data


def test_a_journal_cut_off_within_a_record_goes_on_to_the_same_end(cli: Cli, begun: Path) -> None:
    before = [(r.arch_id, r.psnr_y_db) for r in read_run(begun).records]
    journal = begun / "study.journal"
    journal.write_bytes(journal.read_bytes()[:-20])
    assert cli("report", begun).status == 0
    completed = cli("search", "--resume", begun)
    assert completed.status == 0
    assert "cut an unfinished last line" in completed.err
    assert [(r.arch_id, r.psnr_y_db) for r in read_run(begun).records] == before
