"""Draws the pictures of the documentation: `python docs/scripts/draw_figures.py`.

Where a picture shows numbers they are those of benchmarks/results; pictures that explain an
idea show no numbers. The same results give the same files.
"""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
RESULTS = ROOT / "benchmarks" / "results"

INK, GREY, PALE = "#222222", "#6e6e6e", "#d9d9d9"
BLUE, RED, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
STYLE: dict[Any, Any] = {
    "svg.hashsalt": "paretosr",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "text.color": INK,
}


def figure(width: float = 6.4, height: float = 2.9) -> tuple[Figure, Axes]:
    """Return an empty figure of so many inches with one pair of axes."""
    canvas = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasSVG(canvas)
    return canvas, canvas.subplots()


def save(canvas: Figure, name: str) -> None:
    """Write the figure on white, so that it can be read on dark pages too."""
    path = IMAGES / f"{name}.svg"
    canvas.savefig(path, facecolor="white", metadata={"Date": None, "Creator": "draw_figures.py"})


def without_ticks(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])


def front_and_hypervolume() -> None:
    """A front, the volume below it, and two networks that tie."""
    canvas, axes = figure()
    front = np.array([(2.2, 33.36), (2.8, 33.45), (4.3, 33.59), (8.3, 33.75), (12.6, 33.77)])
    others = np.array([(5.2, 33.42), (6.5, 33.55), (9.4, 33.62), (11.0, 33.70), (13.5, 33.66)])
    bound_ms, bicubic_db = 15.0, 33.0
    steps = [(front[0, 0], bicubic_db)]
    for (left, quality), right in zip(front, [*front[1:, 0], bound_ms], strict=True):
        steps += [(left, quality), (right, quality)]
    outline = np.array([*steps, (bound_ms, bicubic_db)])
    axes.fill(*outline.T, color=BLUE, alpha=0.10, linewidth=0)
    axes.plot(*outline[1:-1].T, color=BLUE, linewidth=1)
    axes.plot(*front.T, "o", color=BLUE)
    axes.plot(*others.T, "o", color=PALE)
    axes.plot(bound_ms, bicubic_db, "x", color=INK)
    axes.annotate(
        "reference point", (bound_ms, bicubic_db), (-6, 6), textcoords="offset points", ha="right"
    )
    axes.text(11.2, 33.25, "hypervolume:\nthe shaded area", color=BLUE, ha="center")
    axes.text(2.0, 33.66, "Pareto front", color=BLUE)
    axes.text(11.3, 33.56, "beaten in both", color=GREY, ha="center")
    axes.annotate(
        "these two tie: two trainings of one\nnetwork may lie further apart",
        (10.4, 33.78), (10.4, 33.87), ha="center", va="bottom",
    )  # fmt: skip
    axes.annotate("", (8.2, 33.82), (12.7, 33.82), arrowprops={"arrowstyle": "<->", "color": INK})
    axes.set(xlabel="latency (ms), less is better", ylabel="PSNR (dB), more is better")
    axes.set(xlim=(1, 16), ylim=(32.95, 34.0))
    without_ticks(axes)
    save(canvas, "front")


def timing_methods() -> None:
    """How far three ways of timing put a network from itself."""
    table = RESULTS / "repeatability_ratio.md"
    rows = re.findall(r"^\| (none|a busy core) \|(.*)\|$", table.read_text("utf-8"), re.MULTILINE)
    cells = [[cell.strip() for cell in rest.split("|")] for _, rest in rows]
    methods = {
        "torch.utils.benchmark,\none after the other": 4,
        "plain medians,\none after the other": 3,
        "ParetoSR": 0,
    }
    canvas, axes = figure(height=2.4)
    axes.axvspan(0.99, 1.01, color=GREEN, alpha=0.18, linewidth=0)
    spread = np.linspace(-0.28, 0.28, len(cells))
    for place, (name, column) in enumerate(methods.items()):
        ratios = [float(cell[column]) for cell in cells]
        axes.plot(ratios, place + spread, "o", markersize=3.5, color=BLUE if not column else GREY)
        axes.text(0.575, place, name, ha="right", va="center")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set(xlim=(0.58, 1.5), xlabel="measured time of a network over that of the same network")
    axes.text(1.0, 2.42, "right within 1 %", color=GREEN, ha="center", va="bottom")
    save(canvas, "timing-methods")


def slices() -> None:
    """How two networks share a core, and what counts of it."""
    canvas, axes = figure(height=2.2)
    generator = np.random.default_rng(3)
    moment, turn = 0.0, 0
    while moment < 100:
        length = generator.uniform(2, 8)
        is_noisy = 52 < moment + length / 2 < 86
        colour = (BLUE, ORANGE)[turn % 2]
        alpha = 0.25 if is_noisy else 0.9
        axes.add_patch(Rectangle((moment, 0), length, 1, color=colour, alpha=alpha, linewidth=0))
        height = (1.55 if is_noisy else 1.2) + generator.uniform(-0.03, 0.03)
        axes.plot([moment + length + 0.25] * 2, [1.1, height], color=RED if is_noisy else INK)
        moment += length + 0.5
        turn += 1
    axes.annotate(
        "something else uses the core: probes take longer,\nratios from here do not count",
        (69, 1.62), ha="center", va="bottom", color=RED,
    )  # fmt: skip
    axes.text(0, 1.42, "quiet machine", va="bottom")
    axes.text(0, -0.12, "candidate", color=BLUE, va="top")
    axes.text(16, -0.12, "reference network", color=ORANGE, va="top")
    axes.text(45, -0.12, "| probe: a fixed piece of work", va="top")
    axes.text(101, -0.12, "time", ha="right", va="top", color=GREY)
    axes.set(xlim=(-1, moment + 1), ylim=(-0.45, 2.35))
    axes.axis("off")
    save(canvas, "slices")


def bound_and_executed_macs() -> None:
    """The MAC bound beside what four trained networks execute."""
    text = (RESULTS / "published_systems.md").read_text("utf-8")
    wanted = ("SeemoRe-T x2", "SMSR x2", "ClassSR-FSRCNN x4", "ClassSR, mixed branches x4")
    shares = []
    for name in wanted:
        (row,) = re.findall(rf"^\| {re.escape(name)} \|(.*)\|$", text, re.MULTILINE)
        bound, executed = (float(cell) for cell in row.split("|")[3:5])
        shares.append(executed / bound)
    canvas, axes = figure(height=2.1)
    places = np.arange(len(wanted))[::-1]
    axes.barh(places, 1, color=PALE, height=0.6)
    axes.barh(places, shares, color=BLUE, height=0.6)
    for place, name, share in zip(places, wanted, shares, strict=True):
        axes.text(-0.01, place, name, ha="right", va="center")
        axes.text(share - 0.01, place, f"{share:.0%} executed", ha="right", va="center", color="w")
    axes.text(
        1.005, places[0] + 0.42, "bound: the costliest path", ha="right", va="bottom", color=GREY
    )
    axes.set(xlim=(0, 1.005), ylim=(-0.5, 3.9))
    axes.axis("off")
    save(canvas, "macs")


def variants() -> None:
    """What the variants of a network gain on a CPU."""
    text = (RESULTS / "implementation_speed.md").read_text("utf-8")
    bars = [
        ("SeemoRe-T x2", "masked", ("SeemoRe-T x2", "masked, eager")),
        ("", "selected", ("SeemoRe-T x2", "selected, eager")),
        ("", "folded", ("SeemoRe-T x2", "folded, eager")),
        ("SplitSR x2, all split", "concatenated", ("SplitSR x2, all split", "concatenated, eager")),
        ("", "in_place", ("SplitSR x2, all split", "in_place, eager")),
    ]
    canvas, axes = figure(height=2.3)
    for place, (network, variant, (system, this)) in enumerate(reversed(bars)):
        pattern = rf"^\| {re.escape(system)} \| {re.escape(this)} \| transcription, eager \|"
        (row,) = re.findall(pattern + r"(.*)\|$", text, re.MULTILINE)
        speed, low, high = map(float, re.findall(r"[\d.]+", row.split("|")[1]))
        axes.barh(place, speed, color=BLUE, height=0.62)
        axes.plot([low, high], [place, place], color=INK, linewidth=1)
        axes.text(0.02, place, variant, va="center", color="w")
        axes.text(-0.02, place, network, ha="right", va="center")
    axes.axvline(1, color=GREY, linewidth=1, linestyle=":")
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set(xlim=(0, 2.05), xlabel="times as fast as the authors' code, written down plainly")
    save(canvas, "variants")


def predicted_and_measured() -> None:
    """Predicted against measured ratios of networks that the fit has not seen."""
    with (RESULTS / "predictor.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    families = {"splitsr": BLUE, "seemore": RED, "smsr": GREEN, "classsr": ORANGE}
    canvas, axes = figure(height=3.2)
    ends = np.array([0.12, 12.0])
    axes.fill_between(ends, ends * 0.9, ends * 1.1, color=PALE, linewidth=0)
    for family, colour in families.items():
        chosen = [row for row in rows if row["arch_id"].startswith(f"{family}-")]
        measured = [float(row["ratio"]) for row in chosen]
        predicted = [float(row["predicted"]) for row in chosen]
        axes.plot(measured, predicted, "o", markersize=3, color=colour, label=family)
    axes.set(xscale="log", yscale="log", xlim=ends, ylim=ends)
    axes.set(xlabel="measured ratio to the reference network", ylabel="predicted ratio")
    axes.legend(frameon=False, loc="upper left")
    axes.text(4.2, 2.2, "grey: within 10 %", color=GREY)
    save(canvas, "prediction")


def evidence() -> None:
    """The three kinds of evidence, as figures draw them."""
    canvas, axes = figure(height=1.5)
    marks = (
        ("measured", "here, on this machine", {"color": BLUE, "marker": "o"}),
        (
            "predicted", "from networks measured here,\nwith a 90 % interval",
            {"color": BLUE, "marker": "o", "markerfacecolor": "white"},
        ),
        ("published", "in a paper, with its source", {"color": "#9db8d2", "marker": "D"}),
    )  # fmt: skip
    for place, (name, words, style) in enumerate(marks):
        axes.plot(place, 1, markersize=11, linestyle="", **style)  # type: ignore[arg-type]
        axes.text(place, 0.62, name, ha="center", va="top", weight="bold")
        axes.text(place, 0.38, words, ha="center", va="top", color=GREY)
    axes.plot([1, 1], [0.78, 1.22], color=BLUE, zorder=0)
    axes.set(xlim=(-0.55, 2.55), ylim=(-0.15, 1.35))
    axes.axis("off")
    save(canvas, "evidence")


def main() -> None:
    IMAGES.mkdir(exist_ok=True)
    with rc_context(STYLE):
        front_and_hypervolume()
        timing_methods()
        slices()
        bound_and_executed_macs()
        variants()
        predicted_and_measured()
        evidence()


if __name__ == "__main__":
    main()
