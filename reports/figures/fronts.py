"""The figures of a run: quality against a cost, with the front.

The functions return figures; `style.save_figure` writes them.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from reports.figures.drawing import (
    draw_baseline,
    draw_front,
    draw_trials,
    drawable,
    intervals,
    points,
    trial_labels,
    with_baseline,
)
from reports.figures.gmacs import psnr_vs_gmacs_figure
from reports.figures.labels import place_labels
from reports.figures.style import (
    add_legend,
    freeze_layout,
    new_figure,
    quantity,
    save_figure,
    say_empty,
    scale_cost_axis,
    set_titles,
)
from reports.nothing_trained import why_nothing_trained
from reports.pareto import front
from reports.records import OBJECTIVES, TrialRecord, objective
from reports.run_settings import RunSettings
from reports.ties import expected_std_db, tie_threshold_db

__all__ = ["axes_of", "pareto_figure", "plot_figure", "psnr_vs_gmacs_figure", "save_figure"]


def axes_of(objectives: Sequence[str]) -> tuple[str, str]:
    """The two columns that show a run best: a cost, and the quality it buys.

    The cost is the first objective to be minimised, else `macs`. The quality is PSNR if it is
    an objective, else the first to be maximised, else a second cost, else PSNR.

    Raises:
        ValueError: an unknown objective.
    """
    costs = [name for name in objectives if objective(name).direction == "minimise"]
    gains = [name for name in objectives if name not in costs]
    gains.sort(key=lambda name: name != "psnr_y_db")
    return (costs or ["macs"])[0], (gains or costs[1:] or ["psnr_y_db"])[0]


def pareto_figure(records: Sequence[TrialRecord], settings: RunSettings) -> Figure:
    """Every trained trial of a run and the front, quality against the cost objective.

    The line is the front of the two quantities drawn; strong markers are the front of all
    objectives, which is the same set if there are two.

    Raises:
        ValueError: an unknown objective.
    """
    x, y = axes_of(settings.objectives)
    return _scatter_figure(records, settings, x, y, settings.objectives)


def plot_figure(records: Sequence[TrialRecord], settings: RunSettings, x: str, y: str) -> Figure:
    """Any objective against another, with the front of these two.

    PSNR against MACs is drawn as papers do, beside the published models.

    Raises:
        ValueError: an unknown objective, twice the same, or one that no trained trial has.
    """
    if x == y:
        raise ValueError(f"a plot needs two different columns, got {x} twice")
    for name in (x, y):
        _check_known(name, records)
    if (x, y) == ("macs", "psnr_y_db"):
        return psnr_vs_gmacs_figure(records, settings)
    return _scatter_figure(records, settings, x, y, (x, y))


def _check_known(name: str, records: Sequence[TrialRecord]) -> None:
    objective(name)
    trained = [record for record in records if record.state == "trained" and not record.is_baseline]
    known = [
        column
        for column in OBJECTIVES
        if any(getattr(record, column) is not None for record in trained)
    ]
    if trained and name not in known:
        raise ValueError(
            f"a plot needs columns of the run, but no trained trial has {name}; they have "
            f"{', '.join(known)}"
        )


def _scatter_figure(
    records: Sequence[TrialRecord],
    settings: RunSettings,
    x_name: str,
    y_name: str,
    objectives: Sequence[str],
) -> Figure:
    x, y = quantity(x_name, settings), quantity(y_name, settings)
    figure = new_figure(9.8, 5.6)
    axes = figure.add_subplot()
    trained, baseline = drawable(records, x, y)
    chosen = [record for record in front(records, objectives) if record in trained]
    title = f"{y.title[0].upper()}{y.title[1:]} against {x.title}, x{settings.scale}"
    notes = _notes(settings, len(trained), len(chosen), (x_name, y_name))
    set_titles(axes, title, notes, columns=130)
    axes.set_xlabel(x.label)
    axes.set_ylabel(y.label)
    axes.grid(True, lw=0.4, alpha=0.4)
    scale_cost_axis(axes, [across for across, _ in points(trained, x, y)])
    staircase = draw_front(axes, with_baseline(trained, baseline, x), x, y)
    draw_trials(axes, trained, chosen, x, y)
    draw_baseline(axes, baseline, x, y)
    if not trained:
        say_empty(axes, why_nothing_trained(records, settings))
    axes.margins(0.06, 0.08)
    add_legend(axes)
    freeze_layout(figure)
    avoid = staircase + intervals(chosen, x, y)
    place_labels(axes, trial_labels(trained, chosen, x, y), avoid)
    return figure


def _notes(settings: RunSettings, trained: int, chosen: int, names: tuple[str, str]) -> list[str]:
    notes = [
        f"{trained} trained trials, {chosen} on the front; {settings.train_steps} steps of the "
        f"{settings.recipe} recipe on {settings.training_name}; sampler {settings.sampler}, "
        f"seed {settings.seed}",
    ]
    if "psnr_y_db" in names:
        std_db = expected_std_db(settings.train_steps)
        threshold = f"{tie_threshold_db(std_db, std_db):.2f} dB"
        notes.append(f"PSNR differences up to {threshold} are ties (noise between training seeds)")
    return notes
