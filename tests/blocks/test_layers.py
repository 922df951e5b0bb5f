"""What all networks share: normalisation, the mean, the image skip, input checks."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks import ImageSkip, SeemoReConfig, SplitSRConfig, build_network
from blocks.layers import DIV2K_MEAN, ChannelLayerNorm, SuperResolutionNetwork


def small(image_skip: ImageSkip, scale: int = 2) -> SuperResolutionNetwork:
    config = SplitSRConfig.model_validate(
        {
            "scale": scale,
            "channels": 4,
            "groups": 1,
            "blocks": 1,
            "active_channels": 2,
            "hybrid_index": 1,
            "image_skip": image_skip,
        }
    )
    network = build_network(config)
    torch.nn.init.zeros_(network.last_convolutions[0].weight)
    assert network.last_convolutions[0].bias is not None
    torch.nn.init.zeros_(network.last_convolutions[0].bias)
    return network


@given(st.integers(0, 2**32 - 1), st.sampled_from([torch.channels_last, torch.contiguous_format]))
@settings(max_examples=20, deadline=None)
def test_layer_norm_is_its_formula(seed: int, layout: torch.memory_format) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(2, 5, 3, 4, generator=generator, dtype=torch.float64)
    x = x.contiguous(memory_format=layout)
    norm = ChannelLayerNorm(5).double()
    torch.nn.init.normal_(norm.weight, generator=generator)
    torch.nn.init.normal_(norm.bias, generator=generator)
    mean = x.mean(dim=1, keepdim=True)
    variance = ((x - mean) ** 2).mean(dim=1, keepdim=True)
    expected = (x - mean) / (variance + 1e-6).sqrt() * norm.weight.view(1, 5, 1, 1)
    torch.testing.assert_close(norm(x), expected + norm.bias.view(1, 5, 1, 1))


def test_without_a_skip_and_with_a_zeroed_end_the_output_is_the_mean_colour() -> None:
    output = small("none")(torch.rand(1, 3, 4, 5))
    expected = torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1).expand(1, 3, 8, 10)
    torch.testing.assert_close(output, expected)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("skip", ["bilinear", "bicubic"])
def test_with_a_skip_and_a_zeroed_end_the_output_is_plain_interpolation(
    skip: ImageSkip, scale: int
) -> None:
    images = torch.rand(2, 3, 5, 7)
    expected = F.interpolate(images, size=(5 * scale, 7 * scale), mode=skip)
    torch.testing.assert_close(small(skip, scale)(images), expected)


def test_bilinear_skip_by_hand() -> None:
    """Half-pixel centres: 0 and 1 become 0, 1/4, 3/4, 1."""
    images = torch.tensor([0.0, 1.0]).expand(1, 3, 1, 2)
    expected = torch.tensor([0.0, 0.25, 0.75, 1.0]).expand(1, 3, 2, 4)
    torch.testing.assert_close(small("bilinear")(images), expected)


def test_the_mean_is_no_weight() -> None:
    network = small("none")
    assert "mean" not in network.state_dict()
    assert network.to(torch.float64).mean.dtype == torch.float64


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (torch.rand(1, 1, 8, 8), r"shape \(N, 3, h, w\), got \(1, 1, 8, 8\)"),
        (torch.rand(3, 8, 8), r"shape \(N, 3, h, w\), got \(3, 8, 8\)"),
        (torch.zeros(1, 3, 8, 8, dtype=torch.uint8), "floating-point images .* got torch.uint8"),
        (torch.rand(1, 3, 16, 15), "seemore needs images of at least 16x16 px, got 16x15"),
    ],
)
def test_unfit_input_is_refused(images: Tensor, message: str) -> None:
    network = build_network(SeemoReConfig(scale=2, channels=8, groups=1))
    with pytest.raises(ValueError, match=message):
        network(images)
