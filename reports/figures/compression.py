"""The figure of what compression makes of the networks of a run."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.compression import ComparedNetwork, changes_in_words
from reports.figures.drawing import draw_trials, points
from reports.figures.style import (
    GREY,
    Quantity,
    add_legend,
    new_figure,
    quantity,
    scale_cost_axis,
    set_titles,
)
from reports.run_settings import RunSettings

_COSTS = ("latency_ms", "size_kib")


def compression_figure(networks: Sequence[ComparedNetwork], settings: RunSettings) -> Figure:
    """PSNR against latency and against stored weights, a line from precision to precision.

    A panel whose cost is not known of any network is left out.
    """
    psnr = quantity("psnr_y_db", settings)
    costs = [quantity(name, settings) for name in _COSTS]
    shown = [cost for cost in costs if any(_path(it, cost, psnr) for it in networks)] or costs[1:]
    figure = new_figure(4.6 * len(shown) + 2.4, 5.2)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, cost in zip(panels, shown, strict=True):
        _draw(axes, networks, cost, psnr)
    panels[0].set_ylabel(psnr.label)
    title = f"{len(networks)} networks in several precisions, x{settings.scale}"
    set_titles(panels[0], title, changes_in_words(networks), columns=95)
    add_legend(panels[-1])
    return figure


def _draw(axes: Axes, networks: Sequence[ComparedNetwork], cost: Quantity, psnr: Quantity) -> None:
    paths = [_path(network, cost, psnr) for network in networks]
    for path in filter(None, paths):
        axes.plot(*zip(*path, strict=True), color=GREY, lw=0.8, zorder=1)
    trials = [trial for network in networks for trial in network.trials.values()]
    trained = [trial for trial in trials if points([trial], cost, psnr)]
    draw_trials(axes, trained, (), cost, psnr)
    scale_cost_axis(axes, [across for path in paths for across, _ in path])
    axes.set_xlabel(cost.label.replace(" on ", "\non "))
    axes.grid(True, lw=0.4, alpha=0.4)


def _path(network: ComparedNetwork, cost: Quantity, psnr: Quantity) -> list[tuple[float, float]]:
    """The trials of one network as far as they can be drawn."""
    return points(list(network.trials.values()), cost, psnr)
