"""Distillation from scratch: a small SplitSR with and without a larger one as its teacher."""

import json
import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from compression_workplace import (
    PARENT_STEPS,
    RECIPE,
    STEPS,
    Row,
    Workplace,
    kinds_table,
    median_gain,
)

from blocks.networks.registry import NetworkConfig
from blocks.random_weights import seeded_network
from compressors.inheritance import smaller
from foundation import write_text_atomically
from imaging.images import load_images
from training import PatchSampler, get_recipe
from training.step import TrainingStep

PART = "distillation"
NETWORK = "splitsr"
KEEP = 0.6
TEACHER, ALONE, TAUGHT = "teacher", "alone", "taught"
AS_LONG = "alone, as many seconds"
WARM_UP_STEPS, TIMED_STEPS = 5, 60
LEAST_GAIN_DB = 0.15


def rows(place: Workplace) -> list[Row]:
    """The teacher and its pupils, for every seed."""
    teacher_config = place.design(NETWORK)
    pupil = smaller(teacher_config, KEEP)
    found = []
    for seed in place.seeds:
        teacher = place.parent(NETWORK, seed)
        row = partial(place.row, PART, NETWORK, seed=seed)
        trained = partial(place.trained, config=pupil, seed=seed)
        found.append(row(TEACHER, steps=PARENT_STEPS, model=teacher))
        alone = trained(f"{PART}/alone-s{seed}")
        found.append(row(ALONE, steps=STEPS, model=alone))
        taught = trained(f"{PART}/taught-s{seed}", teacher=teacher)
        found.append(row(TAUGHT, steps=STEPS, model=taught))
        longer = round(STEPS * cost_of_teaching(place, pupil, teacher))
        as_long = trained(f"{PART}/alone-{longer}-s{seed}", steps=longer)
        found.append(row(AS_LONG, steps=longer, model=as_long))
    return found


def cost_of_teaching(place: Workplace, pupil: NetworkConfig, teacher: Path) -> float:
    """The processor time of a taught step in that of another, timed at the first call."""
    file = place.work / PART / "cost_of_teaching.json"
    if not file.exists():
        recipe = get_recipe(RECIPE)
        images = load_images(str(place.data), split="training").images
        patches = PatchSampler(images, scale=pupil.scale, recipe=recipe, seed=0)
        alone, taught = (
            TrainingStep(seeded_network(pupil, 0), chosen, device="cpu", precision="float32")
            for chosen in (recipe, recipe.replace(teacher=str(teacher)))
        )
        ratios = [
            _seconds(taught, patches, step) / _seconds(alone, patches, step)
            for step in range(WARM_UP_STEPS + TIMED_STEPS)
        ]
        ratio = statistics.median(ratios[WARM_UP_STEPS:])
        write_text_atomically(file, json.dumps({"ratio": ratio}))
    return float(json.loads(file.read_text("utf-8"))["ratio"])


def _seconds(training: TrainingStep, patches: PatchSampler, step: int) -> float:
    batch = patches.batch(step)
    began = time.process_time()
    training.take(*batch, learning_rate=0, progress=0)
    return time.process_time() - began


def section(found: Sequence[Row], place: Workplace) -> list[str]:
    """The page's section."""
    gain, each = median_gain(found, NETWORK, TAUGHT, ALONE, "Set5")
    at_equal_time, _ = median_gain(found, NETWORK, TAUGHT, AS_LONG, "Set5")
    ratio = json.loads((place.work / PART / "cost_of_teaching.json").read_text("utf-8"))["ratio"]
    verdict = "met" if gain >= LEAST_GAIN_DB else "not met"
    return [
        "## Distillation from scratch",
        "",
        f"A SplitSR learns {STEPS} steps by the {RECIPE} recipe, alone and with a larger one as its"
        " teacher (weight 0.5). Gained: over the pupil that learned as many steps alone.",
        "",
        *kinds_table(found, lambda row: None if row.kind in (TEACHER, ALONE) else ALONE),
        "",
        f"At equal steps a teacher gains {gain:+.3f} dB on Set5 (by seed:"
        f" {', '.join(f'{one:+.3f}' for one in each)}); asked for are {LEAST_GAIN_DB:+.2f} dB:"
        f" {verdict}. A taught step takes {ratio:.2f} times the processor time of another; at"
        f" equal seconds it is {at_equal_time:+.3f} dB.",
        "",
    ]
