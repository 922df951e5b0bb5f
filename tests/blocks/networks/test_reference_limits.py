"""Where the reference networks end: smallest images, widths that do not divide, flat images."""

from collections.abc import Callable

import pytest
import torch

from blocks import (
    CarnConfig,
    ImdnConfig,
    NetworkConfig,
    RlfnConfig,
    SafmnConfig,
    build_network,
)


@pytest.mark.parametrize(
    ("config", "minimum_px"),
    [
        (RlfnConfig(scale=2, channels=4, inner_channels=4, blocks=1), 15),
        (SafmnConfig(scale=2, channels=4, blocks=1), 8),
        (SafmnConfig(scale=2, channels=4, blocks=1, design="ntire"), 16),
    ],
)
def test_the_smallest_image(config: NetworkConfig, minimum_px: int) -> None:
    network = build_network(config)
    with torch.no_grad():
        assert network(torch.rand(1, 3, minimum_px, minimum_px)).isfinite().all()
        with pytest.raises(ValueError, match=f"at least {minimum_px}x{minimum_px} px"):
            network(torch.rand(1, 3, minimum_px, minimum_px - 1))
        with pytest.raises(RuntimeError):
            network.enlarge(torch.rand(1, 3, minimum_px, minimum_px - 1))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: ImdnConfig(scale=2, channels=18), "multiple of 4, .* got 18; use 20"),
        (lambda: SafmnConfig(scale=2, channels=7), "multiple of 4, .* got 7; use 8"),
        (lambda: CarnConfig(scale=2, channels=30), r"convolution_groups \(4\), got 30"),
    ],
)
def test_widths_that_do_not_divide(build: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_imdn_learns_from_flat_channels() -> None:
    """A single pixel has no contrast; the root of its variance must not spoil the gradient."""
    network = build_network(ImdnConfig(scale=2, channels=16, blocks=1))
    network(torch.rand(2, 3, 1, 1)).square().mean().backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None and parameter.grad.isfinite().all(), name
