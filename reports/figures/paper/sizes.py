"""Figures at the size at which they are printed, with text that is readable at that size."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import matplotlib as mpl
from matplotlib import rc_context, style
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.rcsetup import cycler

from foundation import one_line
from reports.figures.style import COLOURS, INK

COLUMN_INCHES = 3.4
"""A column of the two-column formats of IEEE and CVF: 3.3 to 3.5 inches."""
PAGE_INCHES = 7.0
"""Both columns of them: 6.9 to 7.2 inches."""
NARROW_INCHES = 5.0
"""Below it a legend beside the axes would leave too little for these."""
_LEAST_INCHES, _MOST_INCHES = 1.5, 40.0

BASE: MappingProxyType[str, Any] = MappingProxyType(
    {
        "font.size": 7.0,
        "axes.labelsize": 7.0,
        "axes.titlesize": 8.0,
        "axes.linewidth": 0.6,
        "axes.edgecolor": INK,
        "axes.prop_cycle": cycler(color=COLOURS),
        "axes.grid": True,
        "grid.linewidth": 0.3,
        "grid.alpha": 0.5,
        "xtick.labelsize": 6.5,
        "ytick.labelsize": 6.5,
        "xtick.major.width": 0.6,
        "ytick.major.width": 0.6,
        "xtick.minor.width": 0.4,
        "xtick.major.size": 2.5,
        "ytick.major.size": 2.5,
        "xtick.minor.size": 1.5,
        "legend.fontsize": 6.5,
        "legend.title_fontsize": 6.5,
        "legend.frameon": False,
        "lines.linewidth": 0.9,
        "hatch.linewidth": 0.4,
        "savefig.dpi": 300.0,
        # A dollar sign in the name of a folder is no formula.
        "text.parse_math": False,
    }
)
"""Sizes in points, 6.5 at least, which most publishers ask for."""


def width_inches(width: str | float) -> float:
    """How wide a figure is: "column", "page" or a number of inches.

    Raises:
        ValueError: it is neither, or no figure can be that wide.
    """
    known = {"column": COLUMN_INCHES, "page": PAGE_INCHES}
    try:
        inches = known.get(str(width)) or float(width)
    except ValueError:
        inches = float("nan")
    if not _LEAST_INCHES <= inches <= _MOST_INCHES:
        raise ValueError(
            f"the width must be column, page or {_LEAST_INCHES:g} to {_MOST_INCHES:g} inches, "
            f"got {width!r}"
        )
    return inches


@contextmanager
def printed(style_sheet: str | Path | None = None) -> Iterator[None]:
    """Sizes and colours for print, changed by a style sheet of Matplotlib if one is given.

    `style_sheet` is a file of `key: value` lines, or the name of a style of Matplotlib.

    Raises:
        ValueError: there is no such style, or it sets what Matplotlib does not know.
    """
    changes: Any = dict(BASE) | ({} if style_sheet is None else _style_of(str(style_sheet)))
    with rc_context(changes):
        yield


def style_value(key: str) -> Any:
    """What the style of the moment says of a key."""
    parameters: Any = mpl.rcParams
    return parameters[key]


def style_colours() -> list[str]:
    """The colours of the style, in their order."""
    return list(style_value("axes.prop_cycle").by_key().get("color", [INK]))


def _style_of(name: str) -> dict[str, Any]:
    if name in style.library:
        chosen: Any = style.library[name]
        return dict(chosen)
    if not Path(name).is_file():
        raise ValueError(f"a style must be a file or a style of Matplotlib, got {name!r}")
    # Of lines and keys that it does not understand, Matplotlib only tells its log.
    log, told = logging.getLogger("matplotlib"), _Told()
    log.addHandler(told)
    try:
        read: Any = mpl.rc_params_from_file(name, fail_on_error=True, use_default_template=False)
    except (KeyError, ValueError, UnicodeDecodeError) as error:
        raise ValueError(f"{name} is no style sheet of Matplotlib: {one_line(error)}") from error
    finally:
        log.removeHandler(told)
    if told.messages:
        message = one_line(told.messages[0])
        raise ValueError(f"{name} is no style sheet of Matplotlib: {message}")
    return dict(read)


class _Told(logging.Handler):
    """Keeps what a log is told."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def new_printed_figure(width: float, height: float, dpi: float | None = None) -> Figure:
    """An empty figure of so many inches that belongs to no window."""
    density = style_value("savefig.dpi") if dpi is None else dpi
    figure = Figure(figsize=(width, height), dpi=density, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def text_size_pt(key: str = "xtick.labelsize") -> float:
    """The size of the text that a key of the style sets; by default the smallest of a figure."""
    return float(FontProperties(size=style_value(key)).get_size_in_points())


def fix_text_sizes(figure: Figure) -> None:
    """Write the sizes of tick labels into the axes, which otherwise ask for those of the moment.

    How many ticks an axis gets depends on their size: when the figure is saved, outside `printed`,
    there would be others than those that it was laid out for.
    """
    for axes in figure.axes:
        axes.tick_params(axis="x", labelsize=text_size_pt("xtick.labelsize"))
        axes.tick_params(axis="y", labelsize=text_size_pt("ytick.labelsize"))
