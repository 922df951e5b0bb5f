"""What a trained network decides by its input, and the figures that show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from blocks.models import Model
from foundation.listener import Listener
from foundation.registry import Registry
from imaging import BUNDLED, prepare_validation
from imaging.images import load_images
from paretosr.results import Result, Table
from reports.figures.expert_choices import expert_heat_maps
from reports.figures.masks import mask_figure
from reports.figures.style import figure_format, save_figure
from training.behaviour import BEHAVIOURS, ActivePixels, Decisions, ExpertChoices, own_decisions_of


@dataclass(frozen=True)
class DecisionFigure:
    """How the decisions of one family's networks are drawn."""

    name: str
    """Of the family."""
    draw: Callable[[Any, str], Figure]
    """From `Decisions.drawn`, and what the network is called, to the figure."""


def _draw_experts(choices: ExpertChoices, name: str) -> Figure:
    return expert_heat_maps(
        choices.chosen, name=name, images=choices.images, experts=choices.experts
    )


def _draw_masks(photographs: Sequence[ActivePixels], name: str) -> Figure:
    return mask_figure(photographs, name=name)


def _draw_hybrid(drawn: ExpertChoices | Sequence[ActivePixels], name: str) -> Figure:
    if isinstance(drawn, ExpertChoices):
        return _draw_experts(drawn, name)
    return _draw_masks(drawn, name)


DECISION_FIGURES = Registry(
    "figure of decisions",
    (
        DecisionFigure("seemore", _draw_experts),
        DecisionFigure("smsr", _draw_masks),
        DecisionFigure("hybrid", _draw_hybrid),
    ),
)


def decision_figure(family: str, decisions: Decisions, name: str) -> Figure | None:
    """The figure of what a network decided; None where there is none."""
    own = DECISION_FIGURES.get(family)
    return None if own is None or decisions.drawn is None else own.draw(decisions.drawn, name)


@dataclass(frozen=True, repr=False)
class TrainedDecisions(Result):
    """What a trained network decided by its input on images."""

    decisions: Decisions
    data: str
    """The folder of the images, or "bundled"."""
    figure: Path | None
    """Where it was drawn, if that was asked for."""

    def to_dict(self) -> Mapping[str, object]:
        return {
            "data": self.data,
            **self.decisions.document,
            "figure": None if self.figure is None else str(self.figure),
        }

    def tables(self) -> Sequence[Table]:
        return [
            Table(
                section.columns,
                section.rows,
                frozenset(section.columns[1:]),
                f"{section.heading}, on {self.data}",
            )
            for section in self.decisions.sections
        ]

    def sentences(self) -> Sequence[str]:
        drawn = () if self.figure is None else (str(self.figure),)
        return (*self.decisions.sentences, *drawn)


def trained_decisions(
    model: Model, data: str, figure: Path | None, listener: Listener
) -> TrainedDecisions | None:
    """What a model decides on the images of `data`, drawn in `figure`; None where it is nothing.

    Raises:
        ValueError: images or a figure are given, but nothing is decided or nothing can be drawn;
            there are no images, or one is too small.
        OSError: the figure cannot be written.
    """
    if figure is not None:
        figure_format(figure)
    decisions = _decisions(model, data, listener)
    if decisions is None:
        if figure is not None or data != BUNDLED:
            raise ValueError(
                "images (--data) and a figure are of what trained weights decide by the image, but "
                f"{model.name} has no weights that decide anything: leave them out, or give a "
                f"checkpoint of {', '.join(BEHAVIOURS)}"
            )
        return None
    if figure is not None:
        assert model.config is not None  # it decides
        drawn = decision_figure(model.config.family, decisions, f"{model.name}, x{model.scale}")
        if drawn is None:
            raise ValueError(
                f"a figure is drawn of the decisions of {', '.join(DECISION_FIGURES)}, but "
                f"{model.name} is of the family {model.config.family}: leave the figure out"
            )
        save_figure(drawn, figure)
    return TrainedDecisions(decisions, data, figure)


def _decisions(model: Model, data: str, listener: Listener) -> Decisions | None:
    if model.config is None or model.weights is None or model.config.family not in BEHAVIOURS:
        return None
    listener.status("finding what the network decides")
    images = load_images(data, split="validation")
    for note in images.notes:
        listener.warning(note)
    pairs = prepare_validation(images.images, model.scale)
    decisions = own_decisions_of(model.network(), pairs, device="cpu")
    return decisions if decisions.sections else None
