"""What the eager runtime prepares."""

import pytest
import torch
from torch import nn

from profilers import ReferenceNetwork, Target
from profilers.runtimes.eager import EagerRuntime


class Recorder(nn.Module):
    """Keeps the input of its last call."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(3, 3, 3)
        self.seen: list[torch.Tensor] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen[:] = [images, self.convolution.weight]
        return images

    def __deepcopy__(self, memo: object) -> "Recorder":
        copied = Recorder()
        copied.seen = self.seen
        return copied


def prepared_input(text: str) -> list[torch.Tensor]:
    network = Recorder()
    EagerRuntime().prepare(network, Target.parse(text))()
    return network.seen


def test_images_have_the_size_and_range_of_the_target() -> None:
    images, _ = prepared_input("eager:batch=2,lr=8x12")
    assert images.shape == (2, 3, 8, 12)
    assert images.min() >= 0
    assert images.max() <= 1


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_precision_reaches_images_and_weights(precision: str) -> None:
    for tensor in prepared_input(f"eager:lr=8x8,precision={precision}"):
        assert tensor.dtype == getattr(torch, precision)


@pytest.mark.parametrize(("layout", "is_channels_last"), [("channels_last", True), ("nchw", False)])
def test_layout_reaches_images_and_weights(layout: str, is_channels_last: bool) -> None:
    for tensor in prepared_input(f"eager:lr=8x8,layout={layout}"):
        assert tensor.is_contiguous(memory_format=torch.channels_last) == is_channels_last


def test_the_network_is_left_as_it_is_and_runs_in_inference_mode() -> None:
    network = ReferenceNetwork()
    output = EagerRuntime().prepare(network, Target.parse("eager:precision=bfloat16,lr=8x8"))()
    assert isinstance(output, torch.Tensor)
    assert output.is_inference()
    assert network.training
    assert {p.dtype for p in network.parameters()} == {torch.float32}
    assert all(p.requires_grad for p in network.parameters())
