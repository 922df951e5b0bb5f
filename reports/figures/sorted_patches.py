"""Patches sorted by how well they are restored, and what models gain on each class of them."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from reports.figures.style import (
    COLOURS,
    GREY,
    INK,
    MARKERS,
    PUBLISHED_BLUE,
    new_figure,
    set_titles,
)


def sorted_patches(
    curves: Sequence[tuple[str, NDArray[np.float64]]],
    bounds: Sequence[int],
    *,
    baseline: str,
    title: str,
    patch_px: int,
) -> Figure:
    """The first model's PSNR by rank, and every model's mean gain over the baseline by class.

    `curves` has each model's name and its PSNR in dB on every patch, (patches,), from the first
    model's highest to its lowest; class n has the patches from bound n - 1 to bound n.
    """
    figure = new_figure(11.0, 4.6)
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    curve, baseline_curve = curves[0][1], dict(curves)[baseline]
    note = f"{curve.size:,} patches of {patch_px}x{patch_px} pixels, each enlarged alone"
    set_titles(left, title, [note], columns=90)
    left.plot(np.arange(1, curve.size + 1), curve, color=INK, lw=1.4)
    for number, (start, end) in enumerate(pairwise(bounds), 1):
        if number % 2:
            left.axvspan(start + 0.5, end + 0.5, color=PUBLISHED_BLUE, alpha=0.25, lw=0)
        mean_db = curve[start:end].mean()
        left.hlines(mean_db, start + 1, end, color=GREY, ls="--", lw=1.0)
        left.text(
            (start + end + 1) / 2, 0.97, f"class {number}\nmean {mean_db:.2f} dB",
            transform=left.get_xaxis_transform(), ha="center", va="top", fontsize=8,
        )  # fmt: skip
    left.set_xlim(0.5, curve.size + 0.5)
    span_db = max(float(np.ptp(curve)), 1.0)
    left.set_ylim(curve.min() - 0.05 * span_db, curve.max() + 0.2 * span_db)
    left.set_xlabel("rank of the patch")
    left.set_ylabel("PSNR over RGB (dB)")
    numbers = np.arange(1, len(bounds))
    for place, (model, of_model) in enumerate(curves):
        gains = of_model - baseline_curve
        means = [gains[start:end].mean() for start, end in pairwise(bounds)]
        right.plot(
            numbers, means, color=COLOURS[place % len(COLOURS)], lw=1.2, ms=5, label=model,
            marker=MARKERS[place % len(MARKERS)],
        )  # fmt: skip
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.set_xlim(0.7, len(bounds) - 0.7)
    right.set_xlabel("class, from the easiest to the hardest")
    right.set_ylabel(f"mean gain in PSNR over {baseline} (dB)")
    right.grid(True, lw=0.4, alpha=0.4)
    # Below, since names may be long paths.
    right.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False, fontsize=8)
    return figure
