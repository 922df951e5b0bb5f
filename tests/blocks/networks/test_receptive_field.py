"""How far a network's output pixels really see, found by differentiating them."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import (
    CATALOGUE,
    CarnConfig,
    EdsrConfig,
    FsrcnnConfig,
    HybridConfig,
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

# The strategies are those that conftest.py registers.
LOCAL_TYPES: tuple[type[NetworkConfig], ...] = (
    SplitSRConfig,
    HybridConfig,
    FsrcnnConfig,
    EdsrConfig,
    CarnConfig,
    MsrResNetConfig,
    SpanConfig,
)


def is_local(config: NetworkConfig) -> bool:
    """Whether the reach is known, and reached: groups of channels may keep CARN from it."""
    is_grouped = isinstance(config, CarnConfig) and config.convolution_groups > 1
    return config.receptive_field_radius_px is not None and not is_grouped


LOCAL_CONFIGS: st.SearchStrategy[NetworkConfig] = st.one_of(
    *(st.from_type(config_type).filter(is_local) for config_type in LOCAL_TYPES)
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
        HybridConfig(scale=2, channels=8, groups=("experts",)),
        HybridConfig(scale=2, channels=16, groups=("plain", "masked")),
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
