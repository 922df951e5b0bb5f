"""The catalogue against the counts measured on the authors' code and the paper's table."""

import pytest
import torch

from blocks import CATALOGUE, SplitSRConfig, build_network, catalogue_config
from blocks.networks import NetworkConfig

PARAMETERS = {
    ("seemore-t", 2): 220_104,
    ("seemore-t", 3): 224_979,
    ("seemore-t", 4): 231_804,
    ("seemore-b", 2): 490_364,
    ("seemore-b", 3): 496_859,
    ("seemore-b", 4): 505_952,
    ("seemore-l", 2): 953_308,
    ("seemore-l", 3): 959_803,
    ("seemore-l", 4): 968_896,
    ("splitsr", 2): 1_780_899,
    ("splitsr", 3): 1_965_539,
    ("splitsr", 4): 1_928_611,
}


def parameters(config: NetworkConfig) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in build_network(config).parameters())


def test_the_catalogue_holds_each_published_network_once() -> None:
    assert {(entry.name, entry.config.scale) for entry in CATALOGUE} == set(PARAMETERS)
    assert len(CATALOGUE) == len(PARAMETERS)


@pytest.mark.parametrize(("name", "scale"), PARAMETERS)
def test_parameters(name: str, scale: int) -> None:
    assert parameters(catalogue_config(name, scale)) == PARAMETERS[name, scale]


@pytest.mark.parametrize(
    ("active_channels", "hybrid_index", "counts"),
    [
        (16, 0, (3_068_547, 3_253_187, 3_216_259)),
        (16, 2, (2_210_115, 2_394_755, 2_357_827)),
        (8, 3, (1_749_651, 1_934_291, 1_897_363)),
        (16, 3, (1_780_899, 1_965_539, 1_928_611)),
        (32, 3, (1_905_603, 2_090_243, 2_053_315)),
        (64, 3, (2_403_843, 2_588_483, 2_551_555)),
        (16, 4, (1_351_683, 1_536_323, 1_499_395)),
        (16, 5, (922_467, 1_107_107, 1_070_179)),
        (16, 6, (493_251, 677_891, 640_963)),
    ],
)
def test_parameters_of_splitsr_variants(
    active_channels: int, hybrid_index: int, counts: tuple[int, ...]
) -> None:
    configs = [
        SplitSRConfig(scale=s, active_channels=active_channels, hybrid_index=hybrid_index)
        for s in (2, 3, 4)
    ]
    assert tuple(parameters(config) for config in configs) == counts


def test_published_macs_are_those_the_paper_prints() -> None:
    printed = {
        (entry.name, entry.config.scale): entry.macs_published
        for entry in CATALOGUE
        if entry.macs_published is not None
    }
    assert printed == {
        ("seemore-t", 2): 45_000_000_000,
        ("seemore-t", 3): 20_000_000_000,
        ("seemore-t", 4): 12_000_000_000,
    }


def test_an_unknown_name_is_answered_with_the_known() -> None:
    known = "known: seemore-t, seemore-b, seemore-l, splitsr$"
    with pytest.raises(ValueError, match=f"no network 'seemor-t'; {known}"):
        catalogue_config("seemor-t", 2)


def test_an_unknown_scale_lists_the_known() -> None:
    with pytest.raises(ValueError, match="scales 2, 3, 4, got 5"):
        catalogue_config("splitsr", 5)
