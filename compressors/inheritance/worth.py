"""How much each channel counts: what the layers that read it make of it, on images.

By the weights alone, a channel that carries the image itself counts no more than one that is
nearly silent. The weights times what they are applied to, squared, is what they contribute.
Compare Sun et al. 2024 (Wanda), arXiv:2306.11695.
"""

from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from compressors.inheritance.grouped import dense
from compressors.inheritance.layout import Layout, TensorLayout

Shares = NDArray[np.float64]


class Worth(NamedTuple):
    """The worth of a layer's channels; either sums up to 1, or to 0 where nothing passes.

    Attributes:
        read: the share of each channel it reads in what it puts out.
        written: the share of each channel it writes.
    """

    read: Shares
    written: Shares


@torch.no_grad()
def worths_of(
    network: nn.Module, forward: Callable[[Tensor], object], images: Tensor, layout: Layout
) -> dict[str, Worth]:
    """The worth of the channels of every layer that mixes channels, by the name of its weight."""
    energies: dict[str, list[Tensor]] = defaultdict(list)

    def measure(name: str, module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        of_call = [_energies(module, tensor.double()) for tensor in (args[0], output)]
        before = energies[name] or [torch.zeros_like(energy) for energy in of_call]
        energies[name] = [old + new for old, new in zip(before, of_call, strict=True)]

    handles = [
        module.register_forward_hook(partial(measure, name))
        for name, module in network.named_modules()
        if f"{name}.weight" in layout.tensors and layout.tensors[f"{name}.weight"].reads is not None
    ]
    try:
        forward(images)
    finally:
        for handle in handles:
            handle.remove()
    weights = network.state_dict()
    return {
        f"{name}.weight": _worth(weights[f"{name}.weight"], layout.tensors[f"{name}.weight"], *both)
        for name, both in energies.items()
    }


def _energies(module: nn.Module, values: Tensor) -> Tensor:
    """The mean square of each channel."""
    channel_dim = values.ndim - 1 if isinstance(module, nn.Linear) else 1
    return values.square().transpose(0, channel_dim).flatten(1).mean(dim=1)


def _worth(weight: Tensor, layout: TensorLayout, read: Tensor, written: Tensor) -> Worth:
    assert layout.reads is not None
    whole = dense(weight.double(), layout)
    others = [dim for dim in range(whole.ndim) if dim != layout.reads]
    return Worth(_shares(whole.square().sum(dim=others) * read), _shares(written))


def _shares(energies: Tensor) -> Shares:
    shares: Shares = (energies / energies.sum().clamp(min=1e-300)).numpy()
    return shares
