"""What a search leaves in its run directory for the page, because it needs torch or Optuna."""

import csv
import io
import math
import re
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field

from foundation import FrozenConfig, parse_config, write_text_atomically
from foundation.documents import read_json

INSIGHTS_FILE = "insights.json"
CURVES_FILE = "curves.csv"
FAMILIES_FILE = "families.csv"
CROPS_FOLDER = "crops"
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST_CROP_BYTES = 1 << 20
_CROP_NAME = re.compile(r"[A-Za-z0-9-]+\.png")

_Share = Annotated[float, Field(ge=0, le=1)]
_Number = Annotated[int, Field(ge=0)]


class Importance(FrozenConfig):
    """How much each hyperparameter of a family decides whether an objective comes out well."""

    family: str
    objective: str
    trials: _Number
    """Trained networks of the family."""
    needed: _Number
    """So many make shares; with fewer there are none."""
    shares: dict[str, _Share] = Field(default_factory=dict)
    """Of 1, by hyperparameter, the greatest first."""


class MacsRow(FrozenConfig):
    """What all calls of one operator, or of one part of a network, cost."""

    name: str
    calls: _Number
    macs: _Number


class Ledger(FrozenConfig):
    """Where the MACs of one network are spent, on its costliest path."""

    trial: _Number
    operators: tuple[MacsRow, ...]
    """The costliest first."""
    parts: tuple[MacsRow, ...] = ()
    """The network's own modules, in their order, each with all that it calls."""


class PredictedLatency(FrozenConfig):
    """What the run's calibration predicts of a network that was measured as well."""

    trial: _Number
    latency_ms: float
    ci_low_ms: float
    ci_high_ms: float


class Crop(FrozenConfig):
    """A cut-out of a restored image."""

    label: str
    """"bicubic", "original", or the id of an architecture."""
    trial: _Number | None = None
    file: str
    """In the folder of crops."""
    psnr_y_db: float | None = None
    """Of the cut-out; None of the original, and where it is restored exactly."""


class Strip(FrozenConfig):
    """One place of a validation image, as each candidate restores it."""

    image: str
    left_px: _Number
    top_px: _Number
    side_px: Annotated[int, Field(ge=1)]
    crops: tuple[Crop, ...]


class Insights(FrozenConfig):
    """All of it; empty where nothing could be found out."""

    importance: tuple[Importance, ...] = ()
    ledgers: tuple[Ledger, ...] = ()
    predictions: tuple[PredictedLatency, ...] = ()
    coverage: _Share | None = None
    """The probability with which an interval of `predictions` is meant to hold the measurement."""
    strips: tuple[Strip, ...] = ()

    def write(self, run_dir: Path) -> None:
        """Replace what the run directory holds.

        Raises:
            OSError: the folder cannot be written.
        """
        write_text_atomically(run_dir / INSIGHTS_FILE, self.model_dump_json(indent=1) + "\n")


def read_insights(run_dir: Path) -> Insights | None:
    """What the search left, or None before it ended.

    Raises:
        ValueError: the file is not what a search writes.
    """
    path = run_dir / INSIGHTS_FILE
    if not path.is_file():
        return None
    return parse_config(Insights, read_json(path), str(path))


def crop_data_uri(run_dir: Path, name: str) -> str | None:
    """The image as the address of itself, which needs no file; None where it is missing.

    Raises:
        ValueError: the name or the file is none of a crop.
    """
    if not _CROP_NAME.fullmatch(name):
        raise ValueError(f"{run_dir / INSIGHTS_FILE}: a crop must be a PNG file, got {name!r}")
    path = run_dir / CROPS_FOLDER / name
    if not path.is_file():
        return None
    if path.stat().st_size > _LARGEST_CROP_BYTES:
        raise ValueError(f"{path} must be a small PNG file, got {path.stat().st_size} bytes")
    content = path.read_bytes()
    if not content.startswith(_PNG):
        raise ValueError(f"{path} must be a PNG file, but is none: remove it")
    return f"data:image/png;base64,{b64encode(content).decode()}"


def read_families(run_dir: Path) -> list[dict[str, str | int | None]]:
    """What became of the networks of each family that were proposed, as families.csv has it.

    Raises:
        ValueError: the file is not what a search writes.
    """
    path = run_dir / FAMILIES_FILE
    if not path.is_file():
        return []
    found: list[dict[str, str | int | None]] = []
    for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
        family, *counts = row.items()
        try:
            known = {name: int(float(count)) if count else None for name, count in counts}
        except (TypeError, ValueError, OverflowError) as error:
            raise ValueError(
                f"{path} must hold counts by family, got {list(row.values())}: remove the file, "
                "and paretosr report writes it again"
            ) from error
        found.append({family[0]: family[1], **known})
    return found


def read_curves(run_dir: Path) -> Mapping[int, list[tuple[int, float]]]:
    """PSNR (dB) after so many steps by trial, as far as a training was judged on its way.

    Raises:
        ValueError: the file is not what a search writes.
    """
    path = run_dir / CURVES_FILE
    if not path.is_file():
        return {}
    curves: dict[int, list[tuple[int, float]]] = {}
    rows = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    for place, row in enumerate(rows, start=2):
        try:
            trial, steps, psnr_db = int(row["trial"]), int(row["steps"]), float(row["psnr_y_db"])
        except (KeyError, TypeError, ValueError):
            psnr_db = math.nan
        if not math.isfinite(psnr_db):
            raise ValueError(
                f"{path} line {place} must hold a trial, its steps and a finite psnr_y_db: remove "
                "the file, and the page has no learning curves"
            )
        curves.setdefault(trial, []).append((steps, psnr_db))
    return {trial: sorted(points) for trial, points in sorted(curves.items())}
