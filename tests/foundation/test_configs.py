"""Outside data becomes a configuration or one clear line."""

import math
from typing import Annotated, Literal

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from foundation.configs import FrozenConfig, nearest, parse_config


class Cat(FrozenConfig):
    kind: Literal["cat"]
    lives: Annotated[int, Field(ge=1)] = 9


class Dog(FrozenConfig):
    kind: Literal["dog"]
    weight_kg: float


class Household(FrozenConfig):
    street: str = "x"
    pets: tuple[Annotated[Cat | Dog, Field(discriminator="kind")], ...] = ()
    rooms: dict[str, float] = Field(default_factory=dict)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"stret": "y"}, "unknown key 'stret'; did you mean 'street'?"),
        ({"zzz": 1}, "unknown key 'zzz'; known: street, pets, rooms"),
        ({3: 1}, "unknown key 3; known: street, pets, rooms"),
        ({"street": 3}, "street should be a valid string, got 3"),
        ({"rooms": {"attic": math.inf}}, "rooms.attic should be a finite number, got inf"),
        (
            {"pets": [{"kind": "cat", "lives": 0}]},
            "pets[0].lives should be greater than or equal to 1, got 0",
        ),
        (
            {"pets": [{"kind": "cat"}, {"kind": "dog", "weight": 3}]},
            "pets[1]: unknown key 'weight'; did you mean 'weight_kg'?",
        ),
        ({"pets": [{"kind": "dog"}]}, "pets[0].weight_kg is required but missing"),
        ({"pets": [{"kind": "dgo"}]}, "pets[0].kind 'dgo' is unknown; did you mean 'dog'?"),
        ({"pets": [{"kind": "eel"}]}, "pets[0].kind 'eel' is unknown; known: cat, dog"),
        ({"pets": [{}]}, "pets[0].kind is required but missing"),
        ({"pets": ["dog"]}, "pets[0] should be a mapping, got 'dog'"),
        ([1], "should be a mapping, got [1]"),
        (None, "should be a mapping, got None"),
        ({"street": 3, "rooms": 4}, "street should be a valid string, got 3 (and 1 more)"),
        ({"street": list(range(99))}, "street should be a valid string, got [0, 1, 2,"),
    ],
)
def test_a_problem_is_one_line_with_place_rule_and_value(data: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_config(Household, data, "home.yaml")
    line = str(caught.value)
    assert line.startswith(f"home.yaml: {message}")
    assert "\n" not in line and len(line) < 160
    assert not isinstance(caught.value, ValidationError)


def test_an_adapter_parses_as_its_type() -> None:
    assert parse_config(TypeAdapter(list[Cat]), [{"kind": "cat"}], "x") == [Cat(kind="cat")]


def test_a_config_is_its_own_data() -> None:
    home = Household(rooms={"attic": 2.0})
    assert parse_config(Household, home, "x") == home
    assert parse_config(Household, home.model_dump(), "x") == home


def test_configs_are_frozen_and_refuse_unknown_keys_when_built_directly() -> None:
    with pytest.raises(ValueError, match="did you mean 'street'"):
        Household(stret="y")  # type: ignore[call-arg]
    with pytest.raises(ValidationError, match="frozen"):
        Household().street = "z"


def test_nearest_lists_all_when_none_is_near() -> None:
    assert nearest("chanels", ["channels", "groups"]) == "; did you mean 'channels'?"
    assert nearest("q", ["channels", "groups"]) == "; known: channels, groups"
