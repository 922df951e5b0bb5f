"""int8 on three engines: what the parents lose, how much smaller they are, and how fast."""

import json
import os
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch
from compression_promise import MOST_OFF_DB, PROMISED, promised_psnr_y_db
from compression_workplace import SETS, Workplace, table

import paretosr
from blocks import SuperResolutionNetwork, load_network
from blocks.programs.executorch_program import export_executorch
from blocks.programs.failure import ExportFailed
from compressors import QuantisationFailed, is_artefact, read_artefact
from compressors.artefacts import EngineName
from compressors.int8_xnnpack import LearnedPart
from compressors.onnx_layers import exported
from compressors.quantiser import KIB
from foundation import one_line, write_text_atomically
from paretosr.compressing.int8 import quantise
from profilers import (
    InstructionSet,
    LatencyMeter,
    ProfilingFailed,
    Subject,
    Target,
    describe_device,
)

PART = "int8"
NETWORKS = ("splitsr", "imdn", "rlfn", "smsr", "seemore")
ENGINES: Sequence[EngineName] = ("openvino", "onnxruntime", "xnnpack")
MOST_LOST_DB: Mapping[tuple[str, str], float] = MappingProxyType(
    {
        **{("splitsr", engine): 0.05 for engine in ENGINES},
        **{(name, "openvino"): 0.15 for name in ("imdn", "rlfn", "smsr")},
        **{(name, "onnxruntime"): 0.30 for name in ("imdn", "rlfn", "smsr")},
    }
)
"""By network and engine, what is asked for on Set5."""
PROMISED_BY: tuple[str, EngineName] = ("splitsr", "xnnpack")
LEAST_SMALLER = 3.5
ASKED_TO_BE_SMALLER = ("splitsr", "imdn")
HEADINGS = (
    *("network", "engine", *(f"{it} lost" for it in SETS), "weights (KiB)", "smaller"),
    *("files (KiB)", "time / float32", "schemes chosen"),
)
TIMED_LR = "90x160"
TIMED_SECONDS = 20.0

Facts = dict[str, Any]


@dataclass(frozen=True)
class Int8Row:
    """One parent in 8 bits on one engine, or why it is not."""

    network: str
    engine: EngineName
    seed: int
    float_psnr_y_db: Mapping[str, float]
    facts: Mapping[str, Any]
    """What is kept of it: `refusal` alone, or all else."""

    @property
    def loss_db(self) -> Mapping[str, float]:
        """By set of images, what float32 has more."""
        return {name: self.float_psnr_y_db[name] - self.facts[name] for name in SETS}

    @property
    def times_smaller(self) -> float:
        """Of the weight tensors."""
        return float(self.facts["float_weights_kib"] / self.facts["weights_kib"])

    @property
    def as_csv(self) -> dict[str, object]:
        """Values by column."""
        known = {"part": PART, "network": self.network, "kind": self.engine, "seed": self.seed}
        quality = {f"{it}_psnr_y_db": self.facts.get(it) for it in SETS}
        in_float = {f"{it}_float_psnr_y_db": self.float_psnr_y_db[it] for it in SETS}
        others = {key: value for key, value in self.facts.items() if key not in SETS}
        return {**known, **quality, **in_float, **others}


def rows(place: Workplace) -> list[Int8Row]:
    """Every parent on every engine; set by set, so that Set5 is known first."""
    wanted = [
        (name, engine, seed) for seed in place.seeds for name in NETWORKS for engine in ENGINES
    ]
    for images in SETS:
        for name, engine, seed in wanted:
            measure_quality(place, name, engine, seed, images)
    for seed in place.seeds:
        measure_promise(place, seed)
    times = {(name, engine): over_float32(place, name, engine) for name, engine, _ in wanted}
    return [
        Int8Row(
            name,
            engine,
            seed,
            place.quality(place.parent(name, seed)),
            {**kept(place, name, engine, seed), **times[name, engine]},
        )
        for name, engine, seed in wanted
    ]


def measure_quality(
    place: Workplace, name: str, engine: EngineName, seed: int, images: str
) -> None:
    """Quantise a parent where that was not done, and evaluate it on a set of images."""
    facts = kept(place, name, engine, seed)
    if "refusal" not in facts and images not in facts:
        folder = folder_of(place, name, engine, seed)
        place.listener.status(f"{images} by {folder.name}")
        target = target_of(engine)
        facts[images] = paretosr.evaluate(folder, place.sets[images], target=target).psnr_y_db
        write_facts(folder, facts)


def measure_promise(place: Workplace, seed: int) -> None:
    """What the graph promises from which XNNPACK's program was made, beside what that gives."""
    name, engine = PROMISED_BY
    facts = kept(place, name, engine, seed)
    if "refusal" not in facts and PROMISED not in facts:
        folder = folder_of(place, name, engine, seed)
        place.listener.status(f"what {folder.name} was made of")
        write_facts(folder, {**facts, PROMISED: promised_psnr_y_db(place, folder, "Set5")})


def kept(place: Workplace, name: str, engine: EngineName, seed: int) -> Facts:
    """What is known of a quantised parent, which is made where it is missing."""
    folder = folder_of(place, name, engine, seed)
    file = facts_file(folder)
    if file.exists():
        found: Facts = json.loads(file.read_text("utf-8"))
        return found
    parent = place.parent(name, seed)
    facts = quantised(parent, engine, folder, place)
    write_facts(folder, facts)
    return facts


def quantised(model: Path, engine: EngineName, folder: Path, place: Workplace) -> Facts:
    """Quantise a network into a folder, and return its size and what it loses, or why not."""
    make = partial(quantise, model, folder, target_of(engine), calibration_images=place.data)
    place.listener.status(f"quantising {folder.name}")
    try:
        if not is_artefact(folder):  # as a run leaves it that ended before the facts were written
            make(listener=place.listener)
    except (ExportFailed, ProfilingFailed, QuantisationFailed) as error:
        return {"refusal": one_line(error)}
    manifest = read_artefact(folder).manifest
    chosen = manifest.chosen
    return {
        "scheme": chosen.scheme.name,
        "held_out_loss_db": chosen.loss_db,
        "weights_kib": chosen.weights_kib,
        "float_weights_kib": manifest.float_weights_kib,
        "file_kib": chosen.file_kib,
        "float_file_kib": float_file_kib(load_network(model), engine),
        "quantised_layers": len(manifest.quantised_layers),
        "float_layers": len(manifest.float_layers),
    }


def float_file_kib(network: SuperResolutionNetwork, engine: EngineName) -> float:
    """The size of an engine's files of a network in float32."""
    if engine == "xnnpack":
        return len(export_executorch(LearnedPart(network.eval()), torch.zeros(1, 3, 32, 32))) / KIB
    graph = exported(network).SerializeToString()
    if engine == "onnxruntime":
        return len(graph) / KIB
    import openvino

    with tempfile.TemporaryDirectory() as folder:
        model = openvino.Core().read_model(graph)
        openvino.save_model(model, Path(folder) / "program.xml", compress_to_fp16=False)
        return sum(file.stat().st_size for file in Path(folder).iterdir()) / KIB


def over_float32(place: Workplace, name: str, engine: EngineName) -> Facts:
    """The time of the first parent in 8 bits over that in float32, kept in a folder `speed`."""
    seed = place.seeds[0]
    if "refusal" in kept(place, name, engine, seed):
        return {}
    folder = folder_of(place, name, engine, seed)
    return timed(folder, place.work / PART / "speed" / f"{name}-{engine}.json", engine, place)


def timed(folder: Path, file: Path, engine: EngineName, place: Workplace) -> Facts:
    """The time of the quantised network in `folder` over that in float32, kept in `file`."""
    if not file.exists():
        artefact = read_artefact(folder)
        config = load_network(artefact.checkpoint).config
        subject = Subject(config, artefact.checkpoint, program=artefact.program)
        place.listener.status(f"timing {folder.name}")
        with LatencyMeter(Target.parse(target_of(engine))) as meter:
            times = meter.compare_with_float32(subject, max_seconds=TIMED_SECONDS).estimate
        found = {
            "over_float32": times.ratio,
            "over_float32_ci_low": times.ci_low,
            "over_float32_ci_high": times.ci_high,
            "load_average": os.getloadavg()[0],
        }
        write_text_atomically(file, json.dumps(found))
    facts: Facts = json.loads(file.read_text("utf-8"))
    return facts


def target_of(engine: EngineName) -> str:
    return f"{engine}:precision=int8,threads=1,lr={TIMED_LR}"


def folder_of(place: Workplace, name: str, engine: EngineName, seed: int) -> Path:
    return place.work / PART / f"{name}-s{seed}-{engine}"


def facts_file(folder: Path) -> Path:
    return folder.parent / f"{folder.name}.json"


def write_facts(folder: Path, facts: Facts) -> None:
    write_text_atomically(facts_file(folder), json.dumps(facts))


def section(found: Sequence[Int8Row], place: Workplace) -> list[str]:
    """The page's section."""
    instructions = InstructionSet.of(describe_device())
    return [
        "## int8",
        "",
        "The parents in 8 bits: ranges from crops of the training images, the scheme that loses"
        f" least on other crops of them. Instruction set: {instructions}, one thread. dB are lost"
        " to the same network in float32, by the program itself. KiB are of weight tensors, and of"
        " all files of the program against those in float32. Time is that of the program over"
        f" float32's on the same engine, on {TIMED_LR} images (95 % interval), measured once.",
        "",
        *table(
            HEADINGS,
            [_line(same) for same in _by_program(found)],
            left=2,
        ),
        "",
        *_load(found),
        "",
        *_verdicts(found),
        "",
    ]


def _by_program(found: Sequence[Int8Row]) -> list[list[Int8Row]]:
    """The seeds of each network on each engine."""
    keys = dict.fromkeys((row.network, row.engine) for row in found)
    return [[row for row in found if (row.network, row.engine) == key] for key in keys]


def _line(same: Sequence[Int8Row]) -> Sequence[str]:
    first = same[0]
    names = (first.network, first.engine)
    refusals = {str(row.facts["refusal"]) for row in same if "refusal" in row.facts}
    if refusals:
        return (*names, *[""] * 7, "; ".join(sorted(refusals)))
    medians = {
        key: statistics.median(row.facts[key] for row in same)
        for key in ("weights_kib", "float_weights_kib", "file_kib", "float_file_kib")
    }
    lost = (statistics.median(row.loss_db[images] for row in same) for images in SETS)
    return (
        *names,
        *(f"{loss_db:.3f}" for loss_db in lost),
        f"{medians['float_weights_kib']:.0f} to {medians['weights_kib']:.0f}",
        f"{statistics.median(row.times_smaller for row in same):.2f}",
        f"{medians['float_file_kib']:.0f} to {medians['file_kib']:.0f}",
        times_text(first.facts),
        "; ".join(dict.fromkeys(str(row.facts["scheme"]) for row in same)),
    )


def times_text(facts: Mapping[str, Any]) -> str:
    """The ratio to float32 and its interval."""
    low, high = facts["over_float32_ci_low"], facts["over_float32_ci_high"]
    return f"{facts['over_float32']:.2f} ({low:.2f} to {high:.2f})"


def _load(found: Sequence[Int8Row]) -> list[str]:
    loads = [row.facts["load_average"] for row in found if "load_average" in row.facts]
    if not loads:
        return []
    return [
        f"Other work ran beside the timing: the load average was {min(loads):.1f} to"
        f" {max(loads):.1f} on {os.cpu_count()} cores."
    ]


def _verdicts(found: Sequence[Int8Row]) -> list[str]:
    """Whether what is asked for is met."""
    lines = []
    for same in _by_program(found):
        name, engine = same[0].network, same[0].engine
        if any("refusal" in row.facts for row in same):
            continue
        if (most := MOST_LOST_DB.get((name, engine))) is not None:
            each = [row.loss_db["Set5"] for row in same]
            lost = statistics.median(each)
            seeds = ", ".join(f"{one:.3f}" for one in each)
            lines.append(
                f"- {name} on {engine} loses {lost:.3f} dB on Set5 (by seed: {seeds}); at most"
                f" {most:.2f} dB: {_verdict(lost <= most)}"
            )
        if all(PROMISED in row.facts for row in same):
            off_db = max(abs(row.facts["Set5"] - row.facts[PROMISED]) for row in same)
            lines.append(
                f"- {name} on {engine}: the program is within {off_db:.4f} dB of its quantised"
                f" graph; at most {MOST_OFF_DB} dB: {_verdict(off_db <= MOST_OFF_DB)}"
            )
        if name in ASKED_TO_BE_SMALLER:
            smaller = min(row.times_smaller for row in same)
            lines.append(
                f"- {name} on {engine}: weight tensors {smaller:.2f} times smaller; at least"
                f" {LEAST_SMALLER}: {_verdict(smaller >= LEAST_SMALLER)}"
            )
    return lines


def _verdict(is_met: bool) -> str:
    return "met" if is_met else "not met"
