"""Interpolation by fixed weights against PyTorch's, and where PyTorch's is not exact."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F  # noqa: N812

from blocks.resampling import InterpolationMode, interpolate

MODES = st.sampled_from(("bilinear", "bicubic"))
SIZES = st.integers(1, 9)


@given(st.sampled_from((2, 3, 4)), MODES, SIZES, SIZES)
def test_it_is_that_of_pytorch(
    scale: int, mode: InterpolationMode, height: int, width: int
) -> None:
    images = torch.rand(2, 3, height, width, dtype=torch.float64)
    expected = F.interpolate(images, scale_factor=scale, mode=mode)
    torch.testing.assert_close(interpolate(images, scale, mode), expected, atol=1e-12, rtol=0)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_pixel_far_from_the_corner_is_as_exact(scale: int, mode: InterpolationMode) -> None:
    images = torch.rand(1, 3, 4, 1920)
    expected = F.interpolate(images.double(), scale_factor=scale, mode=mode).float()
    torch.testing.assert_close(interpolate(images, scale, mode), expected, atol=1e-6, rtol=0)


def test_the_layout_is_that_of_the_images() -> None:
    images = torch.rand(2, 3, 5, 4)
    assert interpolate(images, 3, "bicubic").is_contiguous()
    channels_last = images.contiguous(memory_format=torch.channels_last)
    enlarged = interpolate(channels_last, 3, "bicubic")
    assert enlarged.is_contiguous(memory_format=torch.channels_last)


def test_gradients_are_those_of_pytorch() -> None:
    images = torch.rand(1, 2, 4, 5, dtype=torch.float64, requires_grad=True)
    seen = torch.rand(1, 2, 12, 15, dtype=torch.float64)
    gradients = [
        torch.autograd.grad((enlarged * seen).sum(), images)[0]
        for enlarged in (
            interpolate(images, 3, "bicubic"),
            F.interpolate(images, scale_factor=3, mode="bicubic"),
        )
    ]
    torch.testing.assert_close(*gradients)
