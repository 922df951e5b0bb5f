"""One row for each network on each data set, wherever its numbers come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

import pandas as pd

from reports.columns import (
    ActivationMib,
    ArchId,
    Column,
    Family,
    LatencyCiHighMs,
    LatencyCiLowMs,
    LatencyMs,
    Meaning,
    ModelName,
    Params,
    PeakMemoryMib,
    Precision,
    PsnrYDb,
    PsnrYStdDb,
    Scale,
    SizeKib,
    Source,
    SsimY,
    TargetName,
    TrainSteps,
    Trial,
    TrialState,
    check_row,
    columns_of,
)
from reports.frames import typed_frame
from reports.pareto import front
from reports.published import (
    BICUBIC,
    PublishedModel,
    dataset_named,
    named_models,
    published_results,
)
from reports.records import BASELINE_FAMILY, TrialRecord
from reports.run_settings import RunSettings

SystemName = Annotated[str, Meaning("system")]
"""What figures and tables call it."""
Kind = Annotated[Literal["trial", "checkpoint", "published"], Meaning("kind")]
"""A trial of a search, a network or bicubic evaluated here, or a row of a paper."""
RunName = Annotated[str, Meaning("run")]
DataName = Annotated[str, Meaning("data set")]
"""The images that PSNR and SSIM are of."""
Macs = Annotated[float, Meaning("MACs at 1280x720 HR", "minimise", cheap=True)]
"""As printed of published models, if it is; else as this project counts them."""
MacsCounted = Annotated[float, Meaning("MACs at 1280x720 HR, counted alike")]
"""As this project counts them: on the costliest path, each operator once."""
Standing = Annotated[Literal["front", "dominated"], Meaning("standing")]
"""Of a trained trial, by all objectives of its run."""
Convention = Annotated[str, Meaning("how the printed MACs were counted")]
Origin = Annotated[str, Meaning("where the numbers are from")]


DRAWN_UP_TO_GMACS = 1000.0


@dataclass(frozen=True, kw_only=True)
class System:
    """A network, or bicubic, on one data set; None is "not known".

    Raises:
        ValueError: a value has the wrong type or is not finite.
    """

    name: SystemName
    kind: Kind
    model: ModelName | None = None
    """What the paper calls a published model."""
    run: RunName | None = None
    trial: Trial | None = None
    arch_id: ArchId | None = None
    family: Family | None = None
    scale: Scale | None = None
    data: DataName | None = None
    state: TrialState = "trained"
    standing: Standing | None = None
    psnr_y_db: PsnrYDb | None = None
    psnr_y_std_db: PsnrYStdDb | None = None
    ssim_y: SsimY | None = None
    params: Params | None = None
    macs: Macs | None = None
    macs_counted: MacsCounted | None = None
    size_kib: SizeKib | None = None
    activation_mib: ActivationMib | None = None
    peak_memory_mib: PeakMemoryMib | None = None
    latency_ms: LatencyMs | None = None
    latency_ci_low_ms: LatencyCiLowMs | None = None
    latency_ci_high_ms: LatencyCiHighMs | None = None
    target: TargetName | None = None
    precision: Precision | None = None
    train_steps: TrainSteps | None = None
    source: Source = "measured"
    convention: Convention | None = None
    origin: Origin | None = None
    # Not a column: each hyperparameter gets one of its own.
    config: Mapping[str, object] | None = field(default=None, hash=False)

    def __post_init__(self) -> None:
        check_row(self)

    @property
    def is_baseline(self) -> bool:
        """Whether this is bicubic."""
        return self.family == BASELINE_FAMILY

    @property
    def is_ours(self) -> bool:
        """Whether it was measured or evaluated here."""
        return self.kind != "published"


COLUMNS: tuple[Column, ...] = columns_of(System)


def systems_of_run(
    records: Sequence[TrialRecord], settings: RunSettings, run: str = ""
) -> list[System]:
    """The records of a run as rows, duplicates left out."""
    chosen = front(records, settings.objectives)
    return [
        _system_of_trial(record, settings, run, record in chosen)
        for record in records
        if record.state != "duplicate"
    ]


def _system_of_trial(
    record: TrialRecord, settings: RunSettings, run: str, on_front: bool
) -> System:
    shared = {
        column.name: getattr(record, column.name)
        for column in COLUMNS
        if hasattr(record, column.name)
    }
    name = "bicubic" if record.is_baseline else f"#{record.trial}"
    macs = None if record.macs is None or record.is_baseline else float(record.macs)
    return System(
        **{**shared, "macs": macs},
        macs_counted=macs,
        name=name,
        kind="trial",
        run=run,
        data=settings.validation_name,
        standing=None if record.state != "trained" else "front" if on_front else "dominated",
        config=record.config,
    )


def system_of_published(row: PublishedModel) -> System:
    """The row of a published model: as printed, or as counted here if no MACs are printed."""
    counted = row.counted
    printed = row.gmacs is not None or counted is None
    params = None if row.params_k is None else round(1000 * row.params_k)
    macs = None if row.gmacs is None else 1e9 * row.gmacs
    return System(
        name=row.model,
        model=row.model,
        kind="published",
        family=BASELINE_FAMILY if row.model == BICUBIC else None,
        scale=row.scale,
        data=row.dataset,
        psnr_y_db=row.psnr_db,
        ssim_y=row.ssim,
        params=params if printed or counted is None else counted.params,
        macs=macs if printed or counted is None else float(counted.macs),
        macs_counted=None if counted is None else float(counted.macs),
        source="published",
        convention=row.convention if row.gmacs is not None else None,
        origin=row.source,
    )


def published_systems(
    scale: int | None, datasets: Sequence[str], models: Sequence[str] = ()
) -> tuple[list[System], list[str]]:
    """The published models of a scale (None: of all) on some data sets, bicubic too.

    Without a choice of models, those of more than `DRAWN_UP_TO_GMACS` are left out, since they
    would take a third of any axis: they are returned in words.

    Raises:
        ValueError: a data set or a model is unknown.
    """
    wanted_data = [dataset_named(name) for name in datasets]
    wanted = set(named_models(models))
    found = [
        system_of_published(row)
        for row in published_results()
        if scale in (None, row.scale) and row.dataset in wanted_data
    ]
    if wanted:
        return [system for system in found if system.name in wanted], []
    costly = [it for it in found if (it.macs or 0) > 1e9 * DRAWN_UP_TO_GMACS]
    kept = [system for system in found if system not in costly]
    words = [f"{it.name} ({(it.macs or 0) / 1e9:,.0f} GMACs)" for it in costly]
    return kept, list(dict.fromkeys(words))


def counted_alike(system: System) -> System:
    """The row with the MACs and parameters that this project counts, where it has the network."""
    if system.macs_counted is None or system.macs_counted == system.macs:
        return system
    return replace(system, macs=system.macs_counted, convention=None)


def frame_of(systems: Sequence[System]) -> pd.DataFrame:
    """The rows as a tidy table: their columns, then one `config.` column per hyperparameter."""
    return typed_frame(systems, COLUMNS)


def systems_of(frame: pd.DataFrame) -> list[System]:
    """The rows of a table: of `frame_of`, or of the trials of a run.

    Columns that are missing are unknown; a name that is missing is that of the trial.

    Raises:
        ValueError: a value has the wrong type or is not finite.
    """
    present = [column for column in COLUMNS if column.name in frame.columns]
    rows = []
    for position in range(len(frame)):
        line = frame.iloc[position]
        values = {column.name: _plain(line[column.name], column) for column in present}
        known = {name: value for name, value in values.items() if value is not None}
        trial = known.get("trial")
        name = "bicubic" if known.get("family") == BASELINE_FAMILY else f"#{trial}"
        kind = "published" if known.get("source") == "published" else "trial"
        defaults = {"name": name if trial is not None or name[0] != "#" else "?", "kind": kind}
        rows.append(System(**{**defaults, **known}))  # type: ignore[arg-type]  # checked there
    return rows


def _plain(value: object, column: Column) -> object:
    """A value of a table as a plain one; None where it is missing."""
    if pd.isna(value):  # type: ignore[call-overload]  # a single value of a table
        return None
    if column.kind is float:
        return float(value)  # type: ignore[arg-type]
    return int(value) if column.kind is int else str(value)  # type: ignore[call-overload]


def same_values(systems: Sequence[System], name: str) -> list[object]:
    """The known values of a column, each once, in their order."""
    return list(dict.fromkeys(v for it in systems if (v := getattr(it, name)) is not None))
