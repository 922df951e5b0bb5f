"""The files of a run that can be rebuilt from its records: tables and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from reports.block_kinds import bands, write_bands
from reports.compression.compressed import CompressedNetwork
from reports.compression.networks import compared_networks, write_compression
from reports.figures.compression import compression_figure
from reports.figures.fronts import pareto_figure, psnr_vs_gmacs_figure, save_figure
from reports.pareto import comparable, front, hypervolume, oriented
from reports.records import TrialRecord, objective
from reports.run_settings import RunSettings as RunSettings
from reports.tables import write_csv

_REFERENCE_MARGIN = 1.1


@dataclass(frozen=True)
class ReportPaths:
    """Where a run's tables and figures stand."""

    trials_csv: Path
    front_csv: Path
    pareto_png: Path
    psnr_vs_gmacs_png: Path
    block_kinds_csv: Path | None = None
    """Only of a run that trained networks with several kinds of SplitSR's blocks."""
    compression_csv: Path | None = None
    """Only of a run with networks in several precisions, pruned or distilled, as the next."""
    compression_png: Path | None = None
    report_html: Path | None = None
    """The page of the run; None until `reports.page` has written it, as the next."""
    report_json: Path | None = None
    families_csv: Path | None = None
    """None before a network was proposed."""
    curves_csv: Path | None = None
    """Only of a run with a ladder."""


@dataclass(frozen=True)
class RunHypervolume:
    """The volume that a run's front dominates, and the point it is measured from."""

    volume: float
    """The product of the objectives' units, such as dB x ms."""
    reference: Mapping[str, float]

    def __str__(self) -> str:
        """One line for people, with the reference point."""
        bounds = ", ".join(
            f"{name} {'below' if objective(name).direction == 'minimise' else 'above'} {value:.6g}"
            for name, value in self.reference.items()
        )
        return f"hypervolume {self.volume:.4g} ({bounds})"


def write_report(
    run_dir: Path,
    records: Sequence[TrialRecord],
    settings: RunSettings,
    compressed: Sequence[CompressedNetwork] = (),
) -> ReportPaths:
    """Write or replace the tables and figures of a run, each file wholly or not at all.

    `front.csv` holds the non-dominated records only, so bicubic just where it is one of them.
    `compressed` are compared with the networks that they come from.

    Raises:
        ValueError: an unknown objective.
        OSError: the folder cannot be written.
    """
    found, compared = bands(records), compared_networks(records, compressed)
    paths = ReportPaths(
        trials_csv=run_dir / "trials.csv",
        front_csv=run_dir / "front.csv",
        pareto_png=run_dir / "pareto.png",
        psnr_vs_gmacs_png=run_dir / "psnr_vs_gmacs.png",
        block_kinds_csv=run_dir / "block_kinds.csv" if found else None,
        compression_csv=run_dir / "compression.csv" if compared else None,
        compression_png=run_dir / "compression.png" if compared else None,
    )
    write_csv(paths.trials_csv, records)
    write_csv(paths.front_csv, front(records, settings.objectives))
    if paths.block_kinds_csv is not None:
        write_bands(paths.block_kinds_csv, found)
    if paths.compression_csv is not None and paths.compression_png is not None:
        write_compression(paths.compression_csv, compared)
        save_figure(compression_figure(compared, settings), paths.compression_png)
    save_figure(pareto_figure(records, settings), paths.pareto_png)
    save_figure(psnr_vs_gmacs_figure(records, settings), paths.psnr_vs_gmacs_png)
    return paths


def default_reference(
    records: Sequence[TrialRecord], objectives: Sequence[str]
) -> dict[str, float] | None:
    """A reference point for the hypervolume of a run; None if no network can be compared.

    For a cost it is 1.1 times the worst among the trained networks. For a quality it is that
    of bicubic, which every useful network exceeds, or without bicubic the worst of them.

    Raises:
        ValueError: an unknown objective.
    """
    networks = [record for record in comparable(records, objectives) if not record.is_baseline]
    if not networks:
        return None
    baseline = next((record for record in records if record.is_baseline), None)
    reference = {}
    for name in objectives:
        values = [float(getattr(record, name)) for record in networks]
        if objective(name).direction == "minimise":
            reference[name] = max(values) * _REFERENCE_MARGIN
        else:
            known = None if baseline is None else getattr(baseline, name)
            reference[name] = min(values) if known is None else float(known)
    return reference


def run_hypervolume(records: Sequence[TrialRecord], settings: RunSettings) -> RunHypervolume | None:
    """The hypervolume of a run from its settings' reference point, or else the default one.

    Two runs compare only if they are measured from the same point. None if there is neither
    a reference point nor a network to choose one by.

    Raises:
        ValueError: an unknown objective, or one that the settings' reference lacks.
    """
    names = settings.objectives
    reference = settings.reference or default_reference(records, names)
    if reference is None:
        return None
    if missing := [name for name in names if name not in reference]:
        raise ValueError(f"the reference point needs a number for {', '.join(missing)}")
    signs = [1.0 if objective(name).direction == "minimise" else -1.0 for name in names]
    bound = np.array([reference[name] for name in names]) * signs
    volume = hypervolume(oriented(comparable(records, names), names), bound)
    return RunHypervolume(volume, {name: reference[name] for name in names})
