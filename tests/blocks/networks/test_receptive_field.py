"""How far a network's output pixels really see, found by differentiating them."""

import math
from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import (
    CATALOGUE,
    CarnConfig,
    EdsrConfig,
    FsrcnnConfig,
    ImdnConfig,
    MsrResNetConfig,
    NetworkConfig,
    RcanConfig,
    RlfnConfig,
    SafmnConfig,
    SeemoReConfig,
    SpanConfig,
    SplitSRConfig,
    SuperResolutionNetwork,
    build_network,
)
from blocks.networks.splitsr_blocks import BlockKind

SCALES = st.sampled_from((2, 3, 4))
CHANNELS = st.integers(1, 6)
DEPTHS = st.integers(1, 3)


@st.composite
def splitsr_configs(draw: st.DrawFn) -> SplitSRConfig:
    channels = draw(CHANNELS)
    groups, blocks = draw(DEPTHS), draw(st.integers(1, 6))
    upsampler = draw(st.sampled_from(("chain", "one_step")))
    scope = draw(st.sampled_from(("group", "block")))
    locations = ("features", "upsampler", "both") if upsampler == "chain" else ("features",)
    kind = draw(st.sampled_from(get_args(BlockKind)))
    divides = kind == "ghost"
    actives = [a for a in range(1, channels + 1) if not divides or channels % a == 0]
    active = draw(st.sampled_from(actives))
    return SplitSRConfig.model_validate(
        {
            "scale": draw(SCALES),
            "channels": channels,
            "groups": groups,
            "blocks": blocks,
            "active_channels": active,
            "block_kind": kind,
            "expansion": draw(st.integers(1, 3)),
            "convolution_groups": math.gcd(draw(st.integers(1, 4)), channels, active),
            "hybrid_index": draw(st.integers(0, groups if scope == "group" else blocks)),
            "hybrid_scope": scope,
            "hybrid_mode": draw(st.sampled_from(("split_first", "standard_first", "interleave"))),
            "location": draw(st.sampled_from(locations)),
            "upsampler": upsampler,
            "image_skip": draw(st.sampled_from(("none", "bilinear", "bicubic"))),
        }
    )


LOCAL_CONFIGS: st.SearchStrategy[NetworkConfig] = st.one_of(
    splitsr_configs(),
    st.builds(
        FsrcnnConfig,
        scale=SCALES,
        channels=CHANNELS,
        mapping_channels=CHANNELS,
        mapping_layers=DEPTHS,
        design=st.sampled_from(("luma", "rgb", "luma_pytorch")),
    ),
    st.builds(EdsrConfig, scale=SCALES, channels=CHANNELS, blocks=DEPTHS),
    st.builds(
        CarnConfig,
        scale=SCALES,
        channels=CHANNELS,
        convolution_groups=st.just(1),
        design=st.sampled_from(("classsr", "original")),
    ),
    st.builds(MsrResNetConfig, scale=SCALES, channels=CHANNELS, blocks=DEPTHS),
    st.builds(
        SpanConfig,
        scale=SCALES,
        channels=CHANNELS,
        blocks=DEPTHS,
        form=st.sampled_from(("folded", "training")),
    ),
)


def seen_radius_px(network: SuperResolutionNetwork, size_px: int) -> int:
    """How far from a pixel in the middle lies the furthest that its enlargement depends on."""
    network = network.double()
    images = 1 + torch.rand(1, 3, size_px, size_px, dtype=torch.float64)
    images.requires_grad_()
    middle, scale = size_px // 2, network.config.scale
    rows = slice(middle * scale, (middle + 1) * scale)
    network(images)[:, :, rows, rows].sum().backward()
    assert images.grad is not None
    seen = images.grad.abs().sum(dim=(0, 1)).nonzero()
    return int((seen - middle).abs().max())


@given(LOCAL_CONFIGS)
@settings(max_examples=150)
def test_the_reach_of_a_local_network_is_exact(config: NetworkConfig) -> None:
    network = build_network(config)
    with torch.no_grad():
        for parameter in network.parameters():
            # Then no activation is flat and no two paths cancel out: a gradient of 0 is no path.
            parameter.abs_()
    assert config.receptive_field_radius_px is not None
    assert (
        seen_radius_px(network, 2 * config.receptive_field_radius_px + 5)
        == config.receptive_field_radius_px
    )


@pytest.mark.parametrize(
    "config",
    [
        SplitSRConfig(scale=2, groups=1, blocks=1, hybrid_index=0, attention="squeeze_excitation"),
        SeemoReConfig(scale=2, channels=8, groups=1),
        RcanConfig(scale=2, groups=1, blocks=1),
        ImdnConfig(scale=2, blocks=1),
        RlfnConfig(scale=2, channels=8, blocks=1),
        SafmnConfig(scale=2, channels=8, blocks=1, design="ntire"),
    ],
    ids=lambda config: config.family,
)
def test_networks_that_see_more_than_any_reach_have_none(config: NetworkConfig) -> None:
    assert config.receptive_field_radius_px is None
    assert config.whole_image_parts
    torch.manual_seed(0)
    assert seen_radius_px(build_network(config), 33) > 12


def test_attention_counts_only_where_a_block_has_it() -> None:
    config = SplitSRConfig(scale=2, groups=2, hybrid_index=2, attention="squeeze_excitation")
    assert (
        config.receptive_field_radius_px
        == config.replace(attention="none").receptive_field_radius_px
    )


def test_the_published_reach_of_span() -> None:
    """The sheet counts 1 + 18 + 1 + 1 for the paper's widths."""
    reaches = {e.config.receptive_field_radius_px for e in CATALOGUE if e.config.family == "span"}
    assert reaches == {21}
