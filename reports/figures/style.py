"""How every figure looks: colours, markers, axes with units, and files that are the same
for the same records."""

import io
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from foundation import write_bytes_atomically
from foundation.registry import Registry
from reports.figures.words import axis_label, axis_title
from reports.records import objective
from reports.run_settings import RunSettings

INK = "#222222"
GREY = "#6e6e6e"
PUBLISHED_BLUE = "#9db8d2"
PUBLISHED_EDGE = "#5b7fa5"

# Okabe and Ito's palette, which stays apart for colour-blind readers; markers differ as well.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = "os^DvP"
LINE_STYLES = ("-", "--", ":", "-.")

_DIVISORS = {"macs": 1e9, "params": 1e3}
LOG_FROM_RATIO = 4.0


@dataclass(frozen=True)
class FamilyStyle:
    """The colour and marker of one family, the same in every figure."""

    name: str
    colour: str
    marker: str


def _style(place: int, family: str) -> FamilyStyle:
    return FamilyStyle(family, COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)])


STYLES = Registry(
    "style",
    (_style(*known) for known in enumerate(("splitsr", "seemore", "smsr", "classsr", "hybrid"))),
)
"""The families whose style does not depend on which others a figure shows."""


def family_styles(families: Sequence[str]) -> dict[str, FamilyStyle]:
    """A style for each family, in the order of their names."""
    shown = sorted(set(families))
    others = (family for family in shown if family not in STYLES)
    styles = {family: _style(place, family) for place, family in enumerate(others, len(STYLES))}
    return {family: STYLES.get(family) or styles[family] for family in shown}


@dataclass(frozen=True)
class Quantity:
    """A column as a figure shows it."""

    name: str
    title: str
    """What a heading calls it."""
    label: str
    """What the axis says: the title with the unit and where it was measured."""
    divisor: float
    """How many of the column's units make one of the axis."""

    def value(self, record: object) -> float | None:
        """The record's number in the unit of the axis; None where it is not known."""
        number = getattr(record, self.name)
        return None if number is None else number / self.divisor

    @property
    def minimised(self) -> bool:
        """Whether less is better."""
        return objective(self.name).direction == "minimise"


def quantity(name: str, settings: RunSettings) -> Quantity:
    """How an objective is shown in the figures of a run.

    Raises:
        ValueError: no objective has that name.
    """
    return worded_quantity(
        name, data=settings.validation_name, scale=settings.scale, target=settings.target
    )


def worded_quantity(
    name: str, *, data: str | None = None, scale: int | None = None, target: str | None = None
) -> Quantity:
    """How an objective is shown: of which images, or measured where.

    Raises:
        ValueError: no objective has that name.
    """
    label = axis_label(name, data=data, scale=scale, target=target)
    return Quantity(name, axis_title(name), label, _DIVISORS.get(name, 1.0))


def new_figure(width_inches: float, height_inches: float) -> Figure:
    """An empty figure that belongs to no window and no global state."""
    figure = Figure(figsize=(width_inches, height_inches), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def freeze_layout(figure: Figure) -> None:
    """Lay the figure out now and for good, so that positions in pixels stay true."""
    figure.draw_without_rendering()
    figure.set_layout_engine("none")


def set_titles(axes: Axes, title: str, notes: Sequence[str], *, columns: int) -> None:
    """A bold title with grey notes below it, wrapped after so many characters."""
    lines = [part for note in notes for part in textwrap.wrap(note, columns)]
    axes.set_title(title, loc="left", fontsize=12, fontweight="bold", pad=8 + 11 * len(lines))
    below = axes.text(
        0, 1.012, "\n".join(lines), transform=axes.transAxes, fontsize=8, color=GREY, va="bottom"
    )
    # The title's padding keeps their place; as a part of the layout they would push axes apart.
    below.set_in_layout(False)


def say_empty(axes: Axes, why: str | None) -> None:
    """Write why there is nothing to draw, and leave out the scale of nothing."""
    if not axes.has_data():
        axes.yaxis.set_major_locator(NullLocator())
    axes.text(0.5, 0.5, why or "nothing to draw", transform=axes.transAxes, ha="center", color=GREY)


def scale_cost_axis(axes: Axes, values: Sequence[float]) -> None:
    """Make the horizontal axis logarithmic if the values are positive and far apart."""
    if values and min(values) > 0 and max(values) / min(values) >= LOG_FROM_RATIO:
        axes.set_xscale("log")
        narrow = max(values) / min(values) < 100
        subs = (1.0, 2.0, 3.0, 5.0, 7.0) if narrow else (1.0, 2.0, 5.0)
        axes.xaxis.set_major_locator(LogLocator(subs=subs, numticks=30))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))


def add_legend(axes: Axes, *, title: str = "", handles: Sequence[Artist] | None = None) -> None:
    """A legend to the right of the axes, where it covers nothing."""
    shown = axes.get_legend_handles_labels()[0] if handles is None else handles
    if shown:
        axes.legend(
            handles=shown,
            title=title,
            loc="upper left",
            bbox_to_anchor=(1.01, 1.0),
            borderaxespad=0.0,
            labelspacing=0.7,
            alignment="left",
            frameon=False,
            fontsize=8,
            title_fontsize=8,
        )


def figure_format(path: Path) -> str:
    """The format that the suffix of a figure names.

    Raises:
        ValueError: it is no format that can be written.
    """
    supported = sorted(FigureCanvasAgg.get_supported_filetypes())
    image_format = path.suffix[1:].lower()
    if image_format not in supported:
        raise ValueError(
            f"a figure's name must end in one of {', '.join(supported)}, got {path.name!r}"
        )
    return image_format


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure atomically in the format of the suffix, without dates or versions.

    Raises:
        ValueError: the suffix is no format that can be written.
        OSError: the folder cannot be written.
    """
    image_format = figure_format(path)
    stamp = {"png": "Software", "pdf": "CreationDate", "svg": "Date"}.get(image_format)
    metadata = None if stamp is None else {stamp: None}
    drawn = io.BytesIO()
    # Journals refuse Type 3 fonts, which are Matplotlib's default.
    with rc_context({"svg.hashsalt": "paretosr", "pdf.fonttype": 42}):
        figure.savefig(drawn, format=image_format, metadata=metadata)
    write_bytes_atomically(path, drawn.getvalue())
