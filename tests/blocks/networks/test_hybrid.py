"""Hybrid networks: costs by hand, and what they are with groups of one kind alone.

Covers blocks.networks.seemore_config too, and blocks.variants.hybrid beyond what holds for every
variant.
"""

from pathlib import Path
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from blocks import (
    Hybrid,
    HybridConfig,
    SeemoReConfig,
    SplitSRConfig,
    build_network,
    export_variant,
    in_variant,
    load_network,
    save_checkpoint,
    variants_of,
)
from blocks.networks.hybrid import GroupKind
from blocks.networks.seemore import LowRankExperts
from blocks.networks.seemore_config import DenseKind
from blocks.networks.smsr import SparseMaskModule
from blocks.variants.smsr import MaskedBlock, SparseBlock
from blocks.variants.splitsr import SlicedRun
from imaging.images import load_images
from imaging.imresize import downscale
from profilers.counting.analytic_cost import macs_bound
from training.recipes.registry import get_recipe
from training.step import TrainingStep

KINDS: tuple[GroupKind, ...] = get_args(GroupKind)
# All by hand below: 16 channels, of which split blocks convolve 4; two blocks; two masked layers;
# experts of ranks 2 and 3, one reduction by 4, stripes of 5 pixels, 32 channels inside.
SMALL = HybridConfig(
    scale=2, channels=16, groups=("plain",), blocks=2, active_channels=4, mask_layers=2,
    ranks=(2, 3), recursion=1, kernel=5,
)  # fmt: skip
PIXELS, POOLED = 640 * 360, 160 * 90
AROUND = 9 * 3 * 16 + 9 * 16 * 16 + 9 * 16 * 12
AROUND_BIASES = 16 + 16 + 12
DENSE_WEIGHTS: dict[DenseKind, tuple[int, int]] = {
    # Weights, which count once a pixel, and biases.
    "dense": (9 * 16 * 16, 16),
    "partial": (9 * 4 * 4, 4),
    "separable": (9 * 16 + 16 * 16, 16),
    "grouped": (9 * 16 * 4, 16),
}


def mixers_by_hand(kind: DenseKind) -> tuple[int, int]:
    """MACs and parameters of a group of mixers."""
    dense, dense_biases = DENSE_WEIGHTS[kind]
    feed_forward = 16 * 32 + 9 * 16 + 16 * 16
    rank_mixer = dense + 16 * 32 + 2 * 3 * 16 + 3 * 5 * 16 + 16 * 16
    spatial_mixer = 16 * 32 + 2 * 5 * 16 + 16 * 16
    aggregation, calibration = 16 * 16, 9 * 16 + 16 * 16
    per_pixel = rank_mixer + spatial_mixer + 2 * feed_forward
    router, expert_biases = 16 * 2, 2 * 16
    macs = PIXELS * per_pixel + POOLED * (aggregation + calibration) + router + expert_biases
    biases = (
        dense_biases + 32 + 2 * 16 + 16 + 2 * 16 + 2 * 5 + 16  # of the rank mixer
        + 32 + 2 * 16 + 16  # of the spatial mixer
        + 2 * (32 + 16 + 16)  # of the feed-forward parts
    )  # fmt: skip
    norms = 4 * 2 * 16
    weights = per_pixel + aggregation + calibration + router + expert_biases
    return macs, weights + biases + norms


def masked_by_hand() -> tuple[int, int]:
    """MACs with every pixel active, and parameters, of a mask module; its predictor is 4 wide."""
    narrow = (9 * 4 * 4, 9 * 4 * 2)  # at a quarter of the pixels
    layers, fusion, attention = 2 * 9 * 16 * 16, 2 * 16 * 16, 2 * 16 * 1
    macs = PIXELS * (9 * 16 * 4 + layers + fusion) + PIXELS // 4 * sum(narrow) + attention
    biases = 4 + 4 + 2 + 16 + 1 + 16
    logits = 16 * 2 * 2
    return macs, 9 * 16 * 4 + sum(narrow) + layers + fusion + attention + biases + logits


def by_hand(kind: GroupKind) -> tuple[int, int]:
    """MACs for an output of 1280x720 pixels, and parameters, of a group of a kind."""
    match kind:
        case "plain":
            weights, biases = 5 * 9 * 16 * 16, 5 * 16
        case "split":
            weights, biases = 2 * 9 * 4 * 4 + 9 * 16 * 16, 2 * 4 + 16
        case "experts":
            return mixers_by_hand("dense")
        case "masked":
            return masked_by_hand()
    return PIXELS * weights, weights + biases


def parameters_of(config: HybridConfig | SeemoReConfig) -> int:
    return sum(parameter.numel() for parameter in build_network(config).parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_macs_and_parameters_of_each_kind_are_those_counted_by_hand(kind: GroupKind) -> None:
    macs, parameters = by_hand(kind)
    config = SMALL.replace(groups=(kind,))
    assert macs_bound(config).total == PIXELS * AROUND + macs
    assert parameters_of(config) == AROUND + AROUND_BIASES + parameters


def test_groups_add_up_in_any_order() -> None:
    costs = [by_hand(kind) for kind in KINDS]
    for groups in (KINDS, KINDS[::-1]):
        config = SMALL.replace(groups=groups)
        assert macs_bound(config).total == PIXELS * AROUND + sum(macs for macs, _ in costs)
        assert parameters_of(config) == AROUND + AROUND_BIASES + sum(size for _, size in costs)


@pytest.mark.parametrize("kind", get_args(DenseKind))
def test_the_cheaper_dense_convolutions_cost_what_is_counted_by_hand(kind: DenseKind) -> None:
    macs, parameters = mixers_by_hand(kind)
    hybrid = SMALL.replace(groups=("experts",), dense_kind=kind)
    assert macs_bound(hybrid).total == PIXELS * AROUND + macs
    assert parameters_of(hybrid) == AROUND + AROUND_BIASES + parameters
    # SeemoRe's own network has a norm of 16 weights and 16 biases behind its groups.
    seemore = SeemoReConfig(
        scale=2, channels=16, groups=1, ranks=(2, 3), recursion=1, kernel=5, dense_kind=kind
    )
    assert macs_bound(seemore).total == macs_bound(hybrid).total
    assert parameters_of(seemore) == parameters_of(hybrid) + 32


def test_the_dense_convolution_takes_a_third_of_the_work_of_a_group() -> None:
    """What the cheaper kinds save of SeemoRe-T, at the published 36 channels."""
    costs = {
        kind: macs_bound(SeemoReConfig(scale=2, dense_kind=kind)).total
        for kind in get_args(DenseKind)
    }
    saved = {kind: costs["dense"] - macs for kind, macs in costs.items()}
    dense = 6 * PIXELS * 9 * 36**2
    assert saved["partial"] == dense - dense // 16
    assert saved["grouped"] == dense - dense // 4
    assert saved["separable"] == dense - 6 * PIXELS * (9 * 36 + 36**2)
    assert 0.3 < dense / costs["dense"] < 0.36


def shared(config: HybridConfig, other: SplitSRConfig) -> tuple[Tensor, Tensor]:
    """The images of both networks, by the same weights."""
    hybrid, network = build_network(config), build_network(other)
    hybrid.load_state_dict(network.state_dict())
    images = torch.rand(2, 3, 9, 10)
    with torch.no_grad():
        return hybrid(images), network(images)


@pytest.mark.parametrize("upsampler", ["chain", "one_step"])
@pytest.mark.parametrize("split_groups", [0, 1, 3])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_plain_and_split_groups_are_a_splitsr_network(
    scale: int, split_groups: int, upsampler: str
) -> None:
    fields = {
        "scale": scale, "channels": 8, "blocks": 2, "active_channels": 3,
        "upsampler": upsampler, "image_skip": "bilinear",
    }  # fmt: skip
    groups = ["split"] * split_groups + ["plain"] * (3 - split_groups)
    hybrid = HybridConfig.model_validate({**fields, "groups": groups})
    splitsr = SplitSRConfig.model_validate({**fields, "groups": 3, "hybrid_index": split_groups})
    ours, theirs = shared(hybrid, splitsr)
    assert torch.equal(ours, theirs)
    assert hybrid.receptive_field_radius_px == splitsr.receptive_field_radius_px
    assert macs_bound(hybrid).total == macs_bound(splitsr).total


def test_plain_groups_are_the_plain_composition() -> None:
    """x + conv(blocks(x)) with blocks x + conv(relu(conv(x))), written out."""
    config = HybridConfig(scale=3, channels=5, groups=("plain", "plain"), blocks=1)
    network = build_network(config)
    weights = network.state_dict()

    def conv(name: str, x: Tensor) -> Tensor:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return functional.conv2d(x, weight, bias, padding=1)

    images = torch.rand(2, 3, 7, 6)
    x = shallow = conv("input_convolution", images - network.mean)
    for group in ("groups.0", "groups.1"):
        block = f"{group}.blocks.0"
        inner = x + conv(
            f"{block}.convolution_2", functional.relu(conv(f"{block}.convolution_1", x))
        )
        x = x + conv(f"{group}.convolution", inner)
    features = shallow + conv("trunk_convolution", x)
    enlarged = functional.pixel_shuffle(conv("output_convolution", features), 3)
    with torch.no_grad():
        torch.testing.assert_close(network(images), enlarged + network.mean)


def test_groups_of_experts_and_masks_are_those_of_their_own_networks() -> None:
    network = build_network(SMALL.replace(groups=("experts", "masked"))).eval()
    assert isinstance(network, Hybrid)
    experts, masked = network.groups
    seemore = build_network(SeemoReConfig(scale=2, channels=16, groups=1, ranks=(2, 3),
                                          recursion=1, kernel=5))  # fmt: skip
    own = seemore.get_submodule("groups.0")
    own.load_state_dict(experts.state_dict())
    module = SparseMaskModule(16, 2)
    module.load_state_dict(masked.state_dict())
    images = torch.rand(1, 3, 8, 12)
    with torch.no_grad():
        shallow = network.input_convolution(images - network.mean)
        features = shallow + network.trunk_convolution(module(own(shallow)))
        expected = network.reconstruct(features) + network.mean
        torch.testing.assert_close(network(images), expected)


def test_odd_sides_are_made_even_for_masks_and_cut_again() -> None:
    config = SMALL.replace(groups=("masked",))
    network = build_network(config).eval()
    images = torch.rand(1, 3, 7, 9)
    even = torch.cat((images, images[:, :, -1:]), dim=2)
    even = torch.cat((even, even[..., -1:]), dim=3)
    with torch.no_grad():
        features, of_even = network.extract(images), network.extract(even)
    assert features.shape[2:] == (7, 9)
    torch.testing.assert_close(features, of_even[:, :, :7, :9])
    assert network(torch.rand(1, 3, 1, 1)).shape == (1, 3, 2, 2)


@pytest.mark.parametrize(
    ("groups", "adaptive", "minimum"),
    [
        (("plain", "split"), False, 1),
        (("experts",), False, 4),
        (("masked", "plain"), True, 1),
        (("masked", "experts"), True, 4),
    ],
)
def test_only_masks_make_it_adaptive_and_only_experts_need_a_size(
    groups: tuple[GroupKind, ...], adaptive: bool, minimum: int
) -> None:
    config = SMALL.replace(groups=groups)
    assert config.is_input_adaptive == adaptive
    assert config.minimum_size_px == minimum
    assert (config.receptive_field_radius_px is None) == bool(config.whole_image_parts)


IDLE = {
    "blocks": (3, {"plain", "split"}),
    "active_channels": (7, {"split"}),
    "mask_layers": (4, {"masked"}),
    "ranks": ((5, 1), {"experts"}),
    "top_k": (2, {"experts"}),
    "recursion": (2, {"experts"}),
    "shuffle": (False, {"experts"}),
    "kernel": (7, {"experts"}),
    "ffn_ratio": (1.0, {"experts"}),
    "dense_kind": ("partial", {"experts"}),
}


@given(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3), st.sampled_from(sorted(IDLE)))
@settings(deadline=None)
def test_a_field_tells_networks_apart_only_where_it_has_an_effect(
    groups: list[GroupKind], field: str
) -> None:
    value, kinds = IDLE[field]
    config = SMALL.replace(groups=groups)
    changed = config.replace(**{field: value})
    assert (changed.canonical() != config.canonical()) == bool(kinds & set(groups))


def test_configs_of_one_network_are_one() -> None:
    experts = SMALL.replace(groups=("experts",))
    one_part = experts.replace(dense_kind="grouped", dense_parts=1)
    assert one_part.arch_id == experts.replace(dense_kind="partial", dense_parts=1).arch_id
    assert one_part.arch_id == experts.arch_id == experts.replace(dense_parts=8).arch_id
    assert experts.arch_id == experts.replace(ranks=(3, 2)).arch_id
    assert experts.arch_id != experts.replace(dense_kind="grouped").arch_id
    assert SMALL.replace(groups=("plain", "split")).arch_id != (
        SMALL.replace(groups=("split", "plain")).arch_id
    )


def test_seemore_networks_of_before_keep_their_names() -> None:
    """As they were before there were other convolutions than the dense one."""
    assert SeemoReConfig(scale=2).arch_id == "seemore-x2-db4c394fb6"
    assert not {"dense_kind", "dense_parts"} & SeemoReConfig(scale=2).model_dump().keys()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"groups": []}, "groups"),
        ({"groups": ["dense"]}, "groups"),
        ({"groups": ["masked"], "channels": 24}, "multiple of 16, .* got 24; use 32"),
        ({"groups": ["split"], "channels": 4}, "active_channels must be at most channels"),
        ({"channels": 18, "dense_kind": "grouped"}, r"must divide channels \(18\), got 4"),
    ],
)
def test_what_cannot_be_built_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HybridConfig.model_validate({"scale": 2, **fields})


def test_channels_that_no_mask_or_split_block_divides_are_free() -> None:
    assert build_network(HybridConfig(scale=2, channels=5, groups=("plain",)))


ALL = SMALL.replace(groups=("split", "experts", "masked"))


@pytest.mark.parametrize(
    ("groups", "fields", "variants", "exported"),
    [
        (("plain",), {}, ("plain",), "plain"),
        (("split",), {}, ("plain", "in_place"), "plain"),
        (("split",), {"active_channels": 5}, ("plain",), "plain"),
        (("split",), {"active_channels": 16}, ("plain",), "plain"),
        (("experts",), {}, ("plain", "folded", "selected"), "folded"),
        (("experts",), {"recursion": 0, "top_k": 2}, ("plain",), "plain"),
        (("masked",), {}, ("plain", "masked", "sparse"), "masked"),
        (ALL.groups, {}, ("plain", "in_place", "masked", "sparse", "selected"), "masked"),
    ],
)
def test_variants_are_those_of_the_parts(
    groups: tuple[GroupKind, ...],
    fields: dict[str, object],
    variants: tuple[str, ...],
    exported: str,
) -> None:
    config = SMALL.replace(groups=groups, **fields)
    assert variants_of(config) == variants
    assert export_variant(config) == exported


@pytest.mark.parametrize(
    ("variant", "changed"),
    [
        ("in_place", {SlicedRun, MaskedBlock}),
        ("masked", {MaskedBlock}),
        ("sparse", {SlicedRun, SparseBlock}),
    ],
)
def test_a_variant_changes_all_parts_that_go_with_it(
    variant: str, changed: set[type[torch.nn.Module]]
) -> None:
    made = in_variant(build_network(ALL), variant)
    types = {type(module) for module in made.modules()}
    assert types & {SlicedRun, MaskedBlock, SparseBlock} == changed
    assert SparseMaskModule not in {type(group) for group in made.get_submodule("groups")}
    # Folded too: no half is expanded only to be split.
    assert not any(name.endswith("mixer.expand") for name, _ in made.named_modules())


def test_experts_are_chosen_by_each_group_of_mixers() -> None:
    network = build_network(SMALL.replace(groups=("experts", "plain", "experts"))).eval()
    assert isinstance(network, Hybrid)
    chosen = network.chosen_experts(torch.rand(3, 3, 8, 8))
    assert chosen.shape == (3, 2, 2)
    assert (chosen.sum(dim=2) == 1).all()
    assert sum(isinstance(m, LowRankExperts) for m in network.modules()) == 2


def test_a_checkpoint_keeps_the_kinds(tmp_path: Path) -> None:
    network = build_network(ALL)
    path = tmp_path / "hybrid.safetensors"
    save_checkpoint(path, network.state_dict(), ALL, {})
    assert load_network(path).config == ALL


@pytest.mark.parametrize("kind", KINDS)
def test_a_few_steps_improve_on_the_enlarged_image(kind: GroupKind) -> None:
    """The last convolution begins at zero: the first image is the bilinear one."""
    photograph = load_images("bundled", split="validation").images[0].pixels
    rows, columns = (side // 2 for side in photograph.shape[:2])
    photograph = photograph[rows - 32 : rows + 32, columns - 32 : columns + 32]
    high = torch.from_numpy(photograph).permute(2, 0, 1)[None] / 255
    low = torch.from_numpy(downscale(photograph, 2)).permute(2, 0, 1)[None] / 255
    config = SMALL.replace(groups=(kind,), image_skip="bilinear")
    recipe = get_recipe("quick").replace(ema_decay=0.0)
    step = TrainingStep(build_network(config), recipe, device="cpu", precision="float32")
    losses = []
    for number in range(40):
        weights = step.averaged_weights()
        if number in (0, 39):
            network = build_network(config).eval()
            network.load_state_dict(dict(weights))
            with torch.no_grad():
                losses.append(functional.l1_loss(network(low), high))
        step.take(low, high, learning_rate=2e-3, progress=number / 40)
    assert losses[1] < 0.97 * losses[0]
