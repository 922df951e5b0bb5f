"""SplitSR's rivals of the split block: counts by hand, transcriptions, identity, every kind."""

from collections import defaultdict
from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks import SplitSRConfig, build_network, in_variant, parse_network_config, variants_of
from blocks.networks.splitsr_blocks import (
    BlockKind,
    GhostBlock,
    InvertedResidual,
    PointwiseSplitBlock,
    SeparableSplitBlock,
    ShuffleBlock,
    SplitBlock,
)
from profilers.counting.analytic_cost import macs_bound
from profilers.counting.macs import count_macs

KINDS: tuple[BlockKind, ...] = get_args(BlockKind)
C, A, T, G = 24, 6, 3, 2
"""Channels, active channels, expansion, groups of the blocks that are counted by hand."""

# Per pixel: multiply-adds of the kernels, and the numbers of the biases.
BY_HAND: dict[BlockKind, tuple[Callable[[], nn.Module], int, int]] = {
    "split": (lambda: SplitBlock(A), 9 * A * A, A),
    "split_separable": (lambda: SeparableSplitBlock(A), 9 * A + A * A, A),
    "split_pointwise": (lambda: PointwiseSplitBlock(A), A * A, A),
    # two 1x1 convolutions of G groups, one depthwise between them
    "shuffle": (lambda: ShuffleBlock(C, A, G), 2 * C * A // G + 9 * A, A + C),
    # C -> T C, depthwise, T C -> C
    "inverted_residual": (
        lambda: InvertedResidual(C, T),
        2 * C * C * T + 9 * C * T,
        2 * C * T + C,
    ),
    # C -> T A and the cheap T (C - A), then T C -> A and the cheap C - A
    "ghost": (
        lambda: GhostBlock(C, A, T),
        C * T * A + 9 * T * (C - A) + T * C * A + 9 * (C - A),
        T * C + C,
    ),
}
every_kind = pytest.mark.parametrize("kind", KINDS)


def config(kind: str, **fields: object) -> SplitSRConfig:
    shape = {
        "channels": 16,
        "active_channels": 4,
        "groups": 2,
        "blocks": 2,
        "hybrid_index": 1,
        "expansion": 2,
    }
    return SplitSRConfig.model_validate({"scale": 2, **shape, "block_kind": kind, **fields})


@every_kind
def test_macs_and_parameters_are_those_counted_by_hand(kind: BlockKind) -> None:
    make, macs_per_px, biases = BY_HAND[kind]
    block = make()
    assert sum(p.numel() for p in block.parameters()) == macs_per_px + biases
    assert count_macs(block, torch.rand(1, C, 5, 7)).total == 35 * macs_per_px


@pytest.mark.parametrize(
    ("kind", "macs_per_px"),
    [
        # The defaults: 64 channels of which 16 are active, expansion 6, four groups.
        ("split", 2_304),  # 9 x 16 x 16
        ("split_separable", 400),  # 9 x 16 + 16 x 16
        ("split_pointwise", 256),
        ("shuffle", 656),  # 2 x 64 x 16 / 4 + 9 x 16
        ("inverted_residual", 52_608),  # 2 x 64 x 384 + 9 x 384
        ("ghost", 15_312),  # 64 x 96 + 9 x 288 + 384 x 16 + 9 x 48
    ],
)
def test_a_network_costs_so_much_more_for_each_block(kind: str, macs_per_px: int) -> None:
    """Two networks that differ by a group of one block; beside it a group has one convolution."""
    one, two = (
        SplitSRConfig.model_validate(
            {"scale": 2, "block_kind": kind, "groups": n, "blocks": 1, "hybrid_index": n}
        )
        for n in (1, 2)
    )
    added = macs_bound(two).total - macs_bound(one).total
    assert added == 640 * 360 * (macs_per_px + 9 * 64 * 64)


def test_the_inverted_residual_is_mobilenetv2s_but_for_normalisation() -> None:
    """Sandler et al., section 3.4: h w d' t (d' + k^2 + d'') multiply-adds for stride 1."""
    block = InvertedResidual(32, 6)
    expected = 10 * 10 * 32 * 6 * (32 + 3**2 + 32)
    assert count_macs(block, torch.rand(1, 32, 10, 10)).total == expected


def test_a_ghost_module_saves_what_ghostnet_says() -> None:
    """Han et al., equation 4: with d = k the ratio to a convolution is about s (equal parts)."""
    inputs, outputs, s = 64, 128, 2
    ghost = outputs / s * inputs + (s - 1) * outputs / s * 9
    block = GhostBlock(64, 32, 2).widen
    assert count_macs(block, torch.rand(1, 64, 6, 6)).total == 36 * ghost
    assert inputs * outputs / ghost == pytest.approx(s * inputs / (inputs + (s - 1) * 9))


def conv(x: Tensor, layer: nn.Module) -> Tensor:
    """The product written with einsum over shifted copies, for any number of groups."""
    assert isinstance(layer, nn.Conv2d)
    side, groups = layer.kernel_size[0], layer.groups
    padded = F.pad(x, [side // 2] * 4)
    height, width = x.shape[2:]
    shifts = [padded[:, :, r : r + height, c : c + width] for r in range(side) for c in range(side)]
    taps = torch.stack(shifts, dim=2).unflatten(1, (groups, -1))
    weight = layer.weight.flatten(2).unflatten(0, (groups, -1))
    y = torch.einsum("ngikhw,goik->ngohw", taps, weight).flatten(1, 2)
    return y if layer.bias is None else y + layer.bias[:, None, None]


def transcribed(block: nn.Module, x: Tensor) -> Tensor:
    match block:
        case SeparableSplitBlock(convolution=nn.Sequential() as two):
            return torch.cat((x[:, A:], conv(conv(x[:, :A], two[0]), two[1]).clamp(min=0)), dim=1)
        case SplitBlock(convolution=nn.Conv2d() as only):
            return torch.cat((x[:, A:], conv(x[:, :A], only).clamp(min=0)), dim=1)
        case ShuffleBlock():
            y = conv(x, block.compress).clamp(min=0)
            # Channel j of group g goes to place j G + g.
            dealt = [y[:, g * (A // G) + j] for j in range(A // G) for g in range(G)]
            y = conv(torch.stack(dealt, dim=1), block.depthwise)
            return (x + conv(y, block.expand)).clamp(min=0)
        case InvertedResidual(expand=nn.Sequential() as expand):
            y = conv(conv(x, expand[0]).clamp(min=0), block.depthwise).clamp(min=0)
            return x + conv(y, block.project)
        case GhostBlock():
            y = conv(x, block.widen.primary).clamp(min=0)
            y = torch.cat((y, conv(y, block.widen.cheap).clamp(min=0)), dim=1)  # type: ignore[arg-type]
            z = conv(y, block.narrow.primary)
            return x + torch.cat((z, conv(z, block.narrow.cheap)), dim=1)  # type: ignore[arg-type]
    raise AssertionError(block)


@every_kind
def test_a_block_equals_its_transcription(kind: BlockKind) -> None:
    block = BY_HAND[kind][0]().double()
    x = torch.randn(2, C, 5, 7, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(block(x), transcribed(block, x))


@every_kind
def test_a_block_keeps_the_order_of_channels_in_memory(kind: BlockKind) -> None:
    x = torch.randn(2, C, 6, 5).to(memory_format=torch.channels_last)
    block = BY_HAND[kind][0]().to(memory_format=torch.channels_last)
    with torch.no_grad():
        assert block(x).is_contiguous(memory_format=torch.channels_last)


@every_kind
@pytest.mark.parametrize("location", ["features", "both"])
def test_in_place_only_where_there_are_split_layers(kind: BlockKind, location: str) -> None:
    network = build_network(config(kind, location=location, scale=4))
    has_layers = kind.startswith("split") or location == "both"
    assert ("in_place" in variants_of(network.config)) == has_layers
    images = torch.rand(2, 3, 7, 6)
    if has_layers:
        with torch.no_grad():
            torch.testing.assert_close(in_variant(network, "in_place")(images), network(images))


@every_kind
def test_gradients_reach_every_parameter(kind: BlockKind) -> None:
    network = build_network(config(kind))
    network(torch.rand(2, 3, 8, 8)).square().mean().backward()
    silent = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.any()]
    assert silent == []


# The ids are those of the release before there were kinds: stored runs name networks by them.
RECORDED = {
    "splitsr-x2-05f7ef709e": {"scale": 2},
    "splitsr-x3-07a58fbc9f": {"scale": 3, "hybrid_index": 0},
    "splitsr-x4-e12ecb8070": {
        "scale": 4,
        "location": "both",
        "hybrid_scope": "block",
        "hybrid_mode": "interleave",
        "image_skip": "bilinear",
    },
    "splitsr-x2-a279c277fd": {
        "scale": 2,
        "upsampler": "one_step",
        "attention": "squeeze_excitation",
        "channels": 32,
        "active_channels": 8,
    },
    "splitsr-x2-555d6ceed9": {
        "scale": 2,
        "groups": 2,
        "blocks": 2,
        "split_mask": [[True, False], [False, True]],
    },
    "splitsr-x2-4e5637566e": {"scale": 2, "location": "upsampler"},
}


@pytest.mark.parametrize("arch_id", RECORDED)
def test_networks_of_before_keep_their_identity(arch_id: str) -> None:
    stored = parse_network_config({"family": "splitsr", **RECORDED[arch_id]})
    assert stored.arch_id == arch_id
    assert not {"block_kind", "expansion", "convolution_groups"} & stored.model_dump().keys()


@pytest.mark.parametrize(
    ("kind", "field", "matters"),
    [
        *[(kind, "expansion", kind in ("inverted_residual", "ghost")) for kind in KINDS],
        *[(kind, "convolution_groups", kind == "shuffle") for kind in KINDS],
        *[(kind, "active_channels", kind != "inverted_residual") for kind in KINDS],
    ],
)
def test_only_what_concerns_a_kind_changes_the_network(
    kind: BlockKind, field: str, matters: bool
) -> None:
    values = (4, 8) if field == "active_channels" else (2, 4)
    one, other = (config(kind, **{field: value}) for value in values)
    assert (one.arch_id != other.arch_id) == matters
    assert parse_network_config(other.canonical().model_dump()) == other.canonical()


@every_kind
@pytest.mark.parametrize("without", [{"hybrid_index": 0}, {"location": "upsampler"}])
def test_a_kind_of_no_block_is_not_counted(kind: BlockKind, without: dict[str, object]) -> None:
    assert config(kind, **without).arch_id == config("split", **without).arch_id


def test_arch_ids_are_equal_exactly_where_the_built_networks_are() -> None:
    structures, ids = defaultdict(set), defaultdict(set)
    for kind in KINDS:
        for index in (0, 1, 2):
            for active in (1, 2, 4):
                for expansion in (1, 2):
                    for groups in (1, 2):
                        if kind == "shuffle" and active % groups:
                            continue
                        with torch.device("meta"):
                            each = config(
                                kind,
                                channels=4,
                                active_channels=active,
                                hybrid_index=index,
                                expansion=expansion,
                                convolution_groups=groups,
                            )
                            structure = repr(build_network(each))
                        structures[each.arch_id].add(structure)
                        ids[structure].add(each.arch_id)
    assert len(ids) > 30
    assert all(len(found) == 1 for found in (*structures.values(), *ids.values()))


@pytest.mark.parametrize(
    ("kind", "fields", "message"),
    [
        ("shuffle", {"convolution_groups": 3}, r"multiples of convolution_groups \(3\), got 16 an"),
        ("shuffle", {"active_channels": 6, "convolution_groups": 4}, r"got 16 and 6"),
        ("ghost", {"active_channels": 6}, "must divide channels, .* got 6 of 16"),
        ("ghsot", {}, "block_kind"),
        ("ghost", {"expansion": 0}, "expansion"),
    ],
)
def test_blocks_that_cannot_be_are_refused(
    kind: str, fields: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        config(kind, **fields)
