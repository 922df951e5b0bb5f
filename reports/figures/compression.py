"""The figure of what compression makes of the networks of a run."""

from collections.abc import Sequence
from dataclasses import replace

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.compression import ComparedNetwork, changes_in_words
from reports.figures.drawing import by_precision, marker_fill, points
from reports.figures.labels import Label, place_labels
from reports.figures.style import (
    GREY,
    INK,
    Quantity,
    add_legend,
    family_styles,
    freeze_layout,
    new_figure,
    quantity,
    scale_cost_axis,
    set_titles,
)
from reports.figures.words import target_in_words
from reports.run_settings import RunSettings

_COSTS = ("latency_ms", "size_kib")


def compression_figure(networks: Sequence[ComparedNetwork], settings: RunSettings) -> Figure:
    """PSNR against latency and against stored weights, a line from precision to precision.

    A panel whose cost is not known of any network is left out.
    """
    psnr = quantity("psnr_y_db", settings)
    costs = [quantity(name, replace(settings, target=None)) for name in _COSTS]
    shown = [cost for cost in costs if any(_path(it, cost, psnr) for it in networks)] or costs[1:]
    figure = new_figure(4.6 * len(shown) + 2.4, 5.2)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, cost in zip(panels, shown, strict=True):
        _draw(axes, networks, cost, psnr)
    panels[0].set_ylabel(psnr.label)
    title = f"{len(networks)} networks in several precisions, ×{settings.scale}"
    where = [] if settings.target is None else [f"on {target_in_words(settings.target)}"]
    set_titles(panels[0], title, [*where, *changes_in_words(networks)], columns=115)
    add_legend(panels[-1])
    freeze_layout(figure)
    for axes, cost in zip(panels, shown, strict=True):
        place_labels(axes, _labels(networks, cost, psnr))
    return figure


def _draw(axes: Axes, networks: Sequence[ComparedNetwork], cost: Quantity, psnr: Quantity) -> None:
    paths = [_path(network, cost, psnr) for network in networks]
    for path in filter(None, paths):
        axes.plot(*zip(*path, strict=True), color=GREY, lw=0.8, zorder=1)
    trials = [trial for network in networks for trial in network.trials.values()]
    trained = [trial for trial in trials if points([trial], cost, psnr)]
    for family, style in family_styles([trial.family for trial in trained]).items():
        for precision, group in by_precision(trained, family).items():
            across, up = zip(*points(group, cost, psnr), strict=True)
            axes.scatter(
                across,
                up,
                s=34,
                marker=style.marker,
                **marker_fill(precision, style.colour, INK),
                zorder=2,
                label=f"{family}, {precision}",
            )
    scale_cost_axis(axes, [across for path in paths for across, _ in path])
    axes.set_xlabel(cost.label)
    axes.grid(True, lw=0.4, alpha=0.4)


def _labels(networks: Sequence[ComparedNetwork], cost: Quantity, psnr: Quantity) -> list[Label]:
    """The number of each network's first trial beside it; all other markers stay free."""
    labels = []
    for network in networks:
        for trial in network.trials.values():
            text = f"#{trial.trial}" if trial is network.reference else ""
            labels += [Label(text, *point) for point in points([trial], cost, psnr)]
    return labels


def _path(network: ComparedNetwork, cost: Quantity, psnr: Quantity) -> list[tuple[float, float]]:
    """The trials of one network as far as they can be drawn."""
    return points(list(network.trials.values()), cost, psnr)
