"""A table of what networks gave after how many steps of training, as a folder holds it."""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from blocks.networks.registry import NetworkConfig, parse_network_config
from profilers.runtimes.targets import Target
from search.allocation.state import Structure

ARCHITECTURES, TRAININGS, LATENCY = "architectures.csv", "trainings.csv", "latency.csv"
BASELINE = "bicubic.csv"
SEED = 0
"""Of the trainings that are replayed; that of the search is another."""
_LATENCIES = ["latency_ms", "latency_ci_low_ms", "latency_ci_high_ms", "latency_ratio"]
_NUMBERS: Mapping[str, Sequence[str]] = {
    ARCHITECTURES: ["params", "macs", "activation_mib"],
    TRAININGS: ["seed", "steps", "steps_made", "psnr_y_db", "ssim_y", "train_seconds"],
    LATENCY: _LATENCIES,
    BASELINE: ["psnr_y_db"],
}
"""The columns of each file that must hold a number in every line."""
_ABOVE_0 = frozenset({"params", "macs", "steps", "steps_made", "latency_ms", "latency_ratio"})


@dataclass(frozen=True)
class Rung:
    """What a training gave at a rung."""

    psnr_y_db: float
    ssim_y: float


@dataclass(frozen=True)
class Latency:
    """What a network takes on a target: the medians over its measurements."""

    latency_ms: float
    latency_ci_low_ms: float
    latency_ci_high_ms: float
    latency_ratio: float


@dataclass(frozen=True)
class Row:
    """One network of the table."""

    config: NetworkConfig
    params: int
    macs: int
    activation_mib: float
    structure: Structure
    rungs: Mapping[int, Rung]
    """By steps."""
    seconds_per_step: float
    """The median over its rungs; how busy the machine was is in it."""
    latencies: Mapping[str, Latency]
    """By target, written out in full."""


@dataclass(frozen=True)
class ReplayTable:
    """The networks of a table whose training has reached every rung."""

    path: Path
    rows: Mapping[str, Row]
    """By arch_id."""
    bicubic_db: float | None
    """The PSNR of enlarging without a network on the same images; None if the table lacks it."""

    @classmethod
    def load(cls, folder: Path) -> "ReplayTable":
        """The table in a folder: architectures.csv and trainings.csv, and latency.csv if it is
        there.

        Raises:
            ValueError: a file is missing or no such table, or no training is complete.
        """
        try:
            architectures, trainings = (_read(folder, name) for name in (ARCHITECTURES, TRAININGS))
            measured = _measured(folder) if (folder / LATENCY).exists() else None
            rows = _rows(architectures, trainings, measured)
            bicubic_db = None
            if (folder / BASELINE).exists():
                bicubic_db = float(_read(folder, BASELINE)["psnr_y_db"].iloc[0])
        except (KeyError, TypeError, IndexError, json.JSONDecodeError) as error:
            raise ValueError(
                f"{folder} must hold a replay table as benchmarks/tabular/README.md describes it, "
                f"but {error} is missing or malformed"
            ) from error
        if not rows:
            raise ValueError(
                f"{folder} must hold trainings of seed {SEED} that have reached every rung, but "
                "has none: train more of it"
            )
        return cls(folder, rows, bicubic_db)

    def of(self, arch_ids: Collection[str]) -> "ReplayTable":
        """The table of some of its networks."""
        return replace(self, rows={it: row for it, row in self.rows.items() if it in arch_ids})

    @property
    def steps(self) -> tuple[int, ...]:
        """The rungs of every training, ascending."""
        return tuple(sorted(next(iter(self.rows.values())).rungs))

    @property
    def families(self) -> frozenset[str]:
        return frozenset(row.config.family for row in self.rows.values())


def _read(folder: Path, name: str) -> pd.DataFrame:
    path = folder / name
    if not path.is_file():
        raise ValueError(
            f"a replay table must hold {name}, but {folder} does not: give the folder of a table "
            "such as benchmarks/tabular"
        )
    try:
        frame = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} must be a CSV file: {error}") from error
    for column in _NUMBERS[name]:
        numbers = pd.to_numeric(frame[column], errors="coerce")
        is_right = np.isfinite(numbers) & ((numbers > 0) | (column not in _ABOVE_0))
        if not is_right.all():
            line = int(np.argmin(is_right))
            above = " above 0" if column in _ABOVE_0 else ""
            raise ValueError(
                f"{path} line {line + 2} must have a finite {column}{above}, got "
                f"{frame[column][line]}: mend or remove the line"
            )
    return frame


def _measured(folder: Path) -> pd.DataFrame:
    """The latencies, with their targets written out in full."""
    measured = _read(folder, LATENCY)
    try:
        full = {name: str(Target.parse(name)) for name in measured["target"].unique()}
    except ValueError as error:
        raise ValueError(f"{folder / LATENCY}: {error}") from error
    return measured.assign(target=measured["target"].map(full))


def _rows(
    architectures: pd.DataFrame, trainings: pd.DataFrame, measured: pd.DataFrame | None
) -> dict[str, Row]:
    curves = trainings[trainings["seed"] == SEED]
    rungs = set(curves["steps"])
    by_arch_id = dict(iter(curves.groupby("arch_id")))
    latencies = _latencies(measured)
    rows = {}
    for values in architectures.to_dict("records"):
        arch_id = str(values["arch_id"])
        curve = by_arch_id.get(arch_id)
        if curve is None or set(curve["steps"]) != rungs:
            continue
        config = parse_network_config(json.loads(values["config"]), arch_id)
        if config.arch_id != arch_id:
            raise ValueError(f"{arch_id} must be the id of its config, which is {config.arch_id}")
        rows[arch_id] = Row(
            config,
            int(values["params"]),
            int(values["macs"]),
            float(values["activation_mib"]),
            _structure(values),
            {
                int(steps): Rung(float(psnr_y_db), float(ssim_y))
                for steps, psnr_y_db, ssim_y in zip(
                    curve["steps"], curve["psnr_y_db"], curve["ssim_y"], strict=True
                )
            },
            float(np.median(curve["train_seconds"] / curve["steps_made"])),
            latencies.get(arch_id, {}),
        )
    return rows


def _structure(values: Mapping[Any, Any]) -> Structure:
    """The structure in a row, in which nothing stands for what is not known."""
    known = {name: None if pd.isna(it) else it for name, it in values.items()}

    def whole(name: str) -> int | None:
        value = known[name]
        return None if value is None else int(value)

    return Structure(
        str(known["family"]),
        int(values["macs"]),
        whole("width"),
        whole("convolutions"),
        known["dense_equivalent_depth"],
        whole("receptive_field_radius_px"),
        known["convolution_radius_px"],
        whole("activations"),
    )


def _latencies(measured: pd.DataFrame | None) -> dict[str, dict[str, Latency]]:
    """By arch_id and target."""
    found: dict[str, dict[str, Latency]] = {}
    if measured is not None:
        medians = measured.groupby(["arch_id", "target"])[_LATENCIES].median().reset_index()
        for row in medians.to_dict("records"):
            latency = Latency(*(float(row[name]) for name in _LATENCIES))
            found.setdefault(str(row["arch_id"]), {})[str(row["target"])] = latency
    return found
