"""Figures of fronts for papers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from paretosr.answers.gathering import Systems
from reports.papers.systems import systems_of

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


def plot_front(
    frame: "pd.DataFrame | Systems",
    *,
    x: str = "macs",
    y: str = "psnr_y_db",
    width: str | float = "page",
    labels: str | Sequence[str] = "auto",
    bubbles: bool | None = None,
    bounds: Mapping[str, tuple[float | None, float | None]] | None = None,
    title: str = "",
    style: str | Path | None = None,
) -> "Figure":
    """Return a figure of networks and their front, at the size at which it is printed.

    Runs, networks evaluated here and published models each look their own way, also in grey.
    Networks that were judged on different images get a panel for each data set. Bicubic is a dashed
    line, and the axis is broken where the jump from it would take much of the figure. What ties
    with the front within the noise between training seeds lies in a grey band.

    Args:
        frame: what `gather` returned, its `frame` or a part of it, or the `trials` of a run.
        x: column of the horizontal axis: macs, params, latency_ms, peak_memory_mib, size_kib or
            activation_mib, or psnr_y_db or ssim_y.
        y: column of the vertical axis, any other of these.
        width: "column" (3.4 inches), "page" (7 inches) or a number of inches.
        labels: "auto" (all but the trials that are not on the front), "all", "none", or the names
            of those that are labelled.
        bubbles: whether areas show parameters; by default where PSNR is drawn against MACs.
        bounds: the least and the largest value allowed of a column, None for no bound; by default
            those of the runs.
        title: above the axes; papers have a caption instead (`Systems.caption`).
        style: style sheet of Matplotlib, a file or the name of a style, that changes fonts, sizes
            and colours.

    Returns:
        A figure that belongs to no window; `savefig` writes it as PDF, SVG or PNG.

    Raises:
        ValueError: an unknown column, twice the same, or one that no network has; a width that is
            none; a style sheet that cannot be read.

    Examples:
        >>> import paretosr as psr
        >>> systems = psr.gather("published:Set5:Bicubic,IMDN,RLFN", scale=4)
        >>> figure = psr.plot_front(systems, width="column")
        >>> figure.get_size_inches()[0].item()
        3.4
    """
    from reports.figures.paper.front import FrontOptions, front_figure

    gathered = frame if isinstance(frame, Systems) else Systems(tuple(systems_of(frame)))
    options = FrontOptions(
        x=x,
        y=y,
        width=width,
        labels=labels,
        bubbles=bubbles,
        bounds=gathered.bounds if bounds is None else bounds,
        title=title,
        style=style,
    )
    return front_figure(gathered.rows, options)
