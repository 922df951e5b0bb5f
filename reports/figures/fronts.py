"""The figures that a report of a run draws: quality against a cost, with the front.

The functions return figures; `style.save_figure` writes them.
"""

from collections.abc import Sequence

from matplotlib.figure import Figure

from reports.figures.paper.front import COMPARABLE_STEPS, FrontOptions, front_figure
from reports.figures.style import save_figure
from reports.figures.words import axis_title
from reports.nothing_trained import why_nothing_trained
from reports.papers.systems import published_systems, systems_of_run
from reports.pareto import comparable, front
from reports.records import TrialRecord, objective
from reports.run_settings import RunSettings
from reports.ties import expected_std_db, tie_threshold_db

__all__ = ["axes_of", "pareto_figure", "psnr_vs_gmacs_figure", "save_figure"]

PUBLISHED_DATASET = "Set5"
_SCREEN_DPI = 160
_WIDE_INCHES = 10.0
"""The names of thirty published models need more than a page."""


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
    title = axis_title(y)
    options = FrontOptions(
        x=x,
        y=y,
        dpi=_SCREEN_DPI,
        bubbles=False,
        bounds=settings.bounds,
        objectives=settings.objectives,
        title=f"{title[0].upper()}{title[1:]} against {axis_title(x)}, ×{settings.scale}",
        notes=_notes(records, settings, y),
        nothing=why_nothing_trained(records, settings),
    )
    return front_figure(systems_of_run(records, settings), options)


def psnr_vs_gmacs_figure(records: Sequence[TrialRecord], settings: RunSettings) -> Figure:
    """PSNR against multiply-adds; the area of a bubble is its number of parameters.

    Trials validated on Set5 share the axes of the published models; others get a panel of their
    own, because decibels of different images do not compare.
    """
    published, beyond = published_systems(settings.scale, (PUBLISHED_DATASET,))
    together = settings.validation_name.lower() == PUBLISHED_DATASET.lower()
    notes = [
        f"{PUBLISHED_DATASET}: as papers print and count them (SMSR: with its mean mask), "
        "counted here where none is printed; ours: with every path."
        + (f" Beyond the axis: {', '.join(beyond)}." if beyond else ""),
        f"Ours: trained {settings.train_steps:,} steps on {settings.training_name}, validated on "
        f"{settings.validation_name}"
        + (
            "."
            if together and settings.train_steps >= COMPARABLE_STEPS
            else "; not comparable with published models."
        ),
    ]
    options = FrontOptions(
        width=_WIDE_INCHES,
        dpi=_SCREEN_DPI,
        bounds=settings.bounds,
        title=f"PSNR against multiply-adds, ×{settings.scale}",
        notes=tuple(notes),
        nothing=why_nothing_trained(records, settings),
    )
    return front_figure([*systems_of_run(records, settings), *published], options)


def _notes(records: Sequence[TrialRecord], settings: RunSettings, quality: str) -> tuple[str, ...]:
    trained = [it for it in comparable(records, settings.objectives) if not it.is_baseline]
    chosen = [it for it in front(records, settings.objectives) if not it.is_baseline]
    notes = [
        f"{len(trained)} trained trials, {len(chosen)} on the front; {settings.train_steps:,} "
        f"steps of the {settings.recipe} recipe on {settings.training_name}; sampler "
        f"{settings.sampler}, seed {settings.seed}"
    ]
    if quality == "psnr_y_db":
        std_db = expected_std_db(settings.train_steps)
        threshold = f"{tie_threshold_db(std_db, std_db):.2f} dB"
        notes.append(f"PSNR differences up to {threshold} are ties (noise between training seeds)")
    return tuple(notes)
