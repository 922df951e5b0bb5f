"""What the parts of benchmarks/compression.py share: parents, trainings and their quality.

Everything is kept in one folder, so that a call that was interrupted is continued by the same
one: a training goes on from its checkpoint, and a quality is read where it stands beside one.
"""

import json
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import paretosr
from blocks import load_checkpoint, parse_network_config
from blocks.checkpoints import weights_digest
from blocks.networks.registry import NetworkConfig
from blocks.variants.registry import export_variant
from compressors.inheritance import parameters_of
from foundation import write_text_atomically
from foundation.listener import Listener
from training.state import MODEL_FILE

PARENT_STEPS = 4000
STEPS = 400
RECIPE = "quick"
SETS = ("Set5", "Set14", "B100")

DESIGNS: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "splitsr": {
            "family": "splitsr", "scale": 2, "channels": 32, "groups": 1, "blocks": 4,
            "active_channels": 8, "hybrid_scope": "block", "hybrid_mode": "interleave",
            "hybrid_index": 2, "upsampler": "one_step", "image_skip": "bilinear",
        },
        "imdn": {"family": "imdn", "scale": 2, "channels": 32, "blocks": 4},
        "rlfn": {"family": "rlfn", "scale": 2, "channels": 24, "blocks": 4},
        "smsr": {"family": "smsr", "scale": 2, "channels": 32, "modules": 3, "layers": 3},
        "seemore": {
            "family": "seemore", "scale": 2, "channels": 24, "groups": 3, "image_skip": "bilinear",
        },
    }
)  # fmt: skip
"""The parents."""


class Record(Protocol):
    """A line of compression.csv."""

    @property
    def as_csv(self) -> dict[str, object]:
        """Values by column; every part may have columns of its own."""


@dataclass(frozen=True)
class Row:
    """One network and what it gives."""

    part: str
    """Of the benchmark."""
    network: str
    """Whose parent it is, or descends from."""
    kind: str
    """How it came about."""
    seed: int
    params: int
    steps: int
    psnr_y_db: Mapping[str, float]
    """By set of images."""

    @property
    def as_csv(self) -> dict[str, object]:
        """Values by column."""
        known = {"part": self.part, "network": self.network, "kind": self.kind, "seed": self.seed}
        sizes = {"params": self.params, "steps": self.steps}
        return {**known, **sizes, **{f"{it}_psnr_y_db": self.psnr_y_db[it] for it in SETS}}


@dataclass(frozen=True)
class Workplace:
    """Where the images are, and where everything is kept."""

    work: Path
    data: Path
    """The training images."""
    sets: Mapping[str, Path]
    seeds: Sequence[int]
    listener: Listener

    def design(self, name: str) -> NetworkConfig:
        """Of a parent."""
        return parse_network_config(dict(DESIGNS[name]), name)

    def parent(self, name: str, seed: int) -> Path:
        """The checkpoint of a trained parent."""
        return self.trained(
            f"parents/{name}-s{seed}", self.design(name), seed, PARENT_STEPS, precision="auto"
        )

    def trained(
        self, name: str, config: NetworkConfig, seed: int, steps: int = STEPS, **options: Any
    ) -> Path:
        """The checkpoint of a training from scratch in the folder `name`, made where missing.

        `options` are those of `paretosr.train`; unless they say otherwise it trains in float32, so
        that no two are compared in different formats.
        """
        model = self.work / name / MODEL_FILE
        if model.exists() and load_checkpoint(model).metadata.get("step") == str(steps):
            return model  # which `paretosr.train` would only judge once more
        design = self.work / "designs" / f"{config.arch_id}.json"
        if not design.exists():
            write_text_atomically(design, config.model_dump_json())
        self.listener.status(f"training {name}")
        training = paretosr.train(
            design,
            self.work / name,
            data=self.data,
            recipe=RECIPE,
            steps=steps,
            seed=seed,
            listener=self.listener,
            **{"precision": "float32", **options},
        )
        return training.checkpoint

    def row(self, part: str, network: str, kind: str, seed: int, steps: int, model: Path) -> Row:
        """What a checkpoint gives on every set, measured where it is not known."""
        config = load_checkpoint(model).config
        params, quality = parameters_of(config), self.quality(model)
        return Row(part, network, kind, seed, params, steps, quality)

    def quality(self, model: Path) -> Mapping[str, float]:
        """PSNR on Y by set of images."""
        checkpoint = load_checkpoint(model)
        file = model.with_name(f"{model.stem}-quality.json")
        digest = weights_digest(checkpoint.tensors)
        known = json.loads(file.read_text("utf-8")) if file.exists() else {}
        if known.get("weights") != digest:
            known = {"weights": digest}
        for name, folder in self.sets.items():
            if name not in known:
                self.listener.status(f"{name} by {model.parent.name}")
                variant = export_variant(checkpoint.config)
                known[name] = paretosr.evaluate(model, folder, variant=variant).psnr_y_db
                write_text_atomically(file, json.dumps(known))
        return {name: float(known[name]) for name in SETS}


def median_gain(
    rows: Iterable[Row], network: str, kind: str, other: str, images: str
) -> tuple[float, Sequence[float]]:
    """The median over the seeds of what `kind` gives more than `other` (dB), and each seed's."""
    found: dict[str, dict[int, float]] = {kind: {}, other: {}}
    for row in rows:
        if row.network == network and row.kind in found:
            found[row.kind][row.seed] = row.psnr_y_db[images]
    gains = [found[kind][seed] - found[other][seed] for seed in sorted(found[kind])]
    return statistics.median(gains), gains


def table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], left: int = 1
) -> Sequence[str]:
    """Lines of Markdown; the first `left` columns are text."""
    marks = ["---"] * left + ["--:"] * (len(headings) - left)
    return [f"| {' | '.join(map(str, line))} |" for line in (headings, marks, *rows)]


def kinds_table(rows: Sequence[Row], against: Callable[[Row], str | None]) -> Sequence[str]:
    """Each network and kind: its size, medians of its PSNR and of its gain over another kind."""
    order = dict.fromkeys((row.network, row.kind) for row in rows)
    lines = []
    for network, kind in order:
        same = [row for row in rows if (row.network, row.kind) == (network, kind)]
        medians = [statistics.median(row.psnr_y_db[name] for row in same) for name in SETS]
        other, gains = against(same[0]), [""] * len(SETS)
        if other is not None:
            differences = (median_gain(rows, network, kind, other, name)[0] for name in SETS)
            gains = [f"{difference:+.3f}" for difference in differences]
        steps = sorted({row.steps for row in same})
        spans = "-".join(f"{step:,}" for step in dict.fromkeys((steps[0], steps[-1])))
        lines.append(
            (network, kind, f"{same[0].params:,}", spans, *(f"{it:.2f}" for it in medians), *gains)
        )
    columns = [*SETS, *(f"{name}, gained" for name in SETS)]
    return table(("network", "kind", "parameters", "steps", *columns), lines, left=2)
