"""Which units and channels of the parent are chosen."""

from itertools import combinations

import pytest
import torch
from torch import nn

from blocks import SplitSRConfig, build_network
from compressors.inheritance.families.registry import INHERITED_FAMILIES
from compressors.inheritance.layout import Unit, units
from compressors.inheritance.lineage import correspondence, renamed, trace
from compressors.inheritance.worth import worths_of


def stack(prefix: str, kinds: str) -> tuple[Unit, ...]:
    return tuple(Unit(f"{prefix}.{place}", kind) for place, kind in enumerate(kinds))


def all_correspondences(child: str, parent: str) -> list[list[str | None]]:
    numbers: list[int] = []

    def count(name: str, number: int) -> int:
        numbers.append(number)
        return 0

    stacks = (stack("c", child),), (stack("p", parent),)
    correspondence(*stacks, count)
    return [
        list(correspondence(*stacks, lambda name, number, chosen=chosen: chosen).values())
        for chosen in range(numbers[0])
    ]


@pytest.mark.parametrize(("kept", "whole"), [(1, 4), (2, 5), (3, 3), (3, 6)])
def test_units_of_one_kind_are_chosen_in_order(kept: int, whole: int) -> None:
    expected = [[f"p.{place}" for place in places] for places in combinations(range(whole), kept)]
    assert sorted(all_correspondences("a" * kept, "a" * whole)) == expected


def test_units_inherit_only_from_their_kind() -> None:
    assert all_correspondences("FTT", "FTTFT") == [
        ["p.0", "p.1", "p.2"],
        ["p.0", "p.1", "p.4"],
        ["p.0", "p.2", "p.4"],
    ]


def test_more_units_than_the_parent_has_are_new() -> None:
    assert all_correspondences("aa", "a") == [["p.0", None], [None, "p.0"]]
    assert all_correspondences("aba", "b") == [[None, "p.0", None]]


def test_names_follow_the_innermost_unit() -> None:
    moved = {"g.0": "g.2", "g.0.b.1": "g.2.b.4", "g.1": None}
    assert renamed("g.0.b.1.weight", moved) == "g.2.b.4.weight"
    assert renamed("g.0.weight", moved) == "g.2.weight"
    assert renamed("g.0.b.11.weight", moved) == "g.2.b.11.weight"
    assert renamed("g.1.b.1.weight", moved) is None
    assert renamed("output.weight", moved) == "output.weight"
    assert renamed("", moved) == ""


def test_units_are_numbered() -> None:
    assert [unit.prefix for unit in units("blocks", 2)] == ["blocks.0", "blocks.1"]


def test_channels_of_split_blocks_stay_in_their_chunk() -> None:
    """Blocks rotate 12 channels in chunks of 4: 2 of each are kept, not the six largest."""
    parent = SplitSRConfig(
        scale=2,
        channels=12,
        groups=1,
        blocks=3,
        active_channels=4,
        hybrid_index=1,
        upsampler="one_step",
    )
    child = parent.replace(channels=6, active_channels=2)
    network = build_network(parent)
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.01)
    nn.init.constant_(network.get_parameter("input_convolution.weight")[:6].detach(), 0.0101)
    layout, parent_layout = map(INHERITED_FAMILIES["splitsr"].layout, (child, parent))
    units_of = correspondence(layout.stacks, parent_layout.stacks, lambda name, number: 0)
    worths = worths_of(network, network, 0.5 + torch.rand(1, 3, 8, 8), parent_layout)
    kept = trace(layout, parent_layout, worths, units_of).channels["stream"].tolist()
    assert [channel // 4 for channel in kept] == [0, 0, 1, 1, 2, 2]
    assert kept[2:4] == [4, 5]
