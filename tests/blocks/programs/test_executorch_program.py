"""Sums over the channels, as ExecuTorch's exporter gets to see them."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from blocks.programs.executorch_program import (
    EXPORT_MODULES,
    channel_sums_as_convolutions,
    export_executorch,
)

for module in EXPORT_MODULES:
    pytest.importorskip(module)

norm = torch.linalg.vector_norm


OVER_CHANNELS = [
    lambda x: x.mean(1, True),
    lambda x: torch.mean(x, dim=(-3,), keepdim=True),
    lambda x: x.double().mean(1, keepdim=True),
    lambda x: norm(x, dim=1, keepdim=True),
    lambda x: norm(x, 2, -3, True),
]
OTHERS = [
    lambda x: x.mean(),
    lambda x: x.mean(dim=1),
    lambda x: x.mean((1, 2), keepdim=True),
    lambda x: x.mean(1, keepdim=True, dtype=torch.float64),
    lambda x: x[0].mean(1, keepdim=True),
    lambda x: norm(x),
    lambda x: norm(x, dim=1),
    lambda x: norm(x, 1, dim=1, keepdim=True),
    lambda x: norm(x, dim=(2, 3), keepdim=True),
]


@pytest.mark.parametrize(
    ("reduce", "is_convolution"),
    [*((reduce, True) for reduce in OVER_CHANNELS), *((reduce, False) for reduce in OTHERS)],
)
def test_what_is_written_in_another_way_is_the_same(
    reduce: Callable[[Tensor], Tensor], is_convolution: bool
) -> None:
    class Reducing(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            return reduce(images)

    torch.manual_seed(0)
    images = torch.randn(2, 5, 4, 7)
    program = torch.export.export(Reducing(), (images,))
    channel_sums_as_convolutions(program)
    torch.testing.assert_close(program.module()(images), reduce(images))
    targets = {node.target for node in program.graph.nodes}
    assert (torch.ops.aten.conv2d.default in targets) == is_convolution


class Centred(nn.Module):
    """Two convolutions with reductions over the channels between."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3)
        self.last = nn.Conv2d(8, 3, 3)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.first(images)
        centred = features - features.mean(dim=1, keepdim=True)
        enlarged: Tensor = self.last(centred / norm(centred, dim=1, keepdim=True))
        return enlarged


def test_reductions_over_the_channels_do_not_take_the_work_from_xnnpack() -> None:
    network = Centred().eval().requires_grad_(False)
    program = export_executorch(network, torch.rand(1, 3, 16, 16))
    assert program.count(b"XnnpackBackend") == 1
