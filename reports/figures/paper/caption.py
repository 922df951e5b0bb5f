"""The sentences that belong below a figure of a front: what is shown, and how it was measured."""

from collections.abc import Sequence

from reports.figures.paper.front import FrontOptions, chosen_front, shows_bubbles
from reports.figures.paper.panels import Panel, panels_of
from reports.papers.systems import System
from reports.ties import psnr_std_db, tie_threshold_db


def caption(systems: Sequence[System], options: FrontOptions) -> str:
    """What a reader must know of the figure of the same systems and options.

    Raises:
        ValueError: an unknown column.
    """
    panels = [panel for panel in panels_of(systems, options.x, options.y) if panel.networks]
    if not panels:
        return "Nothing is drawn: no network has both columns."
    first = panels[0]
    subjects = ", and ".join(dict.fromkeys(panel.y.label for panel in panels))
    sentences = [f"{subjects}, against {first.x.label}."]
    for panel in panels:
        sentences += _of_ours(panel)
        sentences += _of_published(panel, options)
    if shows_bubbles(panels, options):
        sentences.append("Areas show parameters.")
    sentences += _of_ties(panels, options)
    if any(system.latency_ci_low_ms is not None for system in first.networks) and (
        options.x == "latency_ms"
    ):
        sentences.append("Bars are 95% intervals.")
    left_out = _left_out(systems, panels)
    if left_out:
        sentences.append(f"Not drawn, since a coordinate is unknown: {', '.join(left_out)}.")
    return " ".join(sentences)


def _of_ours(panel: Panel) -> list[str]:
    trials = [system for system in panel.ours if system.kind == "trial"]
    sentences = []
    for run in dict.fromkeys(system.run for system in trials):
        own = [system for system in trials if system.run == run]
        steps = sorted({system.train_steps for system in own if system.train_steps is not None})
        trained = f", trained {' or '.join(f'{step:,}' for step in steps)} steps" if steps else ""
        name = f" of {run}" if run else ""
        plural = "" if len(own) == 1 else "s"
        sentences.append(f"{len(own)} trial{plural}{name}{trained}.")
    names = [system.name for system in panel.ours if system.kind == "checkpoint"]
    if names:
        sentences.append(f"Evaluated here: {', '.join(names)}.")
    return sentences


def _of_published(panel: Panel, options: FrontOptions) -> list[str]:
    models = [system for system in panel.networks if not system.is_ours]
    if not models:
        return []
    plural = "" if len(models) == 1 else "s"
    sentences = [f"{len(models)} published model{plural}, with the PSNR that papers print."]
    if options.x == "macs":
        counted = [system.name for system in models if system.convention is None]
        if len(counted) < len(models):
            sentences.append("Multiply-adds of published models as their papers count them.")
        if counted:
            sentences.append(f"Multiply-adds counted as ours: {', '.join(counted)}.")
    return sentences


def _of_ties(panels: Sequence[Panel], options: FrontOptions) -> list[str]:
    best = [system for panel in panels for system in chosen_front(panel.ours, options)]
    if options.y != "psnr_y_db" or len(best) < 2:
        return []
    noise_db = max(psnr_std_db(system) for system in best)
    threshold = tie_threshold_db(noise_db, noise_db)
    return [f"The band holds what ties with the front: {threshold:.2f} dB, two standard deviations "
            "of a difference between training seeds."]  # fmt: skip


def _left_out(systems: Sequence[System], panels: Sequence[Panel]) -> list[str]:
    drawn = {id(system) for panel in panels for system in panel.networks}
    return [
        system.name
        for system in systems
        if system.state == "trained" and not system.is_baseline and id(system) not in drawn
    ]
