"""Runs side by side: their fronts, and their hypervolumes from one reference point."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation.documents import read_json
from imaging.image_sets import IMAGES_FILE
from paretosr.results import Result, Table
from reports.papers.run_groups import GroupDifference, RunGroup, RunVolume, differences
from reports.records import TrialRecord
from reports.run_report import default_reference, run_hypervolume
from reports.run_settings import RunSettings
from search.report import phase_seconds, run_settings
from search.storage.study import RunContents, read_run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from paretosr.runs import Run

# What does not make another search of a run: how many trials at a time, and its seed.
_OF_A_SEED = frozenset({"seed", "workers"})


@dataclass(frozen=True, repr=False)
class RunComparison(Result):
    """Runs of one task, those that differ only in their seed together.

    Example:
        >>> import paretosr as psr
        >>> psr.compare_runs(["runs/tpe-0", "runs/random-0"])  # doctest: +SKIP

    Attributes:
        objectives: what the fronts are of.
        reference: the point from which all hypervolumes are measured: bicubic's qualities, and of
            each cost 1.1 times the largest of any run.
        groups: runs that differ only in their seed, in the order in which they were given.
        pairs: how each two groups differ.
        note: how latencies of different moments were made comparable; empty if they need not be.
    """

    objectives: tuple[str, ...]
    reference: Mapping[str, float]
    groups: tuple[RunGroup, ...]
    pairs: tuple[GroupDifference, ...]
    note: str
    settings: RunSettings
    records: Mapping[str, tuple[TrialRecord, ...]] = field(default_factory=dict)
    """Bicubic and the trials of each run, by its directory."""

    def plot(self, *, width: str | float = "page", style: str | Path | None = None) -> "Figure":
        """Return a figure: the fronts of all runs, and the hypervolumes of each group.

        `width` is "column" (3.4 inches), "page" (7) or inches; `style` a style sheet of Matplotlib.

        Raises:
            ValueError: such a width is impossible, or there is no such style sheet.
        """
        from reports.figures.paper.run_groups import comparison_figure

        return comparison_figure(self.groups, self.records, self.settings, width, style)

    def to_dict(self) -> Mapping[str, object]:
        return {
            "objectives": list(self.objectives),
            "reference": dict(self.reference),
            "groups": [
                {
                    "label": group.label,
                    "runs": [asdict(run) for run in group.runs],
                    "median": group.median,
                    "quartiles": list(group.quartiles),
                }
                for group in self.groups
            ],
            "differences": [asdict(pair) for pair in self.pairs],
        }

    def tables(self) -> Sequence[Table]:
        return tuple(self._tables())

    def _tables(self) -> Iterator[Table]:
        runs = tuple(
            (
                group.label,
                run.run,
                str(run.seed),
                str(run.trained),
                "" if run.best_psnr_y_db is None else f"{run.best_psnr_y_db:.2f}",
                f"{run.hypervolume:.4g}",
                f"{run.minutes:.1f}",
            )
            for group in self.groups
            for run in group.runs
        )
        headings = ("group", "run", "seed", "trained", "best PSNR (dB)", "hypervolume", "minutes")
        yield Table(headings, runs, frozenset(headings[2:]), "Runs")
        if len(runs) > len(self.groups):
            seeds = tuple(
                (
                    group.label,
                    str(len(group.runs)),
                    f"{group.median:.4g}",
                    "{:.4g} to {:.4g}".format(*group.quartiles),
                )
                for group in self.groups
            )
            numeric = frozenset({"seeds", "median hypervolume", "quartiles"})
            heads = ("group", "seeds", "median hypervolume", "quartiles")
            yield Table(heads, seeds, numeric, "Seeds")
        if self.pairs:
            pairs = tuple(
                (pair.first, pair.second, f"{pair.difference:+.4g}", pair.verdict)
                for pair in self.pairs
            )
            heads = ("group", "and", "difference of medians", "verdict")
            yield Table(heads, pairs, frozenset({"difference of medians"}), "Differences")

    def sentences(self) -> Sequence[str]:
        bounds = ", ".join(f"{name} {value:.6g}" for name, value in self.reference.items())
        settings = self.settings
        return [
            f"Hypervolumes are measured from {bounds}.",
            f"x{settings.scale}, trained on {settings.training_name}, validated on "
            f"{settings.validation_name}; {settings.target}.",
            *([self.note] if self.note else []),
        ]


def compare_runs(runs: "Sequence[str | Path | Run]") -> RunComparison:
    """Return runs of one task side by side: fronts, hypervolumes, and which differ beyond noise.

    Runs whose configs differ only in the seed are a group, with median and quartiles; one that
    began with an earlier run is in another group. Two groups are told apart by an exact permutation
    test, for all pairs together; too few seeds are said to be too few. Latencies of several moments
    are made comparable: each ratio to the reference network is turned into milliseconds by the
    first run's time of that network.

    Args:
        runs: run directories, or runs: two or more.

    Raises:
        ValueError: fewer than two runs, one is given twice or has no trained network to choose a
            reference point by, or they differ in scale, objectives, validation images or target.

    Examples:
        >>> import paretosr as psr
        >>> psr.compare_runs(["runs/tpe-0", "runs/tpe-1"]).groups  # doctest: +SKIP
    """
    folders = [Path(run) if isinstance(run, str | Path) else run.path for run in runs]
    if len(folders) < 2:
        raise ValueError(f"two runs or more are compared, got {len(folders)}")
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise ValueError("each run must be given once")
    contents = {str(folder): read_run(folder) for folder in folders}
    settings = {name: run_settings(run.settings) for name, run in contents.items()}
    _check_alike(settings)
    first = next(iter(settings.values()))
    records, note = _comparable_records(contents, first)
    reference = default_reference(
        [it for rows in records.values() for it in rows], first.objectives
    )
    if reference is None:
        raise ValueError("none of these runs has a trained network, so that nothing compares yet")
    groups = _groups(contents, records, reference, settings)
    return RunComparison(
        first.objectives, reference, groups, differences(groups), note, first, records
    )


def _check_alike(settings: Mapping[str, RunSettings]) -> None:
    """Check what must agree, lest hypervolumes be of different tasks.

    Raises:
        ValueError: two runs differ in it.
    """
    name, first = next(iter(settings.items()))
    for other, own in settings.items():
        for what in ("scale", "objectives", "target"):
            if (expected := getattr(first, what)) != (got := getattr(own, what)):
                raise ValueError(
                    f"runs are compared on one task, but the {what} of {name} and {other} differ: "
                    f"{_shown(expected)} and {_shown(got)}"
                )
        digests = [_validation_digests(Path(run)) for run in (name, other)]
        is_known = None not in digests
        if digests[0] != digests[1] if is_known else first.validation_name != own.validation_name:
            raise ValueError(
                f"runs are compared on one task, but {name} and {other} were validated on other "
                f"images: {first.validation_data} and {own.validation_data}"
            )


def _validation_digests(run: Path) -> object:
    """Of the images that a run was validated on; None in runs of earlier versions."""
    file = run / IMAGES_FILE
    document = read_json(file) if file.exists() else None
    return document.get("validation") if isinstance(document, Mapping) else None


def _comparable_records(
    contents: Mapping[str, RunContents], settings: RunSettings
) -> tuple[dict[str, tuple[TrialRecord, ...]], str]:
    """Bicubic and the trials of each run, latencies in units of the first run's reference time."""
    rows = {
        name: run.records if run.baseline is None else (run.baseline, *run.records)
        for name, run in contents.items()
    }
    calibrations: list[Any] = [run.settings.get("calibration") or {} for run in contents.values()]
    times_ms: list[Any] = [calibration.get("reference_ms") for calibration in calibrations]
    several = any(run.settings.get("other_calibrations") for run in contents.values())
    if "latency_ms" not in settings.objectives or None in times_ms or len(set(times_ms)) == 1:
        return rows, ""
    if several:
        return rows, (
            "Latencies are as measured, each at the time of its run: with several targets or "
            "precisions there is no one reference time."
        )
    reference_ms = float(times_ms[0])
    return (
        {name: tuple(_in_units_of(reference_ms, it) for it in own) for name, own in rows.items()},
        f"Latencies are ratios to the reference network, times the {reference_ms:.4g} ms that it "
        "took when the first run was measured.",
    )


def _in_units_of(reference_ms: float, record: TrialRecord) -> TrialRecord:
    ratio, latency_ms = record.latency_ratio, record.latency_ms
    if ratio is None or not latency_ms:
        return record
    factor = ratio * reference_ms / latency_ms
    low, high = record.latency_ci_low_ms, record.latency_ci_high_ms
    return replace(
        record,
        latency_ms=ratio * reference_ms,
        latency_ci_low_ms=None if low is None else low * factor,
        latency_ci_high_ms=None if high is None else high * factor,
    )


def _groups(
    contents: Mapping[str, RunContents],
    records: Mapping[str, Sequence[TrialRecord]],
    reference: Mapping[str, float],
    settings: Mapping[str, RunSettings],
) -> tuple[RunGroup, ...]:
    configs = {name: _what_decides(run.settings) for name, run in contents.items()}
    members: dict[tuple[tuple[str, str], ...], list[str]] = {}
    for name, config in configs.items():
        members.setdefault(tuple(sorted(config.items())), []).append(name)
    labels = _labels([dict(key) for key in members])
    return tuple(
        RunGroup(
            label,
            tuple(_volume(name, records[name], reference, settings[name]) for name in names),
        )
        for label, names in zip(labels, members.values(), strict=True)
    )


def _labels(configs: Sequence[Mapping[str, str]]) -> list[str]:
    """What differs between configs, as the name of each."""
    keys = list(dict.fromkeys(key for config in configs for key in config))
    varied = [key for key in keys if len({config.get(key) for config in configs}) > 1]
    if not varied:
        return ["all runs"]
    # Most runs differ in one thing; of many, the first tell enough.
    named = varied[:3]
    labels = [
        ", ".join(
            f"{key.rpartition('.')[2]} {config.get(key, 'none')}"
            for key in named
            if not _is_said_otherwise(key, config)
        )
        for config in configs
    ]
    repeated = len(set(labels)) < len(labels)
    return [f"{label} ({place})" if repeated else label for place, label in enumerate(labels, 1)]


def _is_said_otherwise(key: str, config: Mapping[str, str]) -> bool:
    """Whether a config has settings of what another has a single value for, or the other way."""
    return key not in config and any(
        other.startswith(f"{key}.") or key.startswith(f"{other}.") for other in config
    )


def _volume(
    run: str,
    records: Sequence[TrialRecord],
    reference: Mapping[str, float],
    settings: RunSettings,
) -> RunVolume:
    volume = run_hypervolume(records, replace(settings, reference=reference))
    networks = [it for it in records if it.state == "trained" and not it.is_baseline]
    qualities = [it.psnr_y_db for it in networks if it.psnr_y_db is not None]
    return RunVolume(
        run,
        settings.seed,
        len(networks),
        0.0 if volume is None else volume.volume,
        max(qualities, default=None),
        sum(phase_seconds(tuple(records)).values()) / 60,
    )


def _what_decides(settings: Mapping[str, Any]) -> dict[str, str]:
    """The config, but for a seed alone, and how many earlier runs the run began with."""
    began_with = settings.get("warm_start", ())
    counted = {"warm_start": str(len(began_with))} if began_with else {}
    return {**dict(_leaves(settings["config"])), **counted}


def _leaves(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The settings of a config by their dotted names, without those of a seed alone."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            if name or key not in _OF_A_SEED:
                yield from _leaves(part, f"{name}.{key}" if name else str(key))
    else:
        yield name, str(value)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
