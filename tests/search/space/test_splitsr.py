"""SplitSR's space."""

from typing import get_args

import pytest

from blocks import SplitSRConfig
from blocks.networks.registry import parse_network_config
from blocks.networks.splitsr_blocks import BlockKind
from search.space import SplitSRSpace
from search.space.search_space import SearchSpace

KINDS: tuple[BlockKind, ...] = get_args(BlockKind)


def test_a_mask_that_no_placement_gives_is_not_searched() -> None:
    fields = {"family": "splitsr", "scale": 2, "groups": 2, "blocks": 2, "image_skip": "bilinear"}
    masked = {**fields, "split_mask": [[True, False], [False, True]]}
    assert str(SplitSRSpace().misfit(parse_network_config(masked))).startswith(
        "hybrid_mode mask is not"
    )


def space_of_all_kinds(**fields: object) -> SplitSRSpace:
    small = {
        "channels": [12, 16],
        "groups": 1,
        "blocks": 1,
        "hybrid_index": 1,
        "hybrid_mode": "split_first",
        "location": "features",
        "upsampler": "one_step",
        "split_ratio": [0.25, 0.7],
        "block_kind": list(KINDS),
        "expansion": [2, 3],
        "convolution_groups": [2, 4],
    }
    return SplitSRSpace.model_validate({**small, **fields})


def test_a_space_of_before_has_split_blocks_only() -> None:
    values = SplitSRSpace().values_at(0.5)
    assert (values["block_kind"], values["expansion"], values["convolution_groups"]) == (
        "split",
        6,
        4,
    )


def test_every_combination_makes_a_network_and_is_found_again() -> None:
    """2 widths x 2 ratios x 2 expansions x 2 groups x 2 attentions x 6 kinds."""
    space = space_of_all_kinds()
    networks = list(SearchSpace(2, (space,)).networks())
    assert len(networks) == 192
    assert {network.block_kind for network in networks if isinstance(network, SplitSRConfig)} == {
        *KINDS
    }
    for network in networks:
        assert space.misfit(network) is None
        assert space.misfit(network.canonical()) is None


@pytest.mark.parametrize(
    ("kind", "ratio", "active", "groups"),
    [
        ("split", 0.7, 11, 4),
        ("ghost", 0.7, 8, 4),  # 11 does not divide 16
        ("shuffle", 0.7, 11, 1),  # 11 and 16 have no common divisor
        ("shuffle", 0.25, 4, 4),
    ],
)
def test_channels_that_a_block_cannot_divide_are_lowered(
    kind: str, ratio: float, active: int, groups: int
) -> None:
    space = space_of_all_kinds(
        channels=16, split_ratio=ratio, block_kind=kind, convolution_groups=4, attention="none"
    )
    network = space.network(space.values_at(0), 2)
    assert isinstance(network, SplitSRConfig)
    assert network.active_channels == active
    if kind == "shuffle":
        assert network.convolution_groups == groups


def test_published_networks_are_in_a_space_of_other_expansions() -> None:
    """What does not concern split blocks may have any value."""
    space = SplitSRSpace.model_validate({"expansion": [2], "convolution_groups": [8]})
    assert space.misfit(space.prepared_for_search(SplitSRConfig(scale=2))) is None
