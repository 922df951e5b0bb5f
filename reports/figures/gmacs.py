"""PSNR against GMACs as papers draw it, published models beside the run's own trials.

They are two kinds of evidence: published models were trained for days and tested on Set5,
ours briefly. So ours are hollow, say how they were trained, and get a panel of their own
where they were validated on other images, because dB of different images do not compare.
"""

import textwrap
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.bubbles import BubbleScale, bubble_scale
from reports.figures.drawing import (
    by_precision,
    draw_baseline,
    draw_front,
    drawable,
    marker_face,
    points,
    trial_labels,
)
from reports.figures.labels import Label, place_labels
from reports.figures.style import (
    PUBLISHED_BLUE,
    PUBLISHED_EDGE,
    Quantity,
    add_legend,
    family_styles,
    freeze_layout,
    new_figure,
    quantity,
    say_empty,
    scale_cost_axis,
    set_titles,
)
from reports.nothing_trained import why_nothing_trained
from reports.pareto import front
from reports.published import PublishedModel, published_models
from reports.records import TrialRecord
from reports.run_settings import RunSettings

PUBLISHED_DATASET = "Set5"
# Papers train for half a million steps and more; far fewer are another kind of evidence.
COMPARABLE_STEPS = 100_000
# The costliest recursive networks would take a third of the width and are no rivals here.
DRAWN_UP_TO_GMACS = 1000.0


def psnr_vs_gmacs_figure(records: Sequence[TrialRecord], settings: RunSettings) -> Figure:
    """PSNR over GMACs at 1280x720; the area of a bubble is its number of parameters.

    Trials validated on Set5 share the axes of the published models; others get a panel below
    with the same GMACs but their own dB.
    """
    macs, psnr = quantity("macs", settings), quantity("psnr_y_db", settings)
    trained, baseline = drawable(records, macs, psnr)
    published = published_models(settings.scale, PUBLISHED_DATASET)
    models = [model for model in published if model.gmacs <= DRAWN_UP_TO_GMACS]
    beyond = [f"{model.model} ({model.gmacs:,.0f})" for model in published if model not in models]
    chosen = front(trained, ("macs", "psnr_y_db"))
    together = settings.validation_name.lower() == PUBLISHED_DATASET.lower()

    figure, top, bottom = _panels(together)
    published_k = [model.params_k for model in models]
    our_k = [_params_k(record) for record in trained]
    shared = bubble_scale([*published_k, *our_k])
    published_scale = shared if together else bubble_scale(published_k)
    # Without trials there are no bubbles to compare, so any scale will do.
    our_scale = shared if together or not our_k else bubble_scale(our_k)
    scale_cost_axis(
        bottom, [model.gmacs for model in models] + [x for x, _ in points(trained, macs, psnr)]
    )
    _draw_published(top, models, published_scale)
    _draw_ours(bottom, trained, our_scale, macs, psnr)
    if not trained:
        say_empty(bottom, why_nothing_trained(records, settings))
    staircase = draw_front(bottom, trained, macs, psnr)
    draw_baseline(bottom, baseline, macs, psnr)

    notes = [
        "GMACs as each paper counts them (SMSR: with its mean mask); ours: with every path.",
        "The area of a bubble is its number of parameters."
        + (f" Beyond the axis: {', '.join(beyond)}." if beyond else ""),
    ]
    set_titles(top, f"PSNR against GMACs, x{settings.scale}", notes, columns=130)
    top.set_ylabel(f"PSNR on Y, {PUBLISHED_DATASET} x{settings.scale} (dB)")
    bottom.set_ylabel(psnr.label)
    bottom.set_xlabel(macs.label)
    for axes in dict.fromkeys((top, bottom)):
        axes.grid(True, lw=0.4, alpha=0.4)
        axes.margins(0.05, 0.1)
    if not together:
        _add_legends(top, published_scale)
        top.tick_params(labelbottom=False)
    _add_legends(bottom, our_scale, _evidence(settings, together))
    freeze_layout(figure)

    published_labels = [
        Label(model.model, model.gmacs, model.psnr_db, published_scale.radius_pt(model.params_k))
        for model in models
    ]
    our_labels = trial_labels(
        trained, chosen, macs, psnr, lambda record: our_scale.radius_pt(_params_k(record))
    )
    if together:
        place_labels(top, [*published_labels, *our_labels], staircase)
    else:
        place_labels(top, published_labels)
        place_labels(bottom, our_labels, staircase)
    return figure


def _panels(together: bool) -> tuple[Figure, Axes, Axes]:
    """A figure with the axes of the published models and those of ours, maybe the same."""
    if together:
        figure = new_figure(10.5, 7.6)
        axes = figure.add_subplot()
        return figure, axes, axes
    figure = new_figure(10.5, 9.0)
    top = figure.add_subplot(2, 1, 1)
    return figure, top, figure.add_subplot(2, 1, 2, sharex=top)


def _draw_published(axes: Axes, models: Sequence[PublishedModel], scale: BubbleScale) -> None:
    # The largest first, so that no bubble hides a smaller one.
    for model in sorted(models, key=lambda model: -model.params_k):
        area_pt2 = scale.area_pt2(model.params_k)
        axes.scatter(
            model.gmacs,
            model.psnr_db,
            s=area_pt2,
            color=PUBLISHED_BLUE,
            edgecolors=PUBLISHED_EDGE,
            lw=0.5,
        )
    label = f"published, tested on {PUBLISHED_DATASET}"
    axes.scatter([], [], s=40, color=PUBLISHED_BLUE, label=label)


def _draw_ours(
    axes: Axes, trained: Sequence[TrialRecord], scale: BubbleScale, x: Quantity, y: Quantity
) -> None:
    """Hollow, hatched bubbles with the family's marker in the middle."""
    for family, style in family_styles([record.family for record in trained]).items():
        members = [record for record in trained if record.family == family]
        across, up = zip(*points(members, x, y), strict=True)
        axes.scatter(
            across,
            up,
            s=[scale.area_pt2(_params_k(record)) for record in members],
            facecolors="none",
            edgecolors=style.colour,
            hatch="//////",
            lw=0.8,
            alpha=0.7,
        )
        for precision, group in by_precision(trained, family).items():
            across, up = zip(*points(group, x, y), strict=True)
            axes.scatter(
                across,
                up,
                s=18,
                facecolors="white" if precision is None else marker_face(precision, style.colour),
                edgecolors=style.colour,
                marker=style.marker,
                lw=1.0,
                zorder=4,
                label=f"ours, {family}" + ("" if precision is None else f", {precision}"),
            )


def _params_k(record: TrialRecord) -> float:
    return (record.params or 0) / 1e3


def _evidence(settings: RunSettings, together: bool) -> str:
    """How ours came about, in the words of the legend."""
    comparable = together and settings.train_steps >= COMPARABLE_STEPS
    text = (
        f"ours: trained {settings.train_steps} steps on {settings.training_name}, "
        f"validated on {settings.validation_name}"
    )
    return textwrap.fill(text + ("" if comparable else "; not comparable with published"), 28)


def _add_legends(axes: Axes, scale: BubbleScale, title: str = "") -> None:
    """What the colours mean above, what the sizes mean below, both right of the axes."""
    add_legend(axes, title=title)
    axes.add_artist(scale.legend(axes))
