"""A worker as it runs on another machine, here in this process: what goes there and comes back."""

import sys
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from blocks.checkpoints import load_checkpoint
from foundation.listener import SILENT
from foundation.plugins import _loaded
from search.candidates.evaluation import CandidateEvaluator
from search.config import SearchConfig
from search.preparation import Photographs, initial_settings, load_photographs, training_bench
from search.storage.run_directory import RunDirectory
from search.workers.folder_copy import Files
from search.workers.machine import Machine
from search.workers.messages import (
    Failed,
    GoOn,
    Report,
    StandingStill,
    StandStill,
    Stepped,
    Stop,
    Train,
    Trained,
)
from search.workers.pool import Training
from search.workers.remote_worker import Kit, Mailbox, RemoteWorker, Said

Begin = Callable[[], RunDirectory]


def order(training: Training) -> Train:
    network = training.candidate.config.model_dump(mode="json")
    return Train(training.trial, network, training.steps)


def photographs_of(run: RunDirectory) -> Photographs:
    config = SearchConfig.model_validate(run.read_settings()["config"])
    photographs = load_photographs(config, SILENT)
    for image in photographs.training:
        image.pixels.flags.writeable = False  # as in shared memory
    for pair in photographs.validation:
        pair.low.flags.writeable = False
    return photographs


class Colleague:
    """A worker, and what it has said and saved by now."""

    def __init__(self, run: RunDirectory, kit: Kit) -> None:
        self.worker = RemoteWorker(kit, photographs_of(run))
        self.run = run
        self.said = Said((), ())
        self._unheard: deque[Report] = deque()

    def hear_of(self, kind: type[Report] | None) -> Any:
        """Listen until there is such a report, or for None the end."""
        while True:
            while self._unheard:
                report = self._unheard.popleft()
                if kind is not None and isinstance(report, kind):
                    return report
            if self.said.has_ended:
                return None
            self.said = self.worker.said()
            for files in self.said.checkpoints:
                files.apply(self.run.all_checkpoints)
            self._unheard.extend(self.said.reports)


@pytest.fixture
def colleagues() -> Iterator[Callable[[RunDirectory], Colleague]]:
    made: list[Colleague] = []

    def make(run: RunDirectory) -> Colleague:
        made.append(Colleague(run, Kit.of(run)))
        return made[-1]

    yield make
    for colleague in made:
        colleague.worker.hear(Stop(), Files())
        colleague.hear_of(None)


@pytest.mark.slow
def test_it_trains_as_this_process_does_and_hands_back_the_network(
    begun_run: Begin, trainings: list[Training], colleagues: Any
) -> None:
    run = begun_run()
    colleague = colleagues(run)
    qualities = []
    for training in trainings:
        colleague.worker.hear(order(training), Files())
        qualities.append(colleague.hear_of(Trained).quality)
        folder = run.checkpoints(training.candidate.arch_id, 0)
        assert [path.name for path in folder.iterdir()] == ["model.safetensors"]
        (folder / "model.safetensors").unlink()
    here = CandidateEvaluator(training_bench(run, SILENT))
    for training, quality in zip(trainings, qualities, strict=True):
        again = here.train(training.candidate, lambda *_: None, training.steps)
        assert (quality.psnr_y_db, quality.ssim_y) == (again.psnr_y_db, again.ssim_y)


@pytest.mark.slow
def test_one_that_is_stopped_hands_back_its_training_and_another_goes_on(
    begun_run: Begin, endless_trainings: list[Training], colleagues: Any
) -> None:
    run = begun_run()
    first, second = colleagues(run), colleagues(run)
    first.worker.hear(order(endless_trainings[0]), Files())
    first.hear_of(Stepped)
    first.worker.hear(StandStill(), Files())
    first.hear_of(StandingStill)
    first.worker.hear(GoOn(), Files())
    first.hear_of(Stepped)
    first.worker.hear(Stop(), Files())
    first.hear_of(None)
    assert first.said.failure is None
    root = run.all_checkpoints
    arch_id = endless_trainings[0].candidate.arch_id
    state = run.checkpoints(arch_id, 0) / "training-state.safetensors"
    stopped_at = int(load_checkpoint(state).metadata["step"])
    assert stopped_at > 1
    second.worker.hear(order(endless_trainings[0]), Files.of(root, root / arch_id))
    assert second.hear_of(Stepped).step == stopped_at + 1


@pytest.mark.slow
def test_what_one_has_trained_another_trains_longer(
    begun_run: Begin, trainings: list[Training], colleagues: Any
) -> None:
    run = begun_run()
    settings = run.read_settings()
    settings["config"] |= {"training": {"recipe": "steady", "precision": "float32"}}
    settings["config"]["ladder"] = "none"
    run.write_settings(settings)
    root, arch_id = run.all_checkpoints, trainings[0].candidate.arch_id
    first_steps, quality = [], None
    for steps in (5, 10):
        colleague = colleagues(run)
        longer = replace(trainings[0], steps=steps)
        colleague.worker.hear(order(longer), Files.of(root, root / arch_id))
        first_steps.append(colleague.hear_of(Stepped).step)
        quality = colleague.hear_of(Trained).quality
    assert first_steps[0] == 1 < first_steps[1] <= 6
    rmtree(root)
    here = CandidateEvaluator(training_bench(run, SILENT))
    at_once = here.train(trainings[0].candidate, lambda *_: None, 10)
    assert quality is not None and quality.psnr_y_db == at_once.psnr_y_db


@pytest.mark.slow
def test_why_it_cannot_begin_is_said(begun_run: Begin) -> None:
    run = begun_run()
    settings = run.read_settings()
    settings["config"]["scale"] = 7
    run.write_settings(settings)
    worker = RemoteWorker(Kit.of(run), Photographs((), (), None))  # type: ignore[arg-type]
    said = worker.said()
    assert said.has_ended and "scale" in str(said.failure)


@pytest.mark.slow
def test_a_full_disk_there_is_no_reason_to_end_the_search(
    begun_run: Begin, trainings: list[Training], colleagues: Any, files_up_to: Any
) -> None:
    colleague = colleagues(begun_run())
    colleague.worker.hear(StandStill(), Files())
    colleague.hear_of(StandingStill)  # it has what it needs by now
    with files_up_to(1000):
        colleague.worker.hear(order(trainings[0]), Files())
        colleague.worker.hear(GoOn(), Files())
        report = colleague.hear_of(Failed)
    assert report.is_lost and "File too large" in report.reason and report.trial == 0


def test_a_plugin_and_a_teacher_go_along(
    tmp_path: Path, small_search: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    (source / "my_package").mkdir(parents=True)
    (source / "my_package" / "__init__.py").write_text("")
    (source / "my_package" / "inner.py").write_text(
        "from my_package import data\nVALUE = data.VALUE\n"
    )
    (source / "my_package" / "data.py").write_text("VALUE = 41\n")
    (source / "my_module.py").write_text("")
    teacher = tmp_path / "teacher.safetensors"
    teacher.write_bytes(b"weights")
    monkeypatch.setitem(_loaded, "my_package.inner", source)
    monkeypatch.setitem(_loaded, "my_module", source)
    monkeypatch.setattr(sys, "path", [*sys.path])
    run = RunDirectory(tmp_path / "run")
    settings = initial_settings(SearchConfig.model_validate(small_search), workers=1)
    recipe = {"name": "quick", "teacher": str(teacher), "teacher_weight": 0.5}
    settings["config"]["training"]["recipe"] = recipe  # type: ignore[index]
    run.write_settings(settings)

    kit = Kit.of(run)
    assert set(kit.plugins) >= {"my_package.inner", "my_module"}
    there = kit.unpacked(tmp_path / "there")
    assert sys.modules["my_package.inner"].VALUE == 41
    assert str(sys.modules["my_package.inner"].__file__).startswith(str(tmp_path / "there"))
    unpacked = there.read_settings()["config"]["training"]["recipe"]
    assert Path(unpacked["teacher"]).read_bytes() == b"weights"
    assert Path(unpacked["teacher"]).is_relative_to(tmp_path / "there")
    assert unpacked["teacher_weight"] == 0.5
    assert run.read_settings()["config"]["training"]["recipe"] == recipe
    for module in ("my_package.inner", "my_package.data", "my_package", "my_module"):
        sys.modules.pop(module, None)


def test_of_steps_that_nobody_asked_for_the_last_are_told_and_of_all_else_everything() -> None:
    mailbox = Mailbox()
    mailbox.put(Stepped(1, 1, 0.5), Files({"a": b"1"}))
    mailbox.put(StandingStill(), Files())
    mailbox.put(Stepped(1, 2, 0.4), Files({"b": b"2"}))
    mailbox.put(None, Files(removed=("a",)))
    saved = (Files({"a": b"1"}), Files({"b": b"2"}), Files(removed=("a",)))
    assert mailbox.take() == Said((StandingStill(), Stepped(1, 2, 0.4)), saved)
    mailbox.end()
    assert mailbox.take() == Said((), (), has_ended=True)


def test_a_machine_is_the_same_each_time() -> None:
    assert Machine.here() == Machine.here()
