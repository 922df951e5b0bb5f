"""Pruning to 60 % of the parameters, against the same design trained from scratch."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType

from compression_workplace import (
    PARENT_STEPS,
    STEPS,
    Row,
    Workplace,
    kinds_table,
    median_gain,
)

from blocks import load_checkpoint
from paretosr.compressing.pruning import INHERITED_FILE, WARM_LEARNING_RATE, prune
from training.state import MODEL_FILE

PART = "pruning"
NETWORKS = ("splitsr", "imdn", "seemore")
ASKED_OF = "splitsr"
KEEP = 0.6
PARENT, INHERITED, PRUNED = "parent", "inherited", "pruned"
SCRATCH, SCRATCH_WARM = "scratch", "scratch, rate of the pruned"
MOST_LOST_DB, LEAST_GAIN_DB = 0.10, 0.25


def rows(place: Workplace) -> list[Row]:
    """Parents, their children before and after training, and the same designs from scratch."""
    return [
        row for name in NETWORKS for seed in place.seeds for row in descendants(place, name, seed)
    ]


def descendants(place: Workplace, name: str, seed: int) -> list[Row]:
    """What comes of one parent; all that is trained learns as long, with it as the teacher."""
    parent = place.parent(name, seed)
    folder = place.work / PART / f"{name}-s{seed}"
    pruned = folder / MODEL_FILE
    if not pruned.exists():
        place.listener.status(f"pruning {name}, seed {seed}")
        prune(
            parent, folder, keep=KEEP, steps=STEPS, data=place.data, seed=seed,
            listener=place.listener,
        )  # fmt: skip
    scratch = partial(
        place.trained, config=load_checkpoint(pruned).config, seed=seed, steps=STEPS, teacher=parent
    )
    models: Mapping[str, tuple[int, Path]] = {
        PARENT: (PARENT_STEPS, parent),
        INHERITED: (0, folder / INHERITED_FILE),
        PRUNED: (STEPS, pruned),
        SCRATCH: (STEPS, scratch(f"{PART}/{name}-scratch-s{seed}")),
        SCRATCH_WARM: (
            STEPS,
            scratch(
                f"{PART}/{name}-scratch-warm-s{seed}",
                settings={"learning_rate": WARM_LEARNING_RATE},
            ),
        ),
    }
    return [
        place.row(PART, name, kind, seed, steps, model) for kind, (steps, model) in models.items()
    ]


_AGAINST: Mapping[str, str | None] = MappingProxyType(
    {PARENT: None, INHERITED: PARENT, PRUNED: PARENT, SCRATCH: PRUNED, SCRATCH_WARM: PRUNED}
)


def section(found: Sequence[Row], place: Workplace) -> list[str]:
    """The page's section."""
    change, losses = median_gain(found, ASKED_OF, PRUNED, PARENT, "Set5")
    better = max((SCRATCH, SCRATCH_WARM), key=lambda kind: scratch_db(found, kind))
    gain, gains = median_gain(found, ASKED_OF, PRUNED, better, "Set5")
    return [
        "## Pruning",
        "",
        f"The nearest design to {KEEP:.0%} of the parameters inherits the weights (channels chosen"
        f" by what reads them, layers refitted to the parent's on crops), then learns {STEPS} steps"
        f" of the quick recipe at a peak rate of {WARM_LEARNING_RATE:g} with the parent as teacher."
        " From scratch the same design learns as many steps with the same teacher, at the recipe's"
        " own rate and at that of the pruned. Gained: by children over their parent, from scratch"
        " over the pruned.",
        "",
        *kinds_table(found, lambda row: _AGAINST[row.kind]),
        "",
        f"The pruned SplitSR loses {-change:.3f} dB on Set5 to its parent (by seed:"
        f" {', '.join(f'{-one:.3f}' for one in losses)}); at most {MOST_LOST_DB:.2f} dB are"
        f" allowed: {verdict(-change <= MOST_LOST_DB)}. It is {gain:.3f} dB better than the better"
        f" one from scratch (by seed: {', '.join(f'{one:.3f}' for one in gains)}); asked for are"
        f" {LEAST_GAIN_DB:.2f} dB: {verdict(gain >= LEAST_GAIN_DB)}.",
        "",
        *cuts(place),
        "",
    ]


def scratch_db(found: Sequence[Row], kind: str) -> float:
    return sum(
        row.psnr_y_db["Set5"] for row in found if (row.network, row.kind) == (ASKED_OF, kind)
    )


def verdict(is_met: bool) -> str:
    return "met" if is_met else "not met"


def cuts(place: Workplace) -> list[str]:
    """What of each design was cut."""
    lines = []
    for name in NETWORKS:
        child = place.work / PART / f"{name}-s{place.seeds[0]}" / INHERITED_FILE
        before = place.design(name).model_dump()
        after = load_checkpoint(child).config.model_dump()
        cut = (f"{key} {before[key]} to {now}" for key, now in after.items() if before[key] != now)
        lines.append(f"- {name}: {', '.join(cut)}")
    return lines
