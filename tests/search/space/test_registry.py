"""The searched families of a config."""

from typing import ClassVar, cast

import pytest

from blocks import EdsrConfig, Scale
from search.space.family import SkippedFamilySpace
from search.space.registry import SPACES, Families, SearchedFamily, every_space, parse_families
from search.space.smsr import SmsrSpace
from search.space.splitsr import SplitSRSpace


class EdsrSpace(SkippedFamilySpace):
    """A space for a family without an image skip to choose."""

    family: ClassVar[str] = "edsr"

    def network(self, values: object, scale: Scale) -> EdsrConfig:
        return EdsrConfig(scale=scale, blocks=1)

    def values(self, config: object) -> dict[str, bool | int | float | str]:
        return {"image_skip": "none"}


@pytest.fixture(autouse=True)
def _registry_is_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SPACES, "_entries", dict(SPACES))


def test_families_are_searched_in_one_order_however_they_are_written() -> None:
    families = parse_families({"smsr": {"channels": [16, 32]}, "splitsr": {}})
    assert families.searched() == (SplitSRSpace(), SmsrSpace(channels=(16, 32)))
    assert [space.family for space in every_space()] == [
        "splitsr", "seemore", "smsr", "classsr", "hybrid",
    ]  # fmt: skip


def test_equal_families_are_equal_and_round_trip() -> None:
    data = {"splitsr": {"channels": [8]}, "smsr": {}}
    families = parse_families(data)
    assert parse_families(data) == families
    assert parse_families(families.model_dump(mode="json")) == families


def test_an_added_family_can_be_named_in_a_config() -> None:
    with pytest.raises(ValueError, match="called 'edsr'; known: splitsr, seemore, smsr, cl"):
        parse_families({"edsr": {}})
    SPACES.add(SearchedFamily(EdsrSpace))
    families: Families = parse_families({"edsr": {}, "smsr": {}})
    assert families.searched() == (SmsrSpace(), EdsrSpace())


def test_an_image_skip_that_a_family_lacks_is_an_error() -> None:
    with pytest.raises(ValueError, match="edsr network with an image skip: unknown key 'image_sk"):
        EdsrSpace().prepared_for_search(EdsrConfig(scale=2))


def test_a_published_network_gets_the_first_image_skip_of_the_space() -> None:
    space = SplitSRSpace(image_skip=("bicubic", "none"))
    published = space.typical(2)
    prepared = space.prepared_for_search(published)
    assert cast("dict[str, object]", prepared.model_dump())["image_skip"] == "bicubic"
    assert type(prepared) is type(published)
