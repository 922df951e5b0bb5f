"""Every family after a short training: each runtime's own images, and int8 on three engines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from compression_int8 import (
    ENGINES,
    Facts,
    facts_file,
    quantised,
    target_of,
    timed,
    times_text,
    write_facts,
)
from compression_workplace import DESIGNS, Workplace, table

import paretosr
from blocks import parse_network_config
from foundation import one_line, write_text_atomically
from profilers import ProfilingFailed

PART = "families"
STEPS = 50
RUNTIMES = ("eager", "compile", "onnxruntime", "openvino", "xnnpack")
MOST_DIFFERENT_DB = 0.005

_FSRCNN: Mapping[str, object] = MappingProxyType(
    {"family": "fsrcnn", "scale": 2, "channels": 32, "design": "rgb"}
)
FAMILY_DESIGNS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        **DESIGNS,
        "hybrid": {"family": "hybrid", "scale": 2, "channels": 24, "groups": ["split", "experts"]},
        "fsrcnn": _FSRCNN,
        "edsr": {"family": "edsr", "scale": 2, "channels": 32, "blocks": 4},
        "carn": {"family": "carn", "scale": 2, "channels": 32},
        "msrresnet": {"family": "msrresnet", "scale": 2, "channels": 32, "blocks": 4},
        "rcan": {"family": "rcan", "scale": 2, "channels": 32, "groups": 2, "blocks": 2},
        "safmn": {"family": "safmn", "scale": 2, "channels": 24, "blocks": 4},
        "span": {"family": "span", "scale": 2, "channels": 24, "blocks": 4},
        "classsr": {
            "family": "classsr", "scale": 2, "classifier_channels": 32,
            "branches": [{"family": "interpolation", "scale": 2}, dict(_FSRCNN)],
        },
    }
)  # fmt: skip
"""One small network of each family."""


@dataclass(frozen=True)
class FamilyRow:
    """What one network gives on one target: a runtime in float32, or an engine in 8 bits."""

    network: str
    target: str
    psnr_y_db: float
    """By PyTorch, of the bundled validation photographs."""
    facts: Mapping[str, Any]
    """What is kept of the target: `refusal` alone, or `target_psnr_y_db` and all else."""

    @property
    def difference_db(self) -> float:
        """What the target's own program gives more."""
        return float(self.facts["target_psnr_y_db"] - self.psnr_y_db)

    @property
    def as_csv(self) -> dict[str, object]:
        """Values by column."""
        known = {"part": PART, "network": self.network, "kind": self.target, "steps": STEPS}
        return {**known, "psnr_y_db": self.psnr_y_db, **self.facts}


def rows(place: Workplace) -> list[FamilyRow]:
    """Every family on every runtime, then in 8 bits on every engine."""
    found = []
    for name in FAMILY_DESIGNS:
        model = trained(place, name)
        psnr_y_db = in_pytorch(place, name, model)
        for target in (*RUNTIMES, *map(target_of, ENGINES)):
            facts = kept(place, name, target, model)
            found.append(FamilyRow(name, target, psnr_y_db, facts))
    return found


def trained(place: Workplace, name: str) -> Path:
    config = parse_network_config(dict(FAMILY_DESIGNS[name]), name)
    return place.trained(f"{PART}/{name}", config, seed=0, steps=STEPS)


def in_pytorch(place: Workplace, name: str, model: Path) -> float:
    file = place.work / PART / f"{name}.json"
    if not file.exists():
        place.listener.status(f"evaluating {name}")
        psnr_y_db = paretosr.evaluate(model).psnr_y_db
        write_text_atomically(file, json.dumps({"psnr_y_db": psnr_y_db}))
    return float(json.loads(file.read_text("utf-8"))["psnr_y_db"])


def kept(place: Workplace, name: str, target: str, model: Path) -> Facts:
    """What is known of a network on a target, found out where it is missing."""
    folder = (
        place.work / PART / f"{name}-{target.partition(':')[0]}{'-int8' if ':' in target else ''}"
    )
    file = facts_file(folder)
    if not file.exists():
        write_facts(folder, found_out(place, target, model, folder))
    facts: Facts = json.loads(file.read_text("utf-8"))
    return facts


def found_out(place: Workplace, target: str, model: Path, folder: Path) -> Facts:
    facts: Facts = {}
    engine = next((it for it in ENGINES if target_of(it) == target), None)
    if engine is not None:
        facts = quantised(model, engine, folder, place)
        if "refusal" in facts:
            return facts
        speed = place.work / PART / "speed" / f"{folder.name}.json"
        facts |= timed(folder, speed, engine, place)
    place.listener.status(f"evaluating {folder.name}")
    try:
        there = paretosr.evaluate(model if engine is None else folder, target=target)
    except ProfilingFailed as error:
        return {"refusal": one_line(error)}
    return {**facts, "target_psnr_y_db": there.psnr_y_db}


def section(found: Sequence[FamilyRow], place: Workplace) -> list[str]:
    """The page's section."""
    cells = {(row.network, row.target): row for row in found}
    refused = [row for row in found if "refusal" in row.facts]
    worst = max(
        (row for row in found if row.target in RUNTIMES and row not in refused),
        key=lambda row: abs(row.difference_db),
    )
    verdict = "met" if abs(worst.difference_db) <= MOST_DIFFERENT_DB else "not met"
    engines = [target_of(engine) for engine in ENGINES]
    return [
        "## Every family on every runtime",
        "",
        f"One small network of each family, trained {STEPS} steps. PSNR of the bundled validation"
        " photographs by `evaluate`, and what `evaluate --target` gives more (dB).",
        "",
        *table(
            ("network", "PSNR (dB)", *RUNTIMES),
            [
                _of_runtimes([cells[name, runtime] for runtime in RUNTIMES])
                for name in FAMILY_DESIGNS
            ],
        ),
        "",
        f"The largest difference is {worst.difference_db:+.5f} dB, of {worst.network} on"
        f" {worst.target}; at most {MOST_DIFFERENT_DB} dB are allowed: {verdict}.",
        "",
        "## Every family in 8 bits",
        "",
        "The same networks: dB lost on the bundled validation photographs, how many times smaller"
        " the weight tensors are, and the time over float32's on the same engine. Short training"
        " makes these losses small; those of trained networks stand above.",
        "",
        *table(
            (
                "network",
                *(f"{it}: {what}" for it in ENGINES for what in ("lost", "smaller", "time")),
            ),
            [
                (name, *(text for target in engines for text in _in_8_bits(cells[name, target])))
                for name in FAMILY_DESIGNS
            ],
        ),
        "",
        *(f"- {row.network} on {row.target}: {row.facts['refusal']}" for row in refused),
        "",
    ]


def _of_runtimes(same: Sequence[FamilyRow]) -> Sequence[str]:
    return same[0].network, f"{same[0].psnr_y_db:.2f}", *map(_difference, same)


def _difference(row: FamilyRow) -> str:
    return "refused" if "refusal" in row.facts else f"{round(row.difference_db, 5) + 0.0:+.5f}"


def _in_8_bits(row: FamilyRow) -> Sequence[str]:
    if "refusal" in row.facts:
        return "refused", "", ""
    smaller = row.facts["float_weights_kib"] / row.facts["weights_kib"]
    return f"{-row.difference_db:.3f}", f"{smaller:.2f}", times_text(row.facts)
