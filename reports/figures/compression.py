"""The figure of what compression makes of the networks of a run."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from reports.compression.networks import FORMS, ComparedNetwork, Version, changes_in_words
from reports.figures.drawing import Point, marker_face, points
from reports.figures.labels import Label, place_labels
from reports.figures.style import (
    GREY,
    INK,
    FamilyStyle,
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
_HALVES = MappingProxyType({"pruned": "bottom", "distilled": "left"})
"""What is filled of a marker; of the precisions all is, by less colour in fewer bits."""


def compression_figure(networks: Sequence[ComparedNetwork], settings: RunSettings) -> Figure:
    """PSNR against latency and against stored weights, a line from a network to each other form.

    A panel whose cost is not known of any network is left out.
    """
    psnr = quantity("psnr_y_db", settings)
    costs = [quantity(name, replace(settings, target=None)) for name in _COSTS]
    shown = [cost for cost in costs if any(_drawn(networks, cost, psnr))] or costs[1:]
    figure = new_figure(4.6 * len(shown) + 2.0, 5.2)
    panels = figure.subplots(1, len(shown), sharey=True, squeeze=False)[0]
    for axes, cost in zip(panels, shown, strict=True):
        _draw(axes, networks, cost, psnr)
    panels[0].set_ylabel(psnr.label)
    many = f"{len(networks)} networks" if len(networks) > 1 else "a network"
    title = f"What compression makes of {many}, ×{settings.scale}"
    where = [] if settings.target is None else [f"on {target_in_words(settings.target)}"]
    set_titles(panels[0], title, [*where, *changes_in_words(networks)], columns=115)
    add_legend(panels[-1], handles=_handles(networks))
    freeze_layout(figure)
    for axes, cost in zip(panels, shown, strict=True):
        place_labels(axes, _labels(networks, cost, psnr))
    return figure


def _draw(axes: Axes, networks: Sequence[ComparedNetwork], cost: Quantity, psnr: Quantity) -> None:
    joined = [
        [*begin, end]
        for network in networks
        if (begin := points([network.reference.record], cost, psnr))
        for version in network.versions[1:]
        for end in points([version.record], cost, psnr)
    ]
    axes.add_collection(LineCollection(joined, colors=GREY, linewidths=0.8, zorder=1))
    styles, drawn = _styles(networks), _drawn(networks, cost, psnr)
    # The least compressed last and smallest: a form of the same size shows as a ring around it.
    for version, (across, up) in reversed(drawn):
        look = _look(version.form, styles[version.record.family])
        axes.plot(across, up, ls="none", zorder=2, **look)
    scale_cost_axis(axes, [across for _, (across, _) in drawn])
    axes.set_xlabel(cost.label)
    axes.grid(True, lw=0.4, alpha=0.4)


def _drawn(
    networks: Sequence[ComparedNetwork], cost: Quantity, psnr: Quantity
) -> list[tuple[Version, Point]]:
    """The versions of which both coordinates are known, with their points."""
    versions = [version for network in networks for version in network.versions]
    return [(it, point) for it in versions for point in points([it.record], cost, psnr)]


def _styles(networks: Sequence[ComparedNetwork]) -> Mapping[str, FamilyStyle]:
    return family_styles([it.record.family for network in networks for it in network.versions])


def _look(form: str, style: FamilyStyle) -> dict[str, Any]:
    """The marker of a form in a family's colour; each differs from the others in grey too."""
    half = _HALVES.get(form)
    return {
        "marker": style.marker,
        "fillstyle": half or "full",
        "markersize": 6.0 if form == FORMS[0] else 8.0,
        "markerfacecolor": style.colour if half else marker_face(form, style.colour),
        "markerfacecoloralt": "white",
        "markeredgecolor": INK if form == "float32" else style.colour,
        "markeredgewidth": 0.6 if form == "float32" else 1.2,
    }


def _handles(networks: Sequence[ComparedNetwork]) -> list[Line2D]:
    """Each family by its marker, then each form by how it fills one."""
    forms = [form for form in FORMS if any(network.of(form) for network in networks)]
    families = {name: _look(FORMS[0], style) for name, style in _styles(networks).items()}
    fills = {form: _look(form, FamilyStyle(form, INK, "o")) for form in forms}
    return [
        Line2D([], [], ls="none", label=name, **look) for name, look in (families | fills).items()
    ]


def _labels(networks: Sequence[ComparedNetwork], cost: Quantity, psnr: Quantity) -> list[Label]:
    """The number of each network's first trial beside it; all other markers stay free."""
    labels = []
    for network in networks:
        for version in network.versions:
            text = version.name if version is network.reference else ""
            labels += [Label(text, *point) for point in points([version.record], cost, psnr)]
    return labels
