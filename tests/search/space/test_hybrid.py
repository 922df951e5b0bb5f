"""Hybrid's space, and SeemoRe's cheaper convolutions."""

from collections import Counter
from itertools import islice
from typing import get_args

import pytest

from blocks import HybridConfig, SeemoReConfig
from blocks.networks.hybrid import GroupKind
from blocks.networks.registry import parse_network_config
from blocks.networks.seemore_config import DenseKind
from search.space import HybridSpace, SearchSpace, SeemoReSpace
from search.space.sample import networks

KINDS = get_args(GroupKind)


def test_each_group_draws_its_own_kind() -> None:
    space = HybridSpace(groups=(1, 3))
    names = [name for name in space.hyperparameters() if name.startswith("kind")]
    assert names == ["kind_1", "kind_2", "kind_3"]
    values = {**space.values_at(0), "groups": 2, "kind_1": "split", "kind_2": "masked"}
    network = space.network(values, 2)
    assert network.groups == ("split", "masked")


def test_a_search_proposes_all_kinds_everywhere() -> None:
    drawn = islice(networks(SearchSpace(2, (HybridSpace(),)), seed=0), 200)
    groups = [config.groups for config in drawn if isinstance(config, HybridConfig)]
    assert len(groups) == 200
    for place in range(4):
        kinds = Counter(found[place] for found in groups if len(found) > place)
        assert set(kinds) == set(KINDS)


def small_space(**fields: object) -> HybridSpace:
    small = {
        "channels": 16, "groups": [1, 2], "blocks": [1, 2], "split_ratio": [0.25, 0.5],
        "mask_layers": [1, 2], "upsampler": "one_step", "experts": [1, 2], "recursion": 1,
        "kernel": 5, "ffn_ratio": 1.0, "dense_kind": ["dense", "grouped"], "dense_parts": [2, 4],
    }  # fmt: skip
    return HybridSpace.model_validate({**small, **fields})


def test_every_combination_is_one_of_the_different_networks_and_is_found_again() -> None:
    """By hand: a plain group with 1 or 2 blocks; split 2 x 2; masked 2; experts 2 x (1 + 2)."""
    space = small_space(groups=1)
    every = list(SearchSpace(2, (space,)).networks())
    assert len({network.arch_id for network in every}) == 2 + 2 * 2 + 2 + 2 * 3
    for network in every:
        assert space.misfit(network) is None
        assert space.misfit(network.canonical()) is None


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"groups": ["plain"] * 3}, "groups 3 is not among"),
        ({"groups": ["split"], "active_channels": 5}, "split_ratio 0.3125 is not among"),
        ({"groups": ["experts"], "kernel": 7}, "kernel 7 is not among"),
        ({"groups": ["experts"], "dense_kind": "separable"}, "dense_kind separable is not among"),
        ({"groups": ["masked"], "mask_layers": 3}, "mask_layers 3 is not among"),
        ({"groups": ["plain"], "kernel": 7, "mask_layers": 3, "recursion": 2}, None),
    ],
)
def test_only_what_has_an_effect_keeps_a_network_out(
    fields: dict[str, object], reason: str | None
) -> None:
    common = {
        "family": "hybrid", "scale": 2, "channels": 16, "image_skip": "bilinear", "blocks": 1,
        "ranks": [2], "recursion": 1, "kernel": 5, "ffn_ratio": 1.0, "mask_layers": 1,
    }  # fmt: skip
    misfit = small_space().misfit(parse_network_config({**common, **fields}))
    assert misfit is None if reason is None else str(misfit).startswith(reason)


def test_parts_that_do_not_divide_the_channels_are_lowered() -> None:
    space = SeemoReSpace(channels=(12,), dense_kind=("partial",), dense_parts=(8,))
    network = space.network(space.values_at(0), 2)
    assert (network.dense_kind, network.dense_parts) == ("partial", 4)
    assert space.misfit(network) is None
    odd = SeemoReSpace(channels=(15,), ffn_ratio=(2.0,), dense_kind=("partial",), dense_parts=(8,))
    whole = odd.network(odd.values_at(0), 2)
    assert whole.canonical().dense_kind == "dense"
    assert odd.misfit(whole) is None and odd.misfit(whole.canonical()) is None


def test_a_space_of_before_has_dense_convolutions_only() -> None:
    space = SeemoReSpace()
    assert space.network(space.values_at(0.5), 2).dense_kind == "dense"
    assert space.misfit(SeemoReConfig(scale=2, image_skip="bilinear")) is None
    cheap = SeemoReConfig(scale=2, image_skip="bilinear", dense_kind="separable")
    assert str(space.misfit(cheap)).startswith("dense_kind separable is not among ['dense']")
    assert SeemoReSpace(dense_kind=get_args(DenseKind)).misfit(cheap) is None
