"""The study: Optuna's storage behind the few verbs that a search needs.

Only this file, `genotype.py`, `journal.py` and `sampler.py` know Optuna. None of them imports
torch, so that a run can be reported on a machine without it.
"""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from reports.ladder import LadderFacts, with_probabilities
from reports.records import OBJECTIVES, TrialRecord
from search.sampler import GENERATION_KEY, ReproducibleSampler
from search.storage.genotype import Genotype
from search.storage.journal import (
    BASELINE_KEY,
    CHEAPEST_KEY,
    FINDINGS_KEY,
    PREPARATION_KEY,
    RECORD_KEY,
    SETTINGS_KEY,
    STUDY_NAME,
    UNKEPT_KEY,
    WARM_START_KEY,
    WrittenJournal,
    check_journal,
)
from search.storage.proposal import Proposal as Proposal
from search.storage.proposal import Value as Value
from search.storage.run_directory import RunDirectory
from search.storage.rungs import Findings, ladder_facts
from search.storage.warm_started import WarmStarted


@dataclass(frozen=True)
class Verdict:
    """What Optuna is told of a finished trial.

    `values` holds one number per objective, or None where they are not all known.
    `violations` maps each constraint whose column is known to how far it is broken, in
    units of its bound; at most 0 means kept.
    """

    values: Sequence[float] | None
    violations: Mapping[str, float]


class SearchStudy:
    """One study in one journal file; open it only while holding the run directory's lock.

    Without a run it is in memory alone.
    """

    def __init__(
        self, run: RunDirectory | None, objectives: Sequence[str], sampler: ReproducibleSampler
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._study = optuna.create_study(
            study_name=STUDY_NAME,
            storage=None if run is None else JournalStorage(WrittenJournal(run.journal)),
            sampler=sampler,
            directions=[
                "maximize" if OBJECTIVES[name].direction == "maximise" else "minimize"
                for name in objectives
            ],
            load_if_exists=True,
        )
        if self._study.metric_names is None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
                self._study.set_metric_names(list(objectives))  # for Optuna's own figures
        self._unfinished = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))

    def enqueue(self, proposals: Sequence[Mapping[str, object]]) -> None:
        """Put proposals before all others; those already put there by an earlier session stay."""
        already = len(self._study.get_trials(deepcopy=False))
        for parameters in proposals[already:]:
            self._study.enqueue_trial(dict(parameters))

    def next_proposal(self) -> Proposal:
        """The next of the trials that a killed session left unfinished, or a new one."""
        if self._unfinished:
            trial = Trial(self._study, self._unfinished.pop(0)._trial_id)
        else:
            trial = self._study.ask()
        # An enqueued trial with every parameter fixed would join no generation of NSGA-II
        # and could never become a parent: the generation is assigned by this access.
        _ = trial.relative_params
        return Proposal(trial)

    def start(self, parameters: Mapping[str, Value], attributes: Mapping[str, Any]) -> Proposal:
        """A new trial with these parameters and attributes; what is missing of them is drawn."""
        self._study.enqueue_trial(dict(parameters), user_attrs=dict(attributes))
        return Proposal(self._study.ask())

    def unfinished(self) -> list[Proposal]:
        """The trials that a killed session left unfinished."""
        found, self._unfinished = self._unfinished, []
        return [Proposal(Trial(self._study, trial._trial_id)) for trial in found]

    @property
    def is_any_enqueued(self) -> bool:
        """Whether proposals were put before all others and are not begun."""
        waiting = self._study.get_trials(deepcopy=False, states=(TrialState.WAITING,))
        return bool(waiting)

    def drawn(self, number: int) -> FrozenTrial:
        """A trial with all that it has drawn."""
        return self._study.get_trials(deepcopy=False)[number]

    def attributes(self) -> list[Mapping[str, Any]]:
        """What is kept in each trial, in the order of their numbers."""
        return [trial.user_attrs for trial in self._study.get_trials(deepcopy=False)]

    def tell(self, proposal: Proposal, record: TrialRecord, verdict: Verdict) -> None:
        """Store the record, then finish the trial; after a kill between the two, tell again."""
        proposal.store(record, verdict.violations)
        state = _state_of(record, verdict)
        if state == TrialState.COMPLETE:
            self._study.tell(proposal.trial, verdict.values)
        else:
            self._study.tell(proposal.trial, state=state)

    @property
    def next_number(self) -> int:
        """That of the trial that is asked for or added next."""
        return len(self._study.get_trials(deepcopy=False))

    def add(
        self,
        record: TrialRecord,
        verdict: Verdict,
        *,
        like: int,
        parameters: Mapping[str, Value],
    ) -> None:
        """Add a finished trial, which has the `next_number`, in one line of the journal.

        It has the values of trial `like` for all parameters but those given, and is of its
        generation, so that NSGA-II may choose it as a parent.
        """
        origin = self._study.get_trials(deepcopy=False)[like]
        state = _state_of(record, verdict)
        self._study.add_trial(
            optuna.create_trial(
                state=state,
                values=verdict.values if state == TrialState.COMPLETE else None,
                params={**origin.params, **parameters},
                distributions=origin.distributions,
                user_attrs={RECORD_KEY: record.to_json()},
                system_attrs={
                    key: value
                    for key, value in origin.system_attrs.items()
                    if key == GENERATION_KEY
                },
                constraints=dict(verdict.violations),
            )
        )

    def add_taken(self, record: TrialRecord, verdict: Verdict, genotype: Genotype) -> None:
        """Add a finished trial of another run, which has the `next_number`, in one line.

        It is of the first generation, so that NSGA-II may choose it as a parent.
        """
        state = _state_of(record, verdict)
        self._study.add_trial(
            optuna.create_trial(
                state=state,
                values=verdict.values if state == TrialState.COMPLETE else None,
                params=genotype.values,
                distributions=genotype.distributions,
                user_attrs={RECORD_KEY: record.to_json()},
                system_attrs={GENERATION_KEY: 0},
                constraints=dict(verdict.violations),
            )
        )

    def propose(self, parameters: Mapping[str, object]) -> None:
        """Put a proposal before those of the sampler, unless it is there already."""
        self._study.enqueue_trial(dict(parameters), skip_if_exists=True)

    def records(self) -> list[TrialRecord]:
        """The records of all finished trials, in the order of their numbers."""
        return _records(self._study.get_trials(deepcopy=False))

    def ended(self) -> list[tuple[FrozenTrial, TrialRecord]]:
        """The finished trials, in the order of their numbers, each with its record."""
        return _ended(self._study.get_trials(deepcopy=False))

    @property
    def baseline(self) -> TrialRecord | None:
        """The bicubic baseline, once measured."""
        return _floor(self._study)

    @baseline.setter
    def baseline(self, record: TrialRecord) -> None:
        self._study.set_user_attr(BASELINE_KEY, record.to_json())

    def keep_findings(self, findings: Findings) -> None:
        """Store what a search with a ladder has found beside its trials."""
        self._study.set_user_attr(FINDINGS_KEY, asdict(findings))

    @property
    def cheapest(self) -> tuple[TrialRecord, ...] | None:
        """The cheapest designs, once they are measured."""
        return _cheapest(self._study)

    @cheapest.setter
    def cheapest(self, records: Sequence[TrialRecord]) -> None:
        self._study.set_user_attr(CHEAPEST_KEY, [record.to_json() for record in records])

    @property
    def preparation_seconds(self) -> float:
        """What all sessions took before their first trials."""
        return float(self._study.user_attrs.get(PREPARATION_KEY, 0.0))

    @preparation_seconds.setter
    def preparation_seconds(self, seconds: float) -> None:
        self._study.set_user_attr(PREPARATION_KEY, seconds)

    def keep_unkept(self, why: str | None) -> None:
        """Store why no network keeps every bound; None where one does."""
        if self._study.user_attrs.get(UNKEPT_KEY) != why:
            self._study.set_user_attr(UNKEPT_KEY, why)

    @property
    def warm_started(self) -> tuple[WarmStarted, ...] | None:
        """What was taken over from earlier runs; None before that is done."""
        return _warm_started(self._study)

    @warm_started.setter
    def warm_started(self, found: Iterable[WarmStarted]) -> None:
        self._study.set_user_attr(WARM_START_KEY, [one.to_json() for one in found])

    def keep_settings(self, settings: Mapping[str, Any]) -> None:
        """Store what `run.yaml` is compared with when the search goes on."""
        if self._study.user_attrs.get(SETTINGS_KEY) != settings:
            self._study.set_user_attr(SETTINGS_KEY, settings)


@dataclass(frozen=True)
class RunContents:
    """What a run directory holds: its settings, the baseline, and the finished trials."""

    settings: Mapping[str, Any]
    baseline: TrialRecord | None = None
    records: tuple[TrialRecord, ...] = ()
    began_with: Mapping[str, Any] | None = None
    """The settings kept in the journal; None in runs of earlier versions."""
    cheapest: tuple[TrialRecord, ...] = ()
    """The cheapest designs that were measured before the first trial."""
    preparation_seconds: float = 0.0
    """What all sessions took before their first trials."""
    unkept: str | None = None
    """Why no network keeps every bound, as the last session ended."""
    warm_started: tuple[WarmStarted, ...] = ()
    """What was taken over from earlier runs."""
    ladder: LadderFacts | None = None
    """What a search with a ladder has found beside its trials."""

    @property
    def plugins(self) -> tuple[str, ...]:
        """The modules that register the families of the user's own."""
        config = self.settings.get("config")
        named = config.get("plugins", ()) if isinstance(config, Mapping) else ()
        return tuple(map(str, named))

    @property
    def has_begun(self) -> bool:
        """Whether anything was measured, on the images and by the settings of then."""
        return self.baseline is not None or bool(self.records)


def read_run(run_dir: Path) -> RunContents:
    """Read a run directory, also while a search is writing to it.

    Raises:
        ValueError: not a run directory, or its journal is corrupt.
    """
    run = RunDirectory(run_dir)
    settings = run.read_settings()
    if not run.journal.exists():
        return RunContents(settings)
    check_journal(run.journal)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    storage = JournalStorage(JournalFileBackend(str(run.journal)))
    try:
        study = optuna.load_study(study_name=STUDY_NAME, storage=storage)
    except KeyError:
        return RunContents(settings)
    trials = study.get_trials(deepcopy=False)
    ladder = ladder_facts(
        settings, [trial.user_attrs for trial in trials], study.user_attrs.get(FINDINGS_KEY)
    )
    return RunContents(
        settings,
        _floor(study),
        with_probabilities(_records(trials), ladder),
        study.user_attrs.get(SETTINGS_KEY),
        _cheapest(study) or (),
        float(study.user_attrs.get(PREPARATION_KEY, 0.0)),
        study.user_attrs.get(UNKEPT_KEY),
        warm_started=_warm_started(study) or (),
        ladder=ladder,
    )


def _state_of(record: TrialRecord, verdict: Verdict) -> TrialState:
    if record.state == "failed":
        return TrialState.FAIL
    if record.state == "stopped":
        return TrialState.PRUNED
    return TrialState.PRUNED if verdict.values is None else TrialState.COMPLETE


def _records(trials: Sequence[FrozenTrial]) -> list[TrialRecord]:
    return [record for _, record in _ended(trials)]


def _ended(trials: Sequence[FrozenTrial]) -> list[tuple[FrozenTrial, TrialRecord]]:
    return [
        (trial, TrialRecord.from_json(trial.user_attrs[RECORD_KEY]))
        for trial in trials
        if trial.state.is_finished() and RECORD_KEY in trial.user_attrs
    ]


def _floor(study: optuna.Study) -> TrialRecord | None:
    data = study.user_attrs.get(BASELINE_KEY)
    return TrialRecord.from_json(data) if data is not None else None


def _cheapest(study: optuna.Study) -> tuple[TrialRecord, ...] | None:
    data = study.user_attrs.get(CHEAPEST_KEY)
    return None if data is None else tuple(map(TrialRecord.from_json, data))


def _warm_started(study: optuna.Study) -> tuple[WarmStarted, ...] | None:
    data = study.user_attrs.get(WARM_START_KEY)
    return None if data is None else tuple(map(WarmStarted.from_json, data))
