"""What search_methods.csv says: a table, three verdicts, and a figure."""

from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
import pandas as pd
from numpy.typing import NDArray

OURS, CONTROL, MOASHA = "ours", "structure only", "moasha"
FULL_TRAININGS = ("random", "nsga2", "tpe", "gp")
REACHED_SHARE = 0.95
WITHIN_SHARE = 1 / 5
ABOVE_MOASHA_FROM = 0.05
COLUMNS_AT = (0.05, 0.1, 0.2, 0.4, 1.0)
"""Shares of the budget that the table shows."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Curves:
    """The hypervolume of every method after so many steps: quartiles over the seeds."""

    budget_steps: int
    steps: Array
    """(K,)."""
    quartiles: dict[str, Array]
    """By method: (3, K)."""
    seeds: dict[str, int]
    over_control: Array | None
    """What ours has more than the control with the same seed, median over the seeds: (K,)."""

    @classmethod
    def of(cls, rows: pd.DataFrame, budget_steps: int) -> "Curves":
        """Of rows of method, seed, steps and hypervolume, which stays until the next row."""
        steps = np.unique(np.append(rows["steps"].to_numpy(float), budget_steps))
        steps = steps[steps <= budget_steps]
        held = {
            str(method): {seed: _held(run, steps) for seed, run in of_method.groupby("seed")}
            for method, of_method in rows.groupby("method", sort=False)
        }
        quartiles = {
            method: np.quantile(list(runs.values()), [0.25, 0.5, 0.75], axis=0)
            for method, runs in held.items()
        }
        ours, control = held.get(OURS, {}), held.get(CONTROL, {})
        gains = [ours[seed] - control[seed] for seed in ours.keys() & control.keys()]
        return cls(
            budget_steps,
            steps,
            quartiles,
            {method: len(runs) for method, runs in held.items()},
            np.median(gains, axis=0) if gains else None,
        )

    def median(self, method: str) -> Array:
        median: Array = self.quartiles[method][1]
        return median

    def at(self, method: str, share: float) -> Array:
        """The quartiles after a share of the budget: (3,)."""
        place = int(np.searchsorted(self.steps, share * self.budget_steps, side="right")) - 1
        if place < 0:
            return np.zeros(3)
        found: Array = self.quartiles[method][:, place]
        return found

    def steps_to(self, method: str, hypervolume: float) -> float | None:
        """After how many steps the median reaches a hypervolume; None if it never does."""
        places = np.flatnonzero(self.median(method) >= hypervolume)
        return float(self.steps[places[0]]) if len(places) else None

    def best_full_training(self) -> str:
        """The sampler of full trainings whose median ends highest."""
        present = [name for name in FULL_TRAININGS if name in self.quartiles]
        return max(present, key=lambda name: float(self.median(name)[-1]))


def _held(run: pd.DataFrame, steps: Array) -> Array:
    """The hypervolume of one run after each of the steps; nothing before its first row."""
    places = np.searchsorted(run["steps"].to_numpy(float), steps, side="right")
    held: Array = np.append(0.0, run["hypervolume"].to_numpy(float))[places]
    return held


@dataclass(frozen=True)
class Verdict:
    """Whether a promise is kept, and the figures that say so."""

    promise: str
    kept: bool
    figures: str

    def __str__(self) -> str:
        return f"- {'Kept' if self.kept else '**Not kept**'}: {self.promise}. {self.figures}"


def verdicts(curves: Curves) -> list[Verdict]:
    """What the search has promised, of the methods that are there."""
    return [_speed(curves), _above_moasha(curves), _never_below_control(curves)]


def _speed(curves: Curves) -> Verdict:
    best = curves.best_full_training()
    wanted = REACHED_SHARE * float(curves.median(best)[-1])
    steps = curves.steps_to(OURS, wanted)
    share = None if steps is None else steps / curves.budget_steps
    return Verdict(
        f"{REACHED_SHARE:.0%} of what the best sampler of full trainings ends with takes at most a "
        "fifth of its steps",
        share is not None and share <= WITHIN_SHARE,
        f"The best is {best}; its steps are {curves.budget_steps:,}, ours "
        + (f"{steps:,.0f}, a share of {share:.3f}." if share is not None else "never get there."),
    )


def _above_moasha(curves: Curves) -> Verdict:
    later = curves.steps >= ABOVE_MOASHA_FROM * curves.budget_steps
    gaps = (curves.median(OURS) - curves.median(MOASHA))[later]
    below = gaps <= 0
    return Verdict(
        f"the median lies above MOASHA's from {ABOVE_MOASHA_FROM:.0%} of the budget on",
        not below.any(),
        f"The smallest difference is {gaps.min():.4g}, at "
        f"{curves.steps[later][gaps.argmin()]:,.0f} steps.",
    )


def _never_below_control(curves: Curves) -> Verdict:
    gaps = curves.median(OURS) - curves.median(CONTROL)
    places = np.flatnonzero(gaps < 0)
    figures = "Nowhere is it below."
    if len(places):
        worst = int(gaps.argmin())
        figures = (
            f"It is below at {len(places)} of {len(gaps)} points, at most by {-gaps[worst]:.4g}, "
            f"{-gaps[worst] / curves.median(CONTROL)[worst]:.1%} of the control's, at "
            f"{curves.steps[worst]:,.0f} steps; the last time at {curves.steps[places[-1]]:,.0f}."
        )
    if curves.over_control is not None:  # both begin with the same networks
        figures += (
            " Seed by seed, the median of what ours has more than the control is at least "
            f"{curves.over_control.min():.4g} everywhere."
        )
    promise = "the median is never below the structure-only control's"
    return Verdict(promise, not len(places), figures)


def table(curves: Curves) -> str:
    """The quartiles at some shares of the budget, as Markdown."""
    final = float(curves.median(curves.best_full_training())[-1])
    head = [f"{share:.0%}" for share in COLUMNS_AT]
    lines = [
        "| method | seeds | " + " | ".join(head) + " | steps to 95 % |",
        "|---|---|" + "---|" * (len(head) + 1),
    ]
    for method in curves.quartiles:
        cells = []
        for share in COLUMNS_AT:
            low, median, high = curves.at(method, share)
            cells.append(f"{median:.3f} ({low:.3f}-{high:.3f})")
        steps = curves.steps_to(method, REACHED_SHARE * final)
        cells.append("-" if steps is None else f"{steps:,.0f}")
        lines.append(f"| {method} | {curves.seeds[method]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(path: Path, curves: Curves, cost_unit: str) -> None:
    """Draw medians and quartiles over the steps."""
    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.5), layout="constrained")
    for method, (low, median, high) in curves.quartiles.items():
        width = 2.4 if method == OURS else 1.2
        (line,) = axes.step(curves.steps, median, where="post", label=method, linewidth=width)
        axes.fill_between(
            curves.steps, low, high, step="post", color=line.get_color(), alpha=0.15, linewidth=0
        )
    # Before its first full training a method has nothing to hand over.
    begun = [np.flatnonzero(low)[0] for low, _, _ in curves.quartiles.values() if low.any()]
    if begun:
        axes.set_xlim(left=curves.steps[max(begun)], right=curves.budget_steps)
        axes.set_ylim(bottom=min(low[max(begun)] for low, _, _ in curves.quartiles.values()))
    axes.set_xscale("log")
    axes.set_xlabel("training steps spent")
    axes.set_ylabel(f"hypervolume of full trainings (dB x {cost_unit})")
    axes.legend(title="median and quartiles")
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=150, metadata={"Software": None})
    pyplot.close(figure)
