"""Replays of a table that holds four networks of each family of a small space.

Covers search.replay.table and search.replay.table_space.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from foundation.listener import SILENT
from paretosr import search as search_and_report
from profilers.counting.analytic_cost import analytic_cost
from search.candidates.structure import structure_of
from search.config import SearchConfig
from search.listening import as_search_listener
from search.replay.replaying import Replay, replay
from search.replay.table import ReplayTable
from search.replay.table_space import TableSpace
from search.session import read_config, resume_search
from search.space.hyperparameters import values_of
from search.space.sample import networks

RUNGS = (10, 20, 50)
CONFIG: dict[str, Any] = {
    "scale": 2,
    "families": {
        "splitsr": {"channels": [8, 16], "groups": {"low": 1, "high": 2}, "blocks": [1, 2]},
        "seemore": {"channels": [8, 16], "groups": {"low": 1, "high": 2}},
    },
    "objectives": ["psnr_y_db", "latency_ms"],
    "training": {"recipe": "steady"},
    "budget": {"trials": 4, "steps": 50},
    "ladder": {"rungs": RUNGS},
    "target": "eager:threads=1,lr=180x320",
    "sampler": "random",
}
BICUBIC_DB = 30.0


def config_of(**changes: Any) -> SearchConfig:
    return SearchConfig.model_validate({**CONFIG, **changes})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A table in which the n-th network has 30 + n dB in the end and takes n + 1 ms."""
    config, folder = config_of(), tmp_path_factory.mktemp("table")
    architectures, trainings, latencies = [], [], []
    for place, network in enumerate(itertools.islice(networks(config.space, seed=0), 8)):
        cost = analytic_cost(network, config.target)
        architectures.append(
            {
                "arch_id": network.arch_id,
                "params": cost.params,
                "activation_mib": cost.activation_mib,
                **vars(structure_of(network, cost.macs)),
                "config": json.dumps(network.model_dump(mode="json")),
            }
        )
        for before, steps in zip((0, *RUNGS), RUNGS, strict=False):
            trainings.append(
                {
                    "arch_id": network.arch_id,
                    "seed": 0,
                    "steps": steps,
                    "psnr_y_db": BICUBIC_DB + place + 1 - 1 / steps,
                    "ssim_y": 0.9,
                    "steps_made": steps - before,
                    "train_seconds": 0.5 * (steps - before),
                }
            )
        latencies += [
            {
                "arch_id": network.arch_id,
                "target": spelling,
                "latency_ms": place + 1.0 + passes,
                "latency_ci_low_ms": place + 0.9,
                "latency_ci_high_ms": place + 1.1,
                "latency_ratio": 1.0,
            }
            for passes, spelling in ((-0.1, CONFIG["target"]), (0.1, str(config.target)))
        ]
    trainings = trainings[:-1]  # the last one has not come to its end
    pd.DataFrame(architectures).to_csv(folder / "architectures.csv", index=False)
    pd.DataFrame(trainings).to_csv(folder / "trainings.csv", index=False)
    pd.DataFrame(latencies).to_csv(folder / "latency.csv", index=False)
    pd.DataFrame({"psnr_y_db": [BICUBIC_DB]}).to_csv(folder / "bicubic.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def table(folder: Path) -> ReplayTable:
    return ReplayTable.load(folder)


def replayed(config: SearchConfig, table: ReplayTable) -> Replay:
    return replay(config, table, as_search_listener(SILENT))


def test_a_table_holds_what_was_trained_to_the_end(table: ReplayTable) -> None:
    assert len(table.rows) == 7 and table.steps == RUNGS
    assert table.families == {"splitsr", "seemore"} and table.bicubic_db == BICUBIC_DB
    (first, *_) = table.rows.values()
    assert first.rungs[50].psnr_y_db == pytest.approx(30.98)
    assert first.seconds_per_step == 0.5
    (latency,) = first.latencies.values()
    assert latency.latency_ms == pytest.approx(1.0)


@pytest.mark.parametrize("sampler", ["random", "tpe"])
@pytest.mark.parametrize("ladder", ["none", {"rungs": RUNGS}, {"rungs": [50]}])
def test_no_network_is_trained_twice_and_the_budget_is_that_of_steps(
    table: ReplayTable, sampler: str, ladder: Any
) -> None:
    found = replayed(config_of(sampler=sampler, ladder=ladder), table)
    reached = [(it.arch_id, it.steps) for it in found.evaluations]
    assert len(reached) == len(set(reached))
    made = sum(it.steps_made for it in found.evaluations)
    assert made <= 200 and (ladder != "none" or made == 200)
    assert sum(it.seconds for it in found.evaluations) == pytest.approx(0.5 * made)
    for record in found.records:
        row = table.rows[record.arch_id]
        assert record.source == "replayed" and record.macs == row.macs
        assert record.psnr_y_db == row.rungs[record.train_steps or 0].psnr_y_db


def test_a_replay_ends_when_the_table_is_used_up(table: ReplayTable) -> None:
    for ladder in ("none", {"rungs": RUNGS}):
        found = replayed(config_of(ladder=ladder, budget={"trials": 50, "steps": 50}), table)
        assert "the space is exhausted" in found.ended
        finished = {record.arch_id for record in found.records if record.state == "trained"}
        assert finished == set(table.rows)


def test_the_same_seed_gives_the_same_replay(table: ReplayTable) -> None:
    first, second = (replayed(config_of(sampler="tpe", seed=3), table) for _ in range(2))
    assert first.evaluations == second.evaluations


def test_a_proposal_becomes_the_nearest_network_that_was_not_started(table: ReplayTable) -> None:
    config = config_of()
    space = TableSpace(2, config.space.families, table)
    (first, *_) = table.rows.values()
    assert space.nearest(first.config) == first.config
    families = set()
    for _ in range(len(table.rows)):
        found = space.nearest(first.config)
        families.add(found.family)
        others = [row.config.family for id_, row in table.rows.items() if id_ not in space.seen]
        # Its own family first, as long as one of it is left.
        assert (found.family == first.config.family) == (first.config.family in others)
        space.seen.add(found.arch_id)
    assert families == {"splitsr", "seemore"}
    with pytest.raises(ValueError, match="every network of the table was started"):
        space.nearest(first.config)


def test_the_distance_counts_places_in_lists_and_other_choices(table: ReplayTable) -> None:
    config = config_of()
    rows = [row.config for row in table.rows.values() if row.config.family == "splitsr"]
    space = TableSpace(2, config.space.families, table)

    def distance(one: dict[str, Any], other: dict[str, Any]) -> float:
        family = config.space.families[0]
        total = 0.0
        for name, hyperparameter in family.hyperparameters().items():
            if hasattr(hyperparameter, "low"):
                total += abs(one[name] - other[name]) / max(1, len(values_of(hyperparameter)) - 1)
            elif isinstance(hyperparameter[0], str):
                total += one[name] != other[name]
            elif len(hyperparameter) > 1:
                places = [hyperparameter.index(it[name]) for it in (one, other)]
                total += abs(places[0] - places[1]) / (len(hyperparameter) - 1)
        return total

    family = config.space.families[0]
    drawn = [it for it in itertools.islice(networks(config.space, seed=5), 40)]
    for network in [it for it in drawn if it.family == "splitsr"]:
        values = family.values(network)
        distances = [distance(values, family.values(row)) for row in rows]
        nearest = space.nearest(network)
        assert distance(values, family.values(nearest)) == pytest.approx(min(distances))


def test_a_run_directory_of_a_replay_says_so(folder: Path, tmp_path: Path) -> None:
    run = search_and_report(CONFIG, tmp_path / "run", replay=folder)
    assert run.ended == "the budget of 4 full trainings, 200 steps, is spent"
    assert set(run.trials["source"]) == {"replayed"}
    assert str(folder) in run.settings.training_data
    assert any("nothing was trained here" in sentence for sentence in run.sentences())
    curves = pd.read_csv(tmp_path / "run" / "curves.csv")
    assert list(curves) == ["trial", "steps", "psnr_y_db", "ssim_y", "seconds"]
    families = pd.read_csv(tmp_path / "run" / "families.csv")
    assert list(families["family"]) == ["seemore", "splitsr"]
    assert not (tmp_path / "run" / "checkpoints").exists()
    with pytest.raises(ValueError, match="is a replay of"):
        resume_search(tmp_path / "run", as_search_listener(SILENT))
    with pytest.raises(ValueError, match="without a run"):
        search_and_report(CONFIG, tmp_path / "run", replay=folder)
    assert read_config(tmp_path / "run").rungs == RUNGS


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"families": {**CONFIG["families"], "smsr": {}}}, ("every family", "lacks smsr")),
        ({"families": {"splitsr": CONFIG["families"]["splitsr"]}}, ("leaves out seemore",)),
        ({"families": {**CONFIG["families"], "seemore": {"channels": 24}}}, ("is outside",)),
        ({"ladder": {"rungs": [30, 50]}}, ("rungs 10, 20, 50", "got 30")),
        ({"budget": {"trials": 4, "steps": 60}, "ladder": "none"}, ("got 60",)),
        ({"objectives": ["psnr_y_db", "size_kib"]}, ("got size_kib",)),
        ({"target": "eager:threads=2"}, ("latencies on eager", "threads=2")),
        ({"scale": 3}, ("scale 2, got 3",)),
    ],
)
def test_what_a_table_lacks_is_said_in_one_line(
    table: ReplayTable, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError) as caught:
        replayed(config_of(**changes), table)
    message = str(caught.value)
    assert "\n" not in message
    assert [word for word in words if word not in message] == []


def test_a_folder_that_holds_no_table_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must hold architectures\.csv"):
        ReplayTable.load(tmp_path)
    for name in ("architectures.csv", "trainings.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    rows = pd.read_csv(folder / "trainings.csv")
    rows[rows["steps"] < 50].assign(seed=1).to_csv(tmp_path / "trainings.csv", index=False)
    with pytest.raises(ValueError, match="trainings of seed 0"):
        ReplayTable.load(tmp_path)
    (tmp_path / "trainings.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="missing or malformed"):
        ReplayTable.load(tmp_path)


def test_a_target_that_nobody_knows_is_named_with_its_file(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rows = pd.read_csv(folder / "latency.csv").assign(target="egaer")
    rows.to_csv(tmp_path / "latency.csv", index=False)
    with pytest.raises(ValueError, match=r"latency\.csv: .*did you mean 'eager'"):
        ReplayTable.load(tmp_path)


@pytest.mark.parametrize(
    ("file", "column", "value"),
    [
        ("trainings.csv", "psnr_y_db", "nan"),
        ("trainings.csv", "steps_made", "0"),
        ("trainings.csv", "ssim_y", "good"),
        ("architectures.csv", "macs", ""),
        ("latency.csv", "latency_ms", "inf"),
        ("bicubic.csv", "psnr_y_db", ""),
    ],
)
def test_a_number_that_a_table_lacks_is_named_with_its_line(
    folder: Path, tmp_path: Path, file: str, column: str, value: str
) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    rows = pd.read_csv(folder / file, dtype=str)
    rows.loc[0, column] = value
    rows.to_csv(tmp_path / file, index=False)
    with pytest.raises(ValueError, match=f"{file} line 2 must have a finite {column}"):
        ReplayTable.load(tmp_path)
