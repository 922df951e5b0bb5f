"""What `inherit` refuses, and what it says of where weights come from."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from blocks import (
    CarnConfig,
    ClassSRConfig,
    EdsrConfig,
    FsrcnnConfig,
    InterpolationConfig,
    NetworkConfig,
    SafmnConfig,
    SeemoReConfig,
    SpanConfig,
    SplitSRConfig,
    build_network,
)
from blocks.checkpoints import load_checkpoint, save_checkpoint, weights_digest
from compressors.inheritance import inherit

EDSR = EdsrConfig(scale=2, channels=4, blocks=3)
SPLIT = SplitSRConfig(scale=2, channels=8, groups=1, blocks=2, active_channels=4, hybrid_index=1)
INTERPOLATION = InterpolationConfig(scale=2)
CLASSSR = ClassSRConfig(scale=2, branches=(INTERPOLATION, EDSR), classifier_channels=4)


def weights_of(config: NetworkConfig) -> dict[str, Tensor]:
    return build_network(config).state_dict()


@pytest.mark.parametrize(
    ("parent", "change", "message"),
    [
        (EDSR, {"scale": 3}, r"^scale of the child must be that of the parent \(2\).*, got 3$"),
        (EDSR, {"residual_scale": 0.1}, r"residual_scale .* \(1\.0\), .* got 0\.1"),
        (SPLIT, {"upsampler": "one_step"}, r"upsampler .* \('chain'\), .* got 'one_step'"),
        (SPLIT, {"location": "both"}, r"splits_upsampler .* \(False\), .* got True"),
        (SPLIT, {"image_skip": "bilinear"}, r"image_skip .* got 'bilinear'"),
        (SPLIT, {"block_kind": "ghost"}, r"block_kind .* got 'ghost'"),
        (SPLIT, {"attention": "squeeze_excitation"}, "attention .* got 'squeeze_excitation'"),
        (SeemoReConfig(scale=2), {"shuffle": False}, "shuffle .* got False"),
        (SeemoReConfig(scale=2), {"recursion": 1}, r"recursion .* \(2\), .* got 1"),
        (CarnConfig(scale=2, channels=8), {"convolution_groups": 2}, "convolution_groups .* got 2"),
        (FsrcnnConfig(scale=2), {"design": "rgb"}, "design .* got 'rgb'"),
        (SafmnConfig(scale=2), {"design": "ntire"}, "design .* got 'ntire'"),
        (SpanConfig(scale=2), {"form": "training"}, "form .* got 'training'"),
        (CLASSSR, {"patch_px": 28}, "patch_px .* got 28"),
        (CLASSSR, {"branches": (INTERPOLATION, EDSR, EDSR)}, r"as many .* \(2\), got 3$"),
        (CLASSSR, {"branches": (EDSR, EDSR)}, "family 'edsr' and a parent of 'interpolation'"),
    ],
)
def test_a_child_that_cannot_inherit_is_refused_with_the_reason(
    parent: NetworkConfig, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        inherit(parent, weights_of(parent), parent.replace(**change))
    assert "\n" not in str(refused.value)


def test_another_family_is_refused() -> None:
    with pytest.raises(ValueError, match=r"child of family 'splitsr' and a parent of 'edsr'$"):
        inherit(EDSR, weights_of(EDSR), SPLIT)


def test_weights_that_are_not_the_parents_are_refused() -> None:
    deeper = EDSR.replace(blocks=4)
    with pytest.raises(ValueError, match=r"^the parent has a foreign tensor 'trunk.blocks.3"):
        inherit(EDSR, weights_of(deeper), EDSR)
    wider = EDSR.replace(channels=6)
    with pytest.raises(ValueError, match=r"^the parent: tensor .* must have shape"):
        inherit(EDSR, weights_of(wider), EDSR)


def test_crops_that_are_too_small_are_refused() -> None:
    with pytest.raises(ValueError, match="needs images of at least 32x32 px, got 16x16"):
        inherit(CLASSSR, weights_of(CLASSSR), CLASSSR, torch.rand(1, 3, 16, 16))


def test_a_childs_checkpoint_tells_its_parent(tmp_path: Any) -> None:
    weights = weights_of(EDSR)
    inherited = inherit(EDSR, weights, EDSR.replace(blocks=2), torch.rand(2, 3, 12, 12))
    path = tmp_path / "model.safetensors"
    save_checkpoint(path, inherited.weights, inherited.config, inherited.metadata)
    assert load_checkpoint(path).metadata == {
        "parent_arch_id": EDSR.arch_id,
        "parent_weights": weights_digest(weights),
        "inheritance": "least squares",
    }


def test_what_has_no_parent_is_named() -> None:
    inherited = inherit(EDSR, weights_of(EDSR), EDSR.replace(blocks=5))
    assert inherited.new_units == ("trunk.blocks.3", "trunk.blocks.4")


def test_a_block_that_changes_the_least_is_left_out() -> None:
    """Block 1 of 4 adds a thousandth of what the others add."""
    parent, child = EDSR.replace(blocks=4), EDSR
    weights = weights_of(parent)
    for name in ("weight", "bias"):
        weights[f"trunk.blocks.1.convolution_2.{name}"] *= 1e-3
    inherited = inherit(parent, weights, child)
    for ours, its in enumerate((0, 2, 3)):
        name = "convolution_1.weight"
        of_child = inherited.weights[f"trunk.blocks.{ours}.{name}"]
        assert torch.equal(of_child, weights[f"trunk.blocks.{its}.{name}"])


def test_growth_that_changes_images_says_so() -> None:
    """A normalisation over more channels has another mean."""
    parent = SafmnConfig(scale=2, channels=8, blocks=1)
    inherited = inherit(parent, weights_of(parent), parent.replace(channels=12))
    assert not inherited.is_exact and inherited.difference > 1e-5


@st.composite
def patterns(draw: st.DrawFn) -> tuple[SplitSRConfig, SplitSRConfig]:
    """A SplitSR of any pattern, and one without some of its blocks, of half its channels."""
    blocks = draw(st.lists(st.booleans(), min_size=1, max_size=5))
    places = draw(st.sets(st.sampled_from(range(len(blocks))), min_size=1))
    kept = tuple(blocks[place] for place in sorted(places))
    parent = SplitSRConfig(
        scale=2,
        channels=draw(st.sampled_from((4, 6, 10))),
        active_channels=2,
        groups=1,
        blocks=len(blocks),
        split_mask=(tuple(blocks),),
    )
    half = parent.channels // 2
    child = parent.replace(channels=half, active_channels=1, blocks=len(kept), split_mask=(kept,))
    return parent, child


@given(patterns())
@settings(max_examples=15, deadline=None)
def test_any_subsequence_of_a_pattern_inherits(
    configs: tuple[SplitSRConfig, SplitSRConfig],
) -> None:
    parent, child = configs
    inherited = inherit(parent, weights_of(parent), child)
    build_network(child).load_state_dict(dict(inherited.weights))
    assert inherited.new_units == ()


def test_the_same_arguments_give_the_same_weights() -> None:
    weights, crops = weights_of(SPLIT), torch.rand(2, 3, 12, 12)
    child = SPLIT.replace(channels=6, active_channels=3)
    first, second = (inherit(SPLIT, weights, child, crops).weights for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)
