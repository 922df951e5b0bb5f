"""What a network that decides by its input decided on validation images, at inference."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from imaging.evaluation import ValidationPair


@dataclass(frozen=True)
class Section:
    """A part of a training's page: a heading, a paragraph and a table."""

    heading: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Decisions:
    """What a network decided, as a training reports it."""

    logged: tuple[float, ...] = ()
    """The values of the columns that the family's networks have in the training's log."""
    document: Mapping[str, object] = field(default_factory=dict)
    """As JSON."""
    sentences: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    drawn: Any = None
    """What the figure of the family shows; None where there is no figure."""


Decide = Callable[[Any, Sequence[ValidationPair], str], Decisions]


@dataclass(frozen=True)
class Behaviour:
    """How the decisions of one family's networks are found and reported."""

    name: str
    """Of the family."""
    columns: Callable[[Any], tuple[str, ...]]
    """From a configuration to the columns of the training's log."""
    decide: Decide
    """From a network, validation images and the device to the decisions."""
    undecided: Mapping[str, object] = field(default_factory=dict)
    """What the keys of the JSON document hold for the networks of other families."""
