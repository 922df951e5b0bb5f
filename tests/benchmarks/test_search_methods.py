"""What benchmarks/search_methods.py makes of the runs of its methods."""

import shutil
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks"
BUDGET = 100


@pytest.fixture(autouse=True)
def _scripts_are_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are for a script that is run."""
    monkeypatch.syspath_prepend(FOLDER)


@pytest.fixture
def report() -> Any:
    return import_module("search_methods_report")


def rows(runs: dict[str, list[list[tuple[int, float]]]]) -> pd.DataFrame:
    """Of every method the runs, one for each seed, as steps and hypervolumes."""
    return pd.DataFrame(
        [
            {"method": method, "seed": seed, "steps": steps, "hypervolume": volume}
            for method, seeds in runs.items()
            for seed, run in enumerate(seeds)
            for steps, volume in run
        ]
    )


def test_a_hypervolume_stays_until_the_next_row(report: Any) -> None:
    runs = {"ours": [[(10, 1.0), (30, 3.0)], [(20, 2.0)], [(10, 5.0)]]}
    curves = report.Curves.of(rows(runs), BUDGET)
    assert curves.steps.tolist() == [10, 20, 30, 100]
    # Three runs: 1, 0, 5; then 1, 2, 5; then 3, 2, 5.
    assert curves.median("ours").tolist() == [1.0, 2.0, 3.0, 3.0]
    assert curves.at("ours", 0.05).tolist() == [0.0, 0.0, 0.0]
    assert curves.at("ours", 0.25)[1] == 2.0
    assert curves.steps_to("ours", 2.5) == 30
    assert curves.steps_to("ours", 3.5) is None


def promising(**others: list[tuple[int, float]]) -> pd.DataFrame:
    runs = {
        "random": [(50, 9.0), (100, 10.0)],
        "tpe": [(50, 9.5), (100, 10.5)],
        "moasha": [(10, 1.0), (100, 9.0)],
        "structure only": [(15, 5.0), (100, 10.0)],
        "ours": [(10, 5.0), (20, 10.0), (100, 11.0)],
    }
    return rows({name: [run] for name, run in (runs | others).items()})


def test_all_promises_are_kept_by_a_run_that_keeps_them(report: Any) -> None:
    found = report.verdicts(report.Curves.of(promising(), BUDGET))
    assert [verdict.kept for verdict in found] == [True, True, True]
    # 95 % of 10.5 is 9.975.
    assert "The best is tpe" in found[0].figures
    assert "ours 20, a share of 0.200" in found[0].figures


@pytest.mark.parametrize(
    ("ours", "kept"),
    [
        ([(10, 5.0), (21, 10.0), (100, 11.0)], [False, True, True]),
        ([(10, 5.0), (20, 9.9), (100, 9.9)], [False, True, False]),
        ([(11, 5.0), (20, 10.0), (100, 11.0)], [True, False, True]),
        ([(10, 4.0), (20, 10.0), (100, 11.0)], [True, True, False]),
    ],
)
def test_a_promise_that_is_broken_is_told(
    report: Any, ours: list[tuple[int, float]], kept: list[bool]
) -> None:
    found = report.verdicts(report.Curves.of(promising(ours=ours), BUDGET))
    assert [verdict.kept for verdict in found] == kept


def test_ours_is_held_against_the_control_seed_by_seed_too(report: Any) -> None:
    runs = {
        "structure only": [[(10, 1.0)], [(10, 5.0)], [(10, 9.0)]],
        "ours": [[(10, 4.0)], [(10, 4.5)], [(10, 10.0)]],
    }
    curves = report.Curves.of(rows(runs), BUDGET)
    # The medians are 4.5 and 5, but the differences 3, -0.5 and 1.
    assert (curves.median("ours") - curves.median("structure only")).tolist() == [-0.5, -0.5]
    assert curves.over_control.tolist() == [1.0, 1.0]


def test_the_same_figure_is_drawn_from_the_same_numbers(report: Any, tmp_path: Path) -> None:
    curves = report.Curves.of(promising(), BUDGET)
    for name in ("a.png", "b.png"):
        report.draw(tmp_path / name, curves, "GMACs")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_the_table_has_a_row_for_each_method(report: Any) -> None:
    lines = report.table(report.Curves.of(promising(), BUDGET)).splitlines()
    assert len(lines) == 2 + 5
    assert lines[-1].startswith("| ours | 1 | 0.000 (0.000-0.000) | 5.000 (5.000-5.000) | 10.000")
    assert lines[-1].endswith("| 20 |")


def test_taus_of_rungs(monkeypatch: pytest.MonkeyPatch) -> None:
    ranks = import_module("rung_ranks")
    truth = np.array([1.0, 2.0, 3.0, 4.0])
    macs = np.array([1.0, 1.2, 10.0, 12.0])
    # The pairs of nearly equal MACs are the first two and the last two.
    assert ranks.tau_among_equals(np.array([1.0, 2.0, 4.0, 3.0]), truth, macs) == 0
    assert ranks.tau_among_equals(truth, truth, macs) == 1
    # What each is predicted by, the others follow exactly.
    given = np.arange(12.0)[:, None]
    assert ranks.predicted(given, 2 * given[:, 0] + 1) == pytest.approx(
        2 * given[:, 0] + 1, abs=0.05
    )


RUNGS = (500, 1000, 2500)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A table of eighty networks, which gain with the root of their MACs and of their steps."""
    networks = pd.read_csv(FOLDER / "tabular" / "architectures.csv").head(80)
    networks.to_csv(tmp_path / "architectures.csv", index=False)
    rows = [
        {
            "arch_id": arch_id,
            "seed": 0,
            "steps": steps,
            "psnr_y_db": 31.0 + (macs / 1e10) ** 0.5 * (steps / 2500) ** 0.5,
            "ssim_y": 0.9,
            "steps_made": steps,
            "train_seconds": 1.0,
        }
        for arch_id, macs in zip(networks["arch_id"], networks["macs"], strict=True)
        for steps in RUNGS
    ]
    pd.DataFrame(rows).to_csv(tmp_path / "trainings.csv", index=False)
    shutil.copy(FOLDER / "tabular" / "bicubic.csv", tmp_path)
    return tmp_path


def test_rows_that_tune_do_not_judge_and_are_a_third(folder: Path) -> None:
    load = import_module("search_methods_table").Benchmark.load
    judging, tuning = load(folder, tuning=False), load(folder, tuning=True)
    judges, tunes = set(judging.table.rows), set(tuning.table.rows)
    assert judges.isdisjoint(tunes)
    assert len(judges | tunes) == 80
    assert 1 / 5 < len(tunes) / 80 < 1 / 2
    # Budgets in proportion, and one reference for both.
    assert tuning.trainings == round(60 * len(tunes) / len(judges))
    assert tuning.largest_cost == judging.largest_cost


def test_only_full_trainings_count_and_all_steps_do(folder: Path) -> None:
    benchmark = import_module("search_methods_table").Benchmark.load(folder, tuning=False)
    told = import_module("moasha").Told
    first, second = list(benchmark.table.rows)[:2]
    found = benchmark.volumes(
        [told(first, 500, 500), told(second, 2500, 2500), told(first, 2500, 2000)]
    )
    assert [steps for steps, _ in found] == [500, 3000, 5000]
    quality, cost = benchmark.point(second, 2500)
    rectangle = (-30.32457 - quality) * (benchmark.largest_cost - cost)
    assert [volume for _, volume in found[:2]] == pytest.approx([0.0, rectangle])
    assert found[2][1] >= found[1][1]


@pytest.mark.parametrize("method", ["random", "structure only", "ours"])
def test_a_method_spends_its_budget_the_same_way_again(folder: Path, method: str) -> None:
    methods = import_module("search_methods").METHODS
    benchmark = import_module("search_methods_table").Benchmark.load(folder, tuning=False)
    benchmark = replace(benchmark, trainings=4)
    found = methods[method](benchmark, 1)
    assert found[-1][0] <= 4 * 2500
    assert found[-1][0] > 3 * 2500
    assert found == methods[method](benchmark, 1)


class Answers:
    """A scheduler that stops every other training at its first rung."""

    def __init__(self) -> None:
        self.choices = iter(range(100))

    def ask(self, **question: Any) -> dict[str, Any]:
        if "suggest" in question:
            return {"choice": next(self.choices)}
        if "result" in question:
            return {"goes_on": question["result"]["trial"] % 2 == 0}
        return {}


def test_moasha_is_told_of_every_rung_and_ends_with_the_budget() -> None:
    moasha = import_module("moasha")
    told = moasha.moasha(
        Answers(),
        moasha.MoashaSettings(first_rung=500, reduction_factor=2),
        (100, 500, 2500),
        [f"net{number}" for number in range(9)],
        lambda drawn: drawn,
        lambda arch_id, steps: (-31.0, 1.0),
        seed=0,
        budget_steps=3500,
    )
    # The third is begun, for 500 steps are left.
    assert [(it.arch_id, it.steps, it.steps_made) for it in told] == [
        ("net0", 500, 500),
        ("net0", 2500, 2000),
        ("net1", 500, 500),
        ("net2", 500, 500),
    ]
