"""What a trained network decides by its input, and the figures that show it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from matplotlib.figure import Figure

from blocks.models import Model
from foundation.registry import Registry
from imaging import ValidationPair, prepare_validation
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


DECISION_FIGURES = Registry(
    "figure of decisions",
    (DecisionFigure("seemore", _draw_experts), DecisionFigure("smsr", _draw_masks)),
)


def decision_figure(family: str, decisions: Decisions, name: str) -> Figure | None:
    """The figure of what a network decided; None where there is none."""
    own = DECISION_FIGURES.get(family)
    return None if own is None or decisions.drawn is None else own.draw(decisions.drawn, name)


@dataclass(frozen=True)
class DecisionRequest:
    """On which images a trained network is watched, and where what it decides is drawn."""

    pairs: Sequence[ValidationPair]
    data: str
    figure: Path | None

    @classmethod
    def of(cls, model: Model, data: str, figure: Path | None) -> Self | None:
        """Read the images; None where nothing is decided and no figure was asked for.

        Raises:
            ValueError: a figure was asked for, of which there is none, or of an unknown format;
                there are no images, or one is too small.
        """
        family = None if model.config is None else model.config.family
        if figure is not None:
            figure_format(figure)
            _require_figure(model, family)
        if model.weights is None or family not in BEHAVIOURS:
            return None
        images = load_images(data, split="validation").images
        return cls(prepare_validation(images, model.scale), data, figure)

    def fulfil(self, model: Model) -> "TrainedDecisions | None":
        """Run the network on the images, and draw the figure; None if nothing is decided.

        Raises:
            ValueError: a figure was asked for, but nothing is decided.
            OSError: the figure cannot be written.
        """
        network = model.network()
        decisions = own_decisions_of(network, self.pairs, device="cpu")
        if self.figure is not None:
            name = f"{model.name}, x{model.scale}"
            drawn = decision_figure(network.config.family, decisions, name)
            if drawn is None:
                raise ValueError(
                    f"a figure needs a network that decides by its input, but {model.name} uses "
                    "every expert for every image: leave the figure out"
                )
            save_figure(drawn, self.figure)
        return TrainedDecisions(decisions, self.data, self.figure) if decisions.sections else None


def _require_figure(model: Model, family: str | None) -> None:
    if family not in DECISION_FIGURES:
        known = ", ".join(DECISION_FIGURES)
        raise ValueError(
            f"a figure shows what the trained networks of a family decide by their input ({known}),"
            f" but {model.name} is {family or 'no network'}: leave the figure out"
        )
    if model.weights is None:
        raise ValueError(
            f"a figure shows what trained weights decide, but {model.name} has none: give the "
            "checkpoint of a training"
        )


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
