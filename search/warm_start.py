"""Taking over what earlier runs trained and measured, as far as it compares with a new search."""

import os
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from blocks.networks.registry import parse_network_config
from foundation import atomic_path, raise_interrupt
from imaging.image_sets import ImageSets
from profilers.agent.machine import Description
from profilers.predictor import machine_change
from reports.pareto import front
from reports.records import TrialRecord
from search.appraisal import Appraisal
from search.candidates.candidate import Candidate, described, with_analytic_cost
from search.candidates.evaluation import Workbench
from search.candidates.evaluator import CANDIDATE_FAILURES, Evaluator, failure_in_words
from search.candidates.latency_filter import no_latency_filter
from search.config import SearchConfig
from search.listening import SearchListener
from search.loop import on_trial_step
from search.preparation import PRECISIONS, decided
from search.space.hyperparameters import suggest
from search.storage.changes import config_in
from search.storage.genotype import Genotype
from search.storage.run_directory import RunDirectory
from search.storage.study import RunContents, SearchStudy, read_run
from search.storage.warm_started import WarmStarted
from search.twins import PRECISION
from search.workers.pool import ThisProcess

PROPOSED_SHARE = 4
"""One in so many trainings of the budget at most goes to the networks of earlier runs."""
MOST_PROPOSED = 10
"""Where only the time is limited."""
QUALITY = ("psnr_y_db", "psnr_y_std_db", "ssim_y", "train_steps", "macs_executed")
LATENCY = ("latency_ms", "latency_ci_low_ms", "latency_ci_high_ms")
COSTS = (*LATENCY, "latency_ratio", "peak_memory_mib", "target")
MEASURED = ("latency_ms", "peak_memory_mib")
"""The columns that a machine tells, not the design or the training."""


class _LeftOutError(Exception):
    """A network of an earlier run is of no use here, for a reason in words."""


@dataclass(frozen=True)
class EarlierRun:
    """What an earlier search has found, and how."""

    run: RunDirectory
    contents: RunContents
    config: SearchConfig
    has_same_images: bool
    """False where its directory does not say on which images it began."""

    @property
    def trained(self) -> list[TrialRecord]:
        """Its networks that were trained to the end, whether they kept its constraints or not."""
        return [
            record
            for record in self.contents.records
            if record.state in ("trained", "infeasible")
            and record.psnr_y_db is not None
            and record.train_steps == self.contents.settings.get("train_steps")
        ]

    def origin(self, record: TrialRecord) -> str:
        """Where a record comes from, which may be a run before this one."""
        return record.origin or f"{self.run.path}:{record.trial}"


def earlier_runs(
    folders: Iterable[str | Path], config: SearchConfig, images: ImageSets
) -> list[EarlierRun]:
    """Read the runs that a search shall begin with.

    Raises:
        ValueError: one of `folders` is no run directory or has settings that no search wrote, or
            its run is of another scale than `config`, or of other images than `images`.
    """
    return [_earlier_run(Path(folder).absolute(), config, images) for folder in folders]


def _earlier_run(folder: Path, config: SearchConfig, images: ImageSets) -> EarlierRun:
    contents, run = read_run(folder), RunDirectory(folder)
    found = config_in(contents.settings, f"{run.settings}, config")
    for key in ("device", "target_device"):
        decided(Description, key, run)
    decided(PRECISIONS, "precision", run)
    if found.scale != config.scale:
        raise ValueError(
            f"a warm start needs a run of the same scale, x{config.scale}, but {folder} is of "
            f"x{found.scale}: name another, or leave --warm-start out"
        )
    note = images.check(
        folder, remedy="a warm start needs a run on the same images; leave --warm-start out"
    )
    return EarlierRun(run, contents, found, has_same_images=note is None)


class WarmStart:
    """Makes trials of a new search from those of earlier runs.

    Quality is taken over where it was trained and judged alike, and costs where they were measured
    alike; where only they were not, they are measured anew. Of networks whose quality does not
    compare, those on the front of their run are proposed before all others.
    """

    def __init__(
        self,
        bench: Workbench,
        study: SearchStudy,
        evaluator: Evaluator,
        listener: SearchListener,
    ) -> None:
        self._config, self._run = bench.config, bench.run
        self._settings = bench.run.read_settings()
        self._reference_ms = {
            timed.calibration.target: timed.calibration.reference_ms
            for targets in bench.targets.values()
            for timed in targets
        }
        # Before any worker begins.
        pool = ThisProcess(evaluator, on_trial_step(listener, bench.config))
        self._appraisal = Appraisal(bench.config, evaluator, no_latency_filter, pool, None)
        self._study = study
        self._known = {(it.arch_id, it.precision) for it in study.records()}
        self._taken_before = {it.origin for it in study.records()}
        """By a session that was killed."""
        self._listener = listener
        trials = bench.config.budget.trials
        self._may_propose = max(1, trials // PROPOSED_SHARE) if trials else MOST_PROPOSED

    def take(self, runs: Sequence[EarlierRun]) -> None:
        """Take over what compares; what a killed session has taken already stays."""
        taken = [self._taken_of(earlier) for earlier in runs]
        for one in taken:
            self._listener.status(str(one))
        self._study.warm_started = taken

    def _taken_of(self, earlier: EarlierRun) -> WarmStarted:
        anew: Counter[str] = Counter()
        left_out: Counter[str] = Counter()
        proposed: Counter[str] = Counter()
        taken = 0
        first = {record.arch_id for record in front(earlier.trained, earlier.config.objectives)}
        for done, record in enumerate(earlier.trained):
            self._listener.progress(done, len(earlier.trained), f"taking over {earlier.run.path}")
            try:
                candidate, genotype = self._placed(record, earlier)
                if why := self._quality_change(record, earlier):
                    if record.arch_id in first and self._may_propose > 0:
                        self._may_propose -= 1
                        self._study.propose(genotype.values)
                        proposed[why] += 1
                        continue
                    raise _LeftOutError(why)
                why = self._cost_change(record, earlier)
                self._take(record, earlier, candidate, genotype, costs_compare=why is None)
            except _LeftOutError as reason:
                left_out[str(reason)] += 1
                continue
            taken += 1
            if why is not None:
                anew[why] += 1
        if found := len(earlier.trained):
            self._listener.progress(found, found, f"taking over {earlier.run.path}")
        counts = (dict(counted) for counted in (anew, proposed, left_out))
        return WarmStarted(str(earlier.run.path), taken, *counts)

    def _placed(self, record: TrialRecord, earlier: EarlierRun) -> tuple[Candidate, Genotype]:
        """The candidate that a record is about, and the values that propose it in this space."""
        config, space = self._config, self._config.space
        if record.family not in {family.family for family in space.families}:
            raise _LeftOutError(f"family {record.family} is not searched")
        network = parse_network_config(
            cast(Mapping[str, Any], record.config), earlier.origin(record)
        )
        if misfit := space.misfit(network):
            raise _LeftOutError(f"{record.family} outside the space: {misfit}")
        candidate = Candidate.of(network, config.precisions[0])
        known = {**space.parameters(network), PRECISION: candidate.precision}
        genotype = Genotype(known, f"{config.seed}/{candidate.arch_id}")
        suggest(genotype, PRECISION, config.precisions)
        space.suggest(genotype)
        return candidate, genotype

    def _quality_change(self, record: TrialRecord, earlier: EarlierRun) -> str | None:
        """Why the quality in a record does not compare with that of this search, or None."""
        if not earlier.has_same_images:
            return "that run does not say on which images it was trained"
        before = _protocol(earlier.config, earlier.contents.settings, record.family)
        now = _protocol(self._config, self._settings, record.family)
        changes = (
            f"{key} {before[key]}, here {now[key]}" for key in now if before[key] != now[key]
        )
        return next(changes, None)

    def _cost_change(self, record: TrialRecord, earlier: EarlierRun) -> str | None:
        """Why its costs must be measured on this target, or None."""
        needed = [name for name in MEASURED if name in self._config.columns]
        if not needed:
            return None
        before, now = (", ".join(map(str, it.targets)) for it in (earlier.config, self._config))
        if before != now:
            return f"target {before}, here {now}"
        missing = (f"without {name}" for name in needed if getattr(record, name) is None)
        machines = [_machine(it) for it in (earlier.contents.settings, self._settings)]
        return next(missing, None) or machine_change(*machines)

    def _take(
        self,
        record: TrialRecord,
        earlier: EarlierRun,
        candidate: Candidate,
        genotype: Genotype,
        *,
        costs_compare: bool,
    ) -> None:
        """Make a finished trial of a record."""
        origin = earlier.origin(record)
        if origin in self._taken_before:
            self._taken_before.remove(origin)
            return
        if (candidate.arch_id, candidate.precision) in self._known:
            raise _LeftOutError("taken from another run already")
        self._link_checkpoints(earlier.run, candidate.arch_id)
        try:
            taken = described(self._study.next_number, candidate, self._appraisal.costing)
            taken = with_analytic_cost(taken, candidate, self._appraisal.costing)
            taken = replace(taken, **{name: getattr(record, name) for name in QUALITY})
            taken = self._with_costs(taken, record, candidate, costs_compare=costs_compare)
        except CANDIDATE_FAILURES as error:
            raise_interrupt(error)
            raise _LeftOutError(failure_in_words(error)) from error
        taken = self._appraisal.judged(replace(taken, origin=origin, state="trained"))
        verdict = self._appraisal.verdict(taken)
        self._study.add_taken(taken, verdict, genotype)
        self._known.add((taken.arch_id, taken.precision))

    def _with_costs(
        self, taken: TrialRecord, record: TrialRecord, candidate: Candidate, *, costs_compare: bool
    ) -> TrialRecord:
        """The record with what its network costs on the target of this search."""
        if not costs_compare:
            if candidate.is_measured_trained and not self._run.trainings(candidate.arch_id):
                raise _LeftOutError("its weights, by which its costs are measured, are gone")
            # In the time of the preparation, which is no trial's.
            return replace(self._appraisal.measured(candidate, taken), measure_seconds=0.0)
        taken = replace(taken, **{name: getattr(record, name) for name in COSTS})
        if record.latency_ms is None or record.latency_ratio is None:
            return taken
        # Ratios hold on the machine; milliseconds are those of this run's reference time.
        factor = record.latency_ratio * self._reference_ms[str(record.target)] / record.latency_ms
        return replace(taken, **{name: getattr(record, name) * factor for name in LATENCY})

    def _link_checkpoints(self, source: RunDirectory, arch_id: str) -> None:
        """Put the trained weights into this run too, as far as they are still there."""
        for checkpoint in source.trainings(arch_id):
            place = self._run.path / checkpoint.relative_to(source.path)
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(checkpoint, place)


def _link(source: Path, place: Path) -> None:
    """Let a file be found at `place` too; a copy where the file system cannot link."""
    if place.exists():
        return
    try:
        os.link(source, place)
    except OSError:
        with atomic_path(place) as temporary:
            shutil.copyfile(source, temporary)


def _protocol(config: SearchConfig, settings: Mapping[str, Any], family: str) -> dict[str, object]:
    """What must be the same for two trainings to compare, in words.

    Threads and the machine are not among it: they change the order of sums, not more.
    """
    training = config.training
    choice = training.recipe
    changed = {key: it for key, it in choice.settings.items() if key not in ("steps", "teacher")}
    return {
        "recipe": " ".join([choice.name, *(f"{key} {value}" for key, value in changed.items())]),
        "training steps": settings.get("train_steps"),
        "training seeds": ", ".join(map(str, config.training_seeds)),
        "training device": training.device,
        "training precision": (settings.get("precision") or {}).get(family),
        "teacher": settings.get("teacher", "none"),
        "quality": "of the target's programs" if config.judges_programs else "of the training",
    }


def _machine(settings: Mapping[str, Any]) -> Mapping[str, str | int]:
    found: Mapping[str, str | int] = settings.get("target_device") or settings.get("device") or {}
    return found
