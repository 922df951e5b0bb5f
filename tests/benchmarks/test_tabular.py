"""The tabular benchmark's scripts: its order, its files, and the processes that train."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from blocks import NetworkConfig, SmsrConfig, SplitSRConfig
from foundation.listener import SILENT, ParetoSRWarning
from training.recipes.choice import RecipeChoice

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
TINY = SplitSRConfig(
    scale=2, channels=4, groups=1, blocks=1, active_channels=2, hybrid_index=1,
    image_skip="bilinear",
)  # fmt: skip
CONFIGS: dict[str, NetworkConfig] = {
    config.arch_id: config
    for config in (TINY, SmsrConfig(scale=2, channels=16, modules=1, layers=1))
}


@pytest.fixture(autouse=True)
def _scripts_are_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As they are for a script that is run."""
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.fixture
def table() -> ModuleType:
    return import_module("tabular_table")


@pytest.fixture
def images(tmp_path: Path) -> str:
    folder = tmp_path / "images"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(folder / "noise.png")
    return str(folder)


def test_families_take_turns_and_the_first_of_each_are_repeated(table: ModuleType) -> None:
    families = [(f"{name}{number}", name) for number in range(40) for name in "abc"]
    order = table.trainings_in_order(families)
    assert order[:4] == [("a0", 0), ("b0", 0), ("c0", 0), ("a1", 0)]
    seeds = Counter(arch_id for arch_id, _ in order)
    repeated = {f"{name}{number}" for number in range(4) for name in "abc"}
    assert seeds == {arch_id: 3 if arch_id in repeated else 1 for arch_id, _ in families}
    # Any beginning is balanced.
    for end in range(1, len(order)):
        counts = Counter(arch_id[0] for arch_id, _ in order[:end])
        assert max(counts.values()) - min(counts[name] for name in "abc") <= 3


def test_the_kept_networks_are_of_the_space_each_once_and_know_their_names() -> None:
    kept = import_module("tabular_architectures").architectures()
    space = import_module("architectures").space()
    assert {space.misfit(config) for config in kept.values()} == {None}
    assert [config.arch_id for config in kept.values()] == list(kept)


def test_rows_are_appended_and_a_torn_one_is_made_again(tmp_path: Path, table: ModuleType) -> None:
    path = tmp_path / "trainings.csv"
    rung = table.Rung("net", 0, 100, 30.5, 0.9, None, None, 100, 1.5)
    table.Trainings(path).add(rung)
    with path.open("a") as file:
        file.write("net,0,250,31")
    trainings = table.Trainings(path)
    assert trainings.missing("net", 0) == table.RUNGS[1:]
    assert trainings.missing("net", 1) == table.RUNGS
    assert path.read_text().splitlines()[1:] == ["net,0,100,30.5,0.9,,,100,1.5"]


class Pool:
    """A pool of two workers on two tiny networks, and what it says."""

    def __init__(self, images: str, work: Path) -> None:
        workers, self._table = import_module("tabular_workers"), import_module("tabular_table")
        self.rows: list[Any] = []
        self.pool = workers.TrainingPool(
            CONFIGS,
            workers.Places(images, images, images, work),
            workers=2,
            deadline=time.monotonic() + 600,
            on_rung=self._hear,
            listener=SILENT,
        )
        self.do_after_a_row = lambda: None

    def _hear(self, rung: Any) -> None:
        self.rows.append(rung)
        self.do_after_a_row()

    def train(self, known: list[Any] | None = None) -> None:
        """The rungs 2, 4 and 6 of both networks, but for those that are known."""
        done = {(rung.arch_id, rung.steps) for rung in known or []}
        jobs = (
            self._table.Job(arch_id, 0, tuple(s for s in (2, 4, 6) if (arch_id, s) not in done))
            for arch_id in CONFIGS
        )
        self.pool.train(job for job in jobs if job.rungs)

    @property
    def qualities(self) -> dict[tuple[str, int], float]:
        return {(rung.arch_id, rung.steps): rung.psnr_y_db for rung in self.rows}


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, int], float]:
    """By the training loop alone, without stops."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(BENCHMARKS)
        rungs = import_module("rungs")
        folder = tmp_path_factory.mktemp("whole")
        pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / "noise.png")
        training = rungs.Training(str(folder), 2, RecipeChoice("steady"))
        pairs = rungs.judging_pairs(str(folder), 2)
        return {
            (arch_id, steps): round(
                rungs.judged(
                    training.reach(config, 0, steps, folder / f"{arch_id}-{steps}").network, pairs
                ).psnr_y_db,
                5,
            )
            for arch_id, config in CONFIGS.items()
            for steps in (2, 4, 6)
        }


def test_a_pool_that_is_stopped_goes_on_to_the_same_table(
    images: str, tmp_path: Path, uninterrupted: dict[tuple[str, int], float]
) -> None:
    first, second = Pool(images, tmp_path / "work"), Pool(images, tmp_path / "work")

    def stop() -> None:
        if len(first.rows) == 2:
            raise KeyboardInterrupt

    first.do_after_a_row = stop
    with pytest.raises(KeyboardInterrupt):
        first.train()
    assert multiprocessing.active_children() == []
    second.train(first.rows)
    assert first.qualities | second.qualities == uninterrupted
    assert len(first.rows) + len(second.rows) == len(uninterrupted)


def test_a_killed_worker_is_replaced_and_costs_no_row(
    images: str, tmp_path: Path, uninterrupted: dict[tuple[str, int], float]
) -> None:
    pool = Pool(images, tmp_path / "work")

    def kill() -> None:
        if len(pool.rows) == 1:
            for child in multiprocessing.active_children():
                assert child.pid is not None
                os.kill(child.pid, signal.SIGKILL)

    pool.do_after_a_row = kill
    with pytest.warns(ParetoSRWarning, match=r"ended with status -9"):
        pool.train()
    assert pool.qualities == uninterrupted
    assert len(pool.rows) == len(uninterrupted)


def test_after_the_deadline_no_rung_is_begun(images: str, tmp_path: Path) -> None:
    pool = Pool(images, tmp_path / "work")
    pool.pool.deadline = time.monotonic()
    pool.train()
    assert pool.rows == []


def test_taus_and_steps_of_schedules() -> None:
    schedules = import_module("schedules")
    ordered = np.arange(4.0)
    assert schedules.tau(ordered, ordered) == 1
    assert schedules.tau(ordered, -ordered) == -1
    # One of six pairs is reversed.
    assert schedules.tau(ordered, np.array([0.0, 1.0, 3.0, 2.0])) == pytest.approx(4 / 6)
    # A cooldown of a tenth is made anew; a stretched training begins anew.
    assert schedules.steps_made("constant 0.004, averaged", 500) == 250
    assert schedules.steps_made("constant 0.004, cooldown", 500) == 275
    assert schedules.steps_made("stretched", 500) == 500


def test_what_decides_by_its_input_is_timed_with_trained_weights_or_not_at_all(
    tmp_path: Path,
) -> None:
    subjects, missing = import_module("tabular_latency").subjects_of(CONFIGS, tmp_path)
    assert [subject.weights for subject in subjects.values()] == [None]
    assert list(subjects) == [TINY.arch_id]
    assert missing == 1
