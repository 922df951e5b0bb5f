from dataclasses import dataclass

import pytest

from foundation.registry import Registry, add_together


@dataclass(frozen=True)
class Colour:
    name: str
    hue: int = 0


def colours() -> Registry[Colour]:
    return Registry("colour", (Colour("red", 0), Colour("green", 120), Colour("blue", 240)))


def test_entries_are_found_by_name_in_the_order_written() -> None:
    registry = colours()
    assert list(registry) == ["red", "green", "blue"]
    assert registry["green"] == registry.find("green") == Colour("green", 120)
    assert len(registry) == 3


def test_an_added_entry_comes_last() -> None:
    registry = colours()
    registry.add(Colour("white"))
    assert list(registry) == ["red", "green", "blue", "white"]


@pytest.mark.parametrize("second", [Colour("red"), Colour("white")])
def test_additions_succeed_wholly_or_change_nothing(second: Colour) -> None:
    registry = colours()
    before = dict(registry)
    with pytest.raises(ValueError, match=f"every colour must have .* got '{second.name}' again"):
        registry.add(Colour("white"), second)
    assert dict(registry) == before


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"^unknown colour 'gren'; did you mean 'green'\?$"):
        colours().find("gren")
    with pytest.raises(ValueError, match=r"^unknown colour 'xyz'; known: red, green, blue$"):
        colours().find("xyz")


def test_several_registries_change_together_or_not_at_all() -> None:
    first, second, third = colours(), Registry[Colour]("shade"), colours()
    with pytest.raises(ValueError, match=r"every colour must have .* got 'red' again"):
        add_together((first, Colour("white")), (second, Colour("red")), (third, Colour("red")))
    assert [list(registry) for registry in (first, second, third)] == [
        ["red", "green", "blue"], [], ["red", "green", "blue"],
    ]  # fmt: skip
    add_together((first, Colour("white")), (second, Colour("red")))
    assert (list(first)[-1], list(second)) == ("white", ["red"])
