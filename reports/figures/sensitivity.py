"""What the layers of a network lose in 8 bits, as bars."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from reports.figures.style import COLOURS, GREY, new_figure, set_titles


def sensitivity_bars(
    layers: Sequence[tuple[str, float, float]], *, title: str, loss_db: float
) -> Figure:
    """Two bars for each layer: what is lost where only it is quantised, and where all others are.

    `layers` has each layer's name and both in dB, in the order of the network, from the top;
    `loss_db`, what is lost with all of them quantised, is a line.
    """
    names, alone_db, without_db = zip(*layers, strict=True)
    figure = new_figure(8.0, 1.9 + 0.34 * len(names))
    axes = figure.subplots()
    note = "on held-out crops; a negative loss is a gain by chance"
    set_titles(axes, title, [note], columns=90)
    places = np.arange(len(names))
    for values_db, shift, colour, label in (
        (alone_db, -0.2, COLOURS[0], "this layer alone quantised"),
        (without_db, 0.2, COLOURS[4], "this layer alone in float"),
    ):
        axes.barh(places + shift, values_db, height=0.38, color=colour, label=label)
    axes.axvline(loss_db, color=GREY, ls="--", lw=1.0, label=f"all quantised, {loss_db:.3f} dB")
    axes.axvline(0, color=GREY, lw=0.8)
    axes.set_yticks(places, names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("loss of PSNR on Y (dB)")
    axes.grid(True, axis="x", lw=0.4, alpha=0.4)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    return figure
