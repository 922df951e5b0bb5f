"""A worker on any machine: it trains in a folder of its own, and hands back what is saved there."""

import tempfile
import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from foundation.plugins import load_plugins, loaded_plugins
from search.candidates.evaluation import CandidateEvaluator
from search.candidates.evaluator import failure_in_words
from search.preparation import Photographs, workbench
from search.storage.changes import config_in
from search.storage.run_directory import RunDirectory
from search.workers.folder_copy import Files, WatchedFolder
from search.workers.machine import Machine
from search.workers.messages import Failed, Order, Report, Stepped, Train, Unwritable
from search.workers.worker import Orders, Steps, report_of

REPORT_SECONDS = 1.0
"""Between two reports of steps, which cross the network."""
_TEACHER, _PLUGINS = "teacher.safetensors", "plugins"


@dataclass(frozen=True)
class Kit:
    """What a worker gets of a run, so that it needs none of the files of this machine."""

    settings: Mapping[str, Any]
    """Of run.yaml."""
    plugins: tuple[str, ...]
    files: Files
    """The teacher and the plug-ins, in the worker's folder."""

    @classmethod
    def of(cls, run: RunDirectory) -> "Kit":
        """Return what a worker needs of a run, and of the plug-ins that this process has loaded.

        Raises:
            OSError: one of the files cannot be read.
        """
        settings, plugins = run.read_settings(), loaded_plugins()
        files: dict[str, bytes] = {}
        if (teacher := _recipe(settings).get("teacher")) is not None:
            files[_TEACHER] = Path(teacher).read_bytes()
        for module, folder in plugins.items():
            for path in _sources(module, folder):
                files[f"{_PLUGINS}/{path.relative_to(folder).as_posix()}"] = path.read_bytes()
        return cls(settings, tuple(plugins), Files(files))

    def unpacked(self, folder: Path) -> RunDirectory:
        """Return a run directory in `folder`, whose settings name the files there."""
        self.files.apply(folder)
        load_plugins(self.plugins, folder / _PLUGINS)
        settings = dict(self.settings)
        if recipe := _recipe(settings):
            if "teacher" in recipe:
                recipe = {**recipe, "teacher": str(folder / _TEACHER)}
            training = {**settings["config"]["training"], "recipe": recipe}
            settings["config"] = {**settings["config"], "training": training}
        run = RunDirectory(folder)
        run.write_settings(settings)
        return run


@dataclass(frozen=True)
class Said:
    """What a worker has reported since it was asked before."""

    reports: tuple[Report, ...]
    checkpoints: tuple[Files, ...]
    """To be written before the reports are heard."""
    has_ended: bool = False
    """There will be nothing more."""
    failure: str | None = None
    """Why it has ended without an order to."""


class Mailbox:
    """What a worker has said, until somebody asks; of steps, the last are enough."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._said = Said((), ())

    def put(self, report: Report | None, checkpoints: Files) -> None:
        """Add a report, and what it finds saved."""
        with self._changed:
            reports = self._said.reports
            if isinstance(report, Stepped):
                reports = tuple(it for it in reports if not isinstance(it, Stepped))
            self._said = replace(
                self._said,
                reports=reports if report is None else (*reports, report),
                checkpoints=(*self._said.checkpoints, *([checkpoints] if checkpoints else ())),
            )
            self._changed.notify_all()

    def end(self, failure: str | None = None) -> None:
        """Say that there will be nothing more, and why if that was not ordered."""
        with self._changed:
            self._said = replace(self._said, has_ended=True, failure=failure)
            self._changed.notify_all()

    def take(self) -> Said:
        """Wait for something that nobody has asked for yet, and return all of it."""
        with self._changed:
            self._changed.wait_for(lambda: self._said != Said((), ()))
            said, self._said = self._said, Said((), ())
            return said


class RemoteWorker:
    """Trains in a thread what it is ordered to.

    `photographs` may be shared with other workers of the same machine, and may be read-only.
    """

    def __init__(self, kit: Kit, photographs: Photographs) -> None:
        self._mailbox = Mailbox()
        self._saved: WatchedFolder | None = None
        self._orders = Orders(self._say)
        self._checkpoints = Files()
        threading.Thread(target=self._work, args=(kit, photographs), daemon=True).start()

    def machine(self) -> Machine:
        """Where it is."""
        return Machine.here()

    def hear(self, order: Order, checkpoints: Files) -> None:
        """Take note of an order; a training begins from these checkpoints."""
        if isinstance(order, Train):
            self._checkpoints = checkpoints
        self._orders.hear(order)

    def said(self) -> Said:
        """Wait for something to say."""
        return self._mailbox.take()

    def _say(self, report: Report | None) -> None:
        self._mailbox.put(report, Files() if self._saved is None else self._saved.changes())

    def _work(self, kit: Kit, photographs: Photographs) -> None:
        # Shared memory is read-only, and nobody writes to an image.
        warnings.filterwarnings("ignore", message="The given NumPy array is not writable")
        try:
            with tempfile.TemporaryDirectory(prefix="paretosr-worker-") as folder:
                run = kit.unpacked(Path(folder))
                config = config_in(run.read_settings(), "config")
                bench = workbench(config, run, photographs)
                evaluator = CandidateEvaluator(bench, between_images=self._orders.follow)
                self._saved = WatchedFolder(run.all_checkpoints)
                for training in self._orders.trainings():
                    self._saved.replace(self._checkpoints)
                    steps = Steps(training.trial, self._orders, self._say, REPORT_SECONDS)
                    try:
                        self._say(
                            _of_a_trial(training.trial, report_of(training, evaluator, steps))
                        )
                    except KeyboardInterrupt:
                        self._say(None)
                        break
        except Exception as error:
            self._mailbox.end(failure_in_words(error))
        else:
            self._mailbox.end()


def _of_a_trial(trial: int, report: Report) -> Report:
    """The report; where the disk of this machine failed it, another machine might succeed."""
    if isinstance(report, Unwritable):
        return Failed(trial, f"OSError: {report.error()}", is_lost=True)
    return report


def _recipe(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a run sets of its recipe."""
    recipe = settings["config"].get("training", {}).get("recipe", {})
    return recipe if isinstance(recipe, Mapping) else {}


def _sources(module: str, folder: Path) -> list[Path]:
    """The files of a plug-in: its module, or the outermost package that holds it."""
    outermost = folder / module.partition(".")[0]
    if not outermost.is_dir():
        return [outermost.with_suffix(".py")]
    return [
        path
        for path in sorted(outermost.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
