"""The families that can be searched, and what a search config says of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import pydantic

from foundation.configs import FrozenConfig, nearest
from foundation.registry import Registry
from search.space.classsr import ClassSRSpace
from search.space.family import FamilySpace
from search.space.hybrid import HybridSpace
from search.space.seemore import SeemoReSpace
from search.space.smsr import SmsrSpace
from search.space.splitsr import SplitSRSpace


@dataclass(frozen=True)
class SearchedFamily:
    """A family of networks and its space."""

    space_type: type[FamilySpace]

    @property
    def name(self) -> str:
        """Of the family."""
        return self.space_type.family


SPACES = Registry(
    "searched family",
    (
        SearchedFamily(SplitSRSpace),
        SearchedFamily(SeemoReSpace),
        SearchedFamily(SmsrSpace),
        SearchedFamily(ClassSRSpace),
        SearchedFamily(HybridSpace),
    ),
)
"""A study asks for the hyperparameters of the families in this order."""


class Families(FrozenConfig):
    """The searched families with their hyperparameters' ranges; one left out is not searched.

    `parse_families` gives it a field for each of `SPACES`.
    """

    def searched(self) -> tuple[FamilySpace, ...]:
        """The spaces of the families that are searched, in the order of `SPACES`."""
        spaces = (getattr(self, name) for name in type(self).model_fields)
        return tuple(space for space in spaces if space is not None)


def parse_families(data: object) -> Families:
    """The families in `data`, a mapping from their names to ranges of hyperparameters.

    Raises:
        pydantic.ValidationError: a family is not one of `SPACES`, or a range is impossible.
    """
    if isinstance(data, Families):
        return data
    if isinstance(data, Mapping):
        _check_names(data)
    return _with_fields(tuple(SPACES.values())).model_validate(data)


def _check_names(data: Mapping[object, object]) -> None:
    for name, ranges in data.items():
        if name not in SPACES:
            raise ValueError(
                f"no family that can be searched is called {name!r}{nearest(name, SPACES)} (one of "
                "your own needs its module under plugins)"
            )
        if ranges is None:
            raise ValueError(
                f"{name} needs its ranges, but nothing stands behind its colon: write {name}: {{}} "
                "for those by default"
            )


ParsedFamilies = Annotated[
    pydantic.SerializeAsAny[Families], pydantic.PlainValidator(parse_families)
]
"""`Families` as the field of a config."""


def every_space() -> tuple[FamilySpace, ...]:
    """The spaces of all families, in their whole ranges."""
    return tuple(searched.space_type() for searched in SPACES.values())


@lru_cache
def _with_fields(searched: tuple[SearchedFamily, ...]) -> type[Families]:
    """One type for the same families, so that equal configs are equal."""
    # A dump leaves out what is not searched, since a name without ranges is refused.
    left_out = pydantic.Field(default=None, exclude_if=lambda space: space is None)
    fields: dict[str, Any] = {one.name: (one.space_type | None, left_out) for one in searched}
    return pydantic.create_model("Families", __base__=Families, **fields)
