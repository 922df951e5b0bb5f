"""The image of features, made in strips, is the one that is made at once."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks import (
    CarnConfig,
    EdsrConfig,
    FeatureConfig,
    FeatureNetwork,
    InStrips,
    MsrResNetConfig,
    RcanConfig,
    SplitSRConfig,
    build_network,
    in_variant,
    variants_of,
)

SMALL = {"channels": 4, "groups": 1, "blocks": 2, "active_channels": 2, "hybrid_index": 1}
CONFIGS = [
    config.replace(scale=scale)
    for scale in (2, 3, 4)
    for config in (
        SplitSRConfig(scale=2, **SMALL),
        SplitSRConfig(scale=2, location="both", image_skip="bicubic", **SMALL),
        SplitSRConfig(scale=2, upsampler="one_step", attention="squeeze_excitation", **SMALL),
        EdsrConfig(scale=2, channels=4, blocks=2),
        CarnConfig(scale=2, channels=4, convolution_groups=2),
        MsrResNetConfig(scale=2, channels=4, blocks=2),
        RcanConfig(scale=2, channels=4, groups=1, blocks=1),
    )
]


def built(config: FeatureConfig) -> FeatureNetwork:
    torch.manual_seed(0)
    network = build_network(config)
    assert isinstance(network, FeatureNetwork)
    return network.double().eval()


@settings(max_examples=100)
@given(
    st.sampled_from(CONFIGS),
    st.integers(1, 2),
    st.integers(1, 24),
    st.integers(1, 12),
    st.integers(1, 300),
)
def test_strips_give_the_image_of_one_piece(
    config: FeatureConfig, batch: int, height: int, width: int, strip_px: int
) -> None:
    network = built(config)
    images = torch.rand(batch, 3, height, width, dtype=torch.float64)
    for name in variants_of(config):
        variant = in_variant(network, name)
        assert isinstance(variant, FeatureNetwork)
        with torch.no_grad():
            torch.testing.assert_close(InStrips(variant, strip_px)(images), variant(images))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.arch_id)
def test_the_reconstruction_sees_no_further_than_it_says(config: FeatureConfig) -> None:
    network = built(config)
    with torch.no_grad():
        for parameter in network.parameters():
            # Then no activation is flat and no two paths cancel out: a gradient of 0 is no path.
            parameter.abs_()
    receptive_field_radius_px, scale = config.reconstruction_radius_px, config.scale
    features = 1 + torch.rand(1, 4, 2 * receptive_field_radius_px + 5, 3, dtype=torch.float64)
    features.requires_grad_()
    middle = receptive_field_radius_px + 2
    network.reconstruct(features)[:, :, middle * scale : (middle + 1) * scale].sum().backward()
    assert features.grad is not None
    seen = features.grad.abs().sum(dim=(0, 1, 3)).nonzero()
    assert int((seen - middle).abs().max()) == receptive_field_radius_px


def test_a_strip_holds_no_more_features_than_asked_for() -> None:
    network = built(EdsrConfig(scale=2, channels=4, blocks=1))
    heights: list[int] = []
    network.upsampler.register_forward_hook(
        lambda _, inputs, __: heights.append(len(inputs[0][0, 0]))
    )
    InStrips(network, 50)(torch.rand(1, 3, 23, 10, dtype=torch.float64))
    # Five rows each, and the two that the upsampler sees to either side within the image.
    assert heights == [7, 9, 9, 9, 5]
