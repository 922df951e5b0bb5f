"""What holds for the weights that any family inherits.

Covers compressors.inheritance.building, compressors.inheritance.cutting,
compressors.inheritance.designs, compressors.inheritance.family, compressors.inheritance.grouped
and compressors.inheritance.layout; and of compressors.inheritance.families
compressors.inheritance.families.carn, compressors.inheritance.families.classsr,
compressors.inheritance.families.edsr, compressors.inheritance.families.fsrcnn,
compressors.inheritance.families.hybrid, compressors.inheritance.families.imdn,
compressors.inheritance.families.msrresnet,
compressors.inheritance.families.rcan, compressors.inheritance.families.registry,
compressors.inheritance.families.rlfn, compressors.inheritance.families.safmn,
compressors.inheritance.families.seemore, compressors.inheritance.families.smsr,
compressors.inheritance.families.span and compressors.inheritance.families.splitsr.
"""

from collections.abc import Mapping
from typing import Any

import pytest
import torch
from torch import Tensor

from blocks import (
    FAMILIES,
    CarnConfig,
    ClassSRConfig,
    EdsrConfig,
    FsrcnnConfig,
    HybridConfig,
    ImdnConfig,
    InterpolationConfig,
    MsrResNetConfig,
    NetworkConfig,
    RcanConfig,
    RlfnConfig,
    SafmnConfig,
    SeemoReConfig,
    SmsrConfig,
    SpanConfig,
    SplitSRConfig,
    build_network,
)
from compressors.inheritance import check_smaller, inherit, parameters_of, smaller
from compressors.inheritance.families.registry import INHERITED_FAMILIES

SPLIT = SplitSRConfig(
    scale=2,
    channels=8,
    groups=2,
    blocks=3,
    active_channels=4,
    hybrid_scope="block",
    hybrid_mode="standard_first",
    hybrid_index=2,
    upsampler="one_step",
    image_skip="bilinear",
)
SHUFFLE = SPLIT.replace(block_kind="shuffle", convolution_groups=2)
SEEMORE = SeemoReConfig(scale=2, channels=8, groups=2, ranks=(2, 3), recursion=1, kernel=5)
HYBRID = HybridConfig(
    scale=2,
    channels=16,
    groups=("split", "masked", "experts", "plain"),
    active_channels=8,
    ranks=(2, 3),
    recursion=1,
    kernel=5,
    image_skip="bilinear",
)
CLASSSR = ClassSRConfig(
    scale=2,
    branches=(
        InterpolationConfig(scale=2),
        FsrcnnConfig(scale=2, channels=8, design="rgb"),
        CarnConfig(scale=2, channels=8),
    ),
    patch_px=16,
    stride_px=12,
    classifier_channels=8,
)

CONFIGS: Mapping[str, tuple[NetworkConfig, ...]] = {
    "splitsr": (
        SPLIT,
        SPLIT.replace(attention="squeeze_excitation", channels=32, active_channels=8),
        SPLIT.replace(scale=4, upsampler="chain", location="both"),
        SPLIT.replace(block_kind="split_separable"),
        SPLIT.replace(block_kind="split_pointwise"),
        SHUFFLE,
        SPLIT.replace(block_kind="inverted_residual"),
        SPLIT.replace(block_kind="inverted_residual", expansion=1),
        SPLIT.replace(block_kind="ghost"),
        SPLIT.replace(split_mask=((False, True, True), (True, False, True))),
    ),
    "seemore": (
        SEEMORE,
        SEEMORE.replace(shuffle=False, recursion=0, ffn_ratio=1.5, top_k=2),
        SEEMORE.replace(ranks=(4,)),
        SEEMORE.replace(dense_kind="partial", dense_parts=4),
        SEEMORE.replace(dense_kind="separable"),
        SEEMORE.replace(dense_kind="grouped", dense_parts=2),
    ),
    "hybrid": (
        HYBRID,
        HYBRID.replace(scale=4, upsampler="chain", groups=("plain", "split"), channels=8),
        HYBRID.replace(groups=("experts",), dense_kind="partial", dense_parts=4),
    ),
    "smsr": (SmsrConfig(scale=2, channels=16, modules=2, layers=2),),
    "fsrcnn": tuple(
        FsrcnnConfig(scale=3, channels=8, mapping_channels=4, design=design)
        for design in ("luma", "rgb", "luma_pytorch")
    ),
    "edsr": (
        EdsrConfig(scale=2, channels=8, blocks=3, residual_scale=0.5),
        EdsrConfig(scale=4, channels=4, blocks=1),
    ),
    "carn": (
        CarnConfig(scale=2, channels=8),
        CarnConfig(scale=4, channels=8, convolution_groups=2, design="original"),
    ),
    "msrresnet": (MsrResNetConfig(scale=3, channels=8, blocks=2),),
    "rcan": (RcanConfig(scale=2, channels=16, groups=2, blocks=2),),
    "imdn": (ImdnConfig(scale=2, channels=8, blocks=3),),
    "rlfn": (RlfnConfig(scale=2, channels=8, inner_channels=6, blocks=2, attention_channels=4),),
    "safmn": (
        SafmnConfig(scale=2, channels=8, blocks=2),
        SafmnConfig(scale=2, channels=8, blocks=2, design="ntire"),
    ),
    "span": (
        SpanConfig(scale=2, channels=6, blocks=2),
        SpanConfig(scale=2, channels=4, fusion_channels=6, blocks=2, form="training"),
    ),
    "classsr": (CLASSSR,),
}

# What changes no image where it is added; and so where it is taken away, if it is zero.
LARGER: Mapping[str, tuple[tuple[NetworkConfig, dict[str, Any]], ...]] = {
    "splitsr": (
        (SPLIT, {"channels": 12, "active_channels": 6}),
        (SPLIT, {"groups": 3}),
        (
            SPLIT,
            {"split_mask": ((False, True, True, False), (False, True, True, False)), "blocks": 4},
        ),
        (SHUFFLE, {"channels": 12, "active_channels": 8}),
        (SHUFFLE, {"groups": 4}),
        (SPLIT.replace(block_kind="inverted_residual"), {"channels": 10, "expansion": 7}),
        (SPLIT.replace(scale=4, upsampler="chain"), {"channels": 12, "active_channels": 6}),
        (SPLIT.replace(attention="squeeze_excitation"), {"channels": 32, "active_channels": 16}),
    ),
    "seemore": (
        (SEEMORE, {"groups": 3}),
        (SEEMORE.replace(dense_kind="partial"), {"ranks": (4, 5)}),
        (SEEMORE, {"kernel": 9}),
        (SEEMORE, {"ranks": (4, 5)}),
        (SEEMORE, {"ffn_ratio": 3.0}),
    ),
    "hybrid": (
        (HYBRID, {"groups": ("split", "plain", "masked", "experts", "plain")}),
        (HYBRID, {"groups": (*HYBRID.groups, "masked")}),
        (HYBRID, {"mask_layers": 3, "kernel": 9}),
        (HYBRID.replace(groups=("plain", "plain"), blocks=1), {"channels": 20, "blocks": 3}),
        (HYBRID.replace(groups=("split", "plain")), {"channels": 32, "active_channels": 16}),
    ),
    "smsr": (
        (SmsrConfig(scale=2, channels=16, modules=2, layers=2), {"channels": 32}),
        (SmsrConfig(scale=2, channels=16, modules=2, layers=2), {"modules": 3}),
        (SmsrConfig(scale=2, channels=16, modules=2, layers=2), {"layers": 3}),
    ),
    "fsrcnn": tuple(
        (config, change)
        for config in CONFIGS["fsrcnn"]
        for change in ({"channels": 11, "mapping_channels": 6}, {"mapping_layers": 6})
    ),
    "edsr": (
        (EdsrConfig(scale=2, channels=8, blocks=3), {"channels": 11, "blocks": 5}),
        (EdsrConfig(scale=4, channels=4, blocks=1), {"channels": 6}),
    ),
    "carn": (
        (CarnConfig(scale=2, channels=8), {"channels": 16}),
        (CONFIGS["carn"][1], {"channels": 12}),
    ),
    "msrresnet": ((CONFIGS["msrresnet"][0], {"channels": 10, "blocks": 3}),),
    "rcan": (
        (CONFIGS["rcan"][0], {"channels": 32}),
        (CONFIGS["rcan"][0], {"groups": 3, "blocks": 3}),
    ),
    "imdn": ((CONFIGS["imdn"][0], {"channels": 12, "blocks": 4}),),
    "rlfn": (
        (CONFIGS["rlfn"][0], {"channels": 10, "inner_channels": 8, "attention_channels": 6}),
        (CONFIGS["rlfn"][0], {"blocks": 3}),
    ),
    "safmn": tuple((config, {"blocks": 3, "mixer_ratio": 3}) for config in CONFIGS["safmn"]),
    "span": tuple((config, {"channels": 9, "fusion_channels": 8}) for config in CONFIGS["span"]),
    "classsr": (
        (CLASSSR, {"classifier_channels": 10}),
        (
            CLASSSR,
            {
                "branches": (
                    InterpolationConfig(scale=2),
                    FsrcnnConfig(scale=2, channels=10, design="rgb", mapping_layers=5),
                    CarnConfig(scale=2, channels=16),
                )
            },
        ),
    ),
}


def trained(config: NetworkConfig) -> dict[str, Tensor]:
    """Weights of which none is what a fresh network has everywhere."""
    state = build_network(config).state_dict()
    return {name: tensor + 0.05 * torch.rand(tensor.shape) for name, tensor in state.items()}


def images_of(config: NetworkConfig, weights: Mapping[str, Tensor], images: Tensor) -> Tensor:
    network = build_network(config).double().eval()
    network.load_state_dict(dict(weights))
    with torch.no_grad():
        return network(images.double())


def crops_for(config: NetworkConfig) -> Tensor:
    side = max(16, config.minimum_size_px)
    return torch.rand(3, 3, side, side)


def cases(of_families: Mapping[str, tuple[Any, ...]]) -> list[Any]:
    return [
        pytest.param(case, id=f"{family}-{number}")
        for family, of_family in of_families.items()
        for number, case in enumerate(of_family)
    ]


def test_every_family_inherits_and_is_tested() -> None:
    assert FAMILIES.keys() <= INHERITED_FAMILIES.keys()
    assert CONFIGS.keys() == LARGER.keys() == FAMILIES.keys()


@pytest.mark.parametrize("config", cases(CONFIGS))
def test_a_layout_names_every_tensor_and_every_channel(config: NetworkConfig) -> None:
    heir = INHERITED_FAMILIES[config.family]
    layout, state = heir.layout(config), build_network(config).state_dict()
    parts = tuple(f"{prefix}." for prefix in heir.parts(config))
    assert layout.tensors.keys() == {name for name in state if not name.startswith(parts or "?")}
    for name, tensor in layout.tensors.items():
        shape = list(state[name].shape)
        if tensor.merged:
            first, last = tensor.merged
            shape[first : last + 1] = [shape[first] * shape[last]]
        if tensor.groups > 1:
            shape[1] *= tensor.groups
        assert [
            len(axis) if axis else size for axis, size in zip(tensor.axes, shape, strict=True)
        ] == shape


@pytest.mark.parametrize("config", cases(CONFIGS))
def test_a_child_like_its_parent_is_its_parent(config: NetworkConfig) -> None:
    weights = trained(config)
    inherited = inherit(config, weights, config, crops_for(config))
    assert inherited.is_exact and inherited.method == "slices"
    assert inherited.weights.keys() == weights.keys()
    for name, tensor in weights.items():
        assert torch.equal(inherited.weights[name], tensor), name


@pytest.mark.parametrize("case", cases(LARGER))
def test_growth_changes_no_image(case: tuple[NetworkConfig, dict[str, Any]]) -> None:
    config, change = case
    larger, weights, images = config.replace(**change), trained(config), crops_for(config)
    inherited = inherit(config, weights, larger)
    before = images_of(config, weights, images)
    after = images_of(larger, inherited.weights, images)
    torch.testing.assert_close(after, before, atol=1e-6, rtol=0)
    assert inherited.is_exact


@pytest.mark.parametrize("case", cases(LARGER))
def test_taking_away_what_is_zero_changes_no_image(
    case: tuple[NetworkConfig, dict[str, Any]],
) -> None:
    config, change = case
    larger, weights, images = config.replace(**change), trained(config), crops_for(config)
    padded = padded_with_zeros(config, weights, larger)
    before = images_of(config, weights, images)
    torch.testing.assert_close(images_of(larger, padded, images), before, atol=1e-6, rtol=0)
    inherited = inherit(larger, padded, config)
    after = images_of(config, inherited.weights, images)
    torch.testing.assert_close(after, before, atol=1e-6, rtol=0)
    assert inherited.is_exact and not inherited.new_units


def padded_with_zeros(
    config: NetworkConfig, weights: Mapping[str, Tensor], larger: NetworkConfig
) -> dict[str, Tensor]:
    """The weights of the larger network, 0 where what is inherited has no part in a tensor.

    What is inherited doubles with the parent's weights, and nothing else does.
    """
    grown = inherit(config, weights, larger).weights
    doubled = inherit(config, {name: 2 * tensor for name, tensor in weights.items()}, larger)
    padded = {}
    for name, tensor in grown.items():
        is_inherited = doubled.weights[name] != tensor
        padded[name] = tensor.where(is_inherited, 0) if is_inherited.any() else tensor
    return padded


@pytest.mark.parametrize("config", cases(CONFIGS))
def test_a_smaller_design_has_about_the_share_that_is_kept(config: NetworkConfig) -> None:
    child = smaller(config, 0.5)
    check_smaller(config, child)
    inherited = inherit(config, trained(config), child, crops_for(config))
    build_network(child).load_state_dict(dict(inherited.weights))
    assert not inherited.new_units
    assert 0.2 <= parameters_of(child) / parameters_of(config) <= 0.8
