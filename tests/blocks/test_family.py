"""A family that is added: from the registries to a configuration, a network and a file."""

from pathlib import Path
from typing import Literal, Self

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks.checkpoints import load_network, save_checkpoint
from blocks.config import NetworkConfigBase
from blocks.family import Family
from blocks.layers import PlainRangeNetwork
from blocks.networks.classsr import ClassSRConfig
from blocks.networks.registry import FAMILIES, build_network, parse_network_config
from blocks.networks.single import BRANCHES
from blocks.variants.registry import variants_of
from foundation.registry import add_together


class ToyConfig(NetworkConfigBase):
    family: Literal["toy"] = "toy"
    channels: int = 4

    @property
    def minimum_size_px(self) -> int:
        return 1

    @property
    def receptive_field_radius_px(self) -> int:
        return 1

    def canonical(self) -> Self:
        return self


class Toy(PlainRangeNetwork):
    def __init__(self, config: ToyConfig) -> None:
        super().__init__(config)
        self.output = nn.Conv2d(3, 3 * config.scale**2, 3, padding=1)

    def enlarge(self, encoded: Tensor) -> Tensor:
        return functional.pixel_shuffle(self.output(encoded), self.config.scale)

    @property
    def last_convolutions(self) -> tuple[nn.Conv2d]:
        return (self.output,)


TOY = Family(ToyConfig, Toy)


def add_family(family: Family) -> None:
    add_together((FAMILIES, family), (BRANCHES, family))


@pytest.fixture(autouse=True)
def _registries_are_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    for registry in (FAMILIES, BRANCHES):
        monkeypatch.setattr(registry, "_entries", dict(registry))


def test_an_added_family_is_parsed_built_and_read_from_a_file(tmp_path: Path) -> None:
    data = {"family": "toy", "scale": 2, "channels": 8}
    with pytest.raises(ValueError, match="family 'toy' is unknown"):
        parse_network_config(data)
    add_family(TOY)
    config = parse_network_config(data)
    assert config == ToyConfig(scale=2, channels=8)
    network = build_network(config).eval()
    path = tmp_path / "toy.safetensors"
    save_checkpoint(path, network.state_dict(), config, {})
    images = torch.rand(1, 3, 5, 6)
    with torch.no_grad():
        torch.testing.assert_close(load_network(path)(images), network(images))
    assert variants_of(config) == ("plain",)


def test_an_added_family_can_be_a_branch_and_keeps_its_fields_in_json() -> None:
    add_family(TOY)
    data = {"scale": 2, "branches": [{"family": "interpolation"}, {"family": "toy", "channels": 8}]}
    config = ClassSRConfig.model_validate(data)
    assert config.branches[1] == ToyConfig(scale=2, channels=8)
    assert ClassSRConfig.model_validate_json(config.model_dump_json()) == config
    assert (
        config.arch_id
        != config.replace(branches=[*config.branches[:1], ToyConfig(scale=2)]).arch_id
    )
    assert build_network(config)(torch.rand(1, 3, 40, 33)).shape == (1, 3, 80, 66)


@pytest.mark.parametrize("taken", ["smsr", "classsr", "interpolation"])
def test_a_name_that_is_taken_changes_nothing(taken: str) -> None:
    class TakenConfig(ToyConfig):
        family: str = taken  # type: ignore[assignment]

    before = dict(FAMILIES), dict(BRANCHES)
    with pytest.raises(ValueError, match=f"must have a name of its own, got '{taken}' again"):
        add_family(Family(TakenConfig, Toy))
    assert (dict(FAMILIES), dict(BRANCHES)) == before


def test_a_configuration_without_a_family_is_refused() -> None:
    class NamelessConfig(ToyConfig):
        family: str  # type: ignore[assignment]

    with pytest.raises(ValueError, match=r"NamelessConfig must say its family, as in family: Lit"):
        Family(NamelessConfig, Toy)


def test_a_family_of_another_type_than_text_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^network: family .* is unknown; did you"):
        parse_network_config({"family": ["splitsr"], "scale": 2})
