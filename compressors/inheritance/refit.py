"""Refitting a child's layers, in order, to what the same layers of its parent put out.

What is cut away has been part of the sums that the next layer takes. Least squares shares it out
among what is kept: each layer sees what the child itself computes before it, errors and all, and
is fitted to the parent's output.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.layers import NORM_EPSILON, ChannelLayerNorm
from compressors.inheritance.layout import Layout
from compressors.inheritance.lineage import Lineage

RIDGE = 1e-3
"""Weight of a change, against the mean variance of what the layer reads."""
# So many pixels are enough for the widest layers, and few enough for those behind an upsampler.
MOST_ROWS = 2**14

Forward = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Target:
    """What a layer of the child is fitted to.

    Attributes:
        layer: its name in the parent.
        positions: for each of its outputs that of the parent's; -1 for those that stay.
    """

    layer: str
    positions: Tensor


def refit_targets(child: Layout, parent: Layout, lineage: Lineage) -> dict[str, Target]:
    """For each layer of the child that comes from one of the parent what it is fitted to."""
    targets: dict[str, Target] = {}
    for name, layout in child.tensors.items():
        origin = lineage.name(name)
        layer, _, kind = name.rpartition(".")
        if kind != "weight" or origin is None or origin not in parent.tensors:
            continue
        writes = layout.axes[0 if layout.reads != 0 else 1]
        parent_writes = parent.tensors[origin].axes[0 if layout.reads != 0 else 1]
        if writes is not None and parent_writes is not None:
            positions = lineage.positions(writes, parent_writes)
            targets[layer] = Target(origin.rpartition(".")[0], positions)
    return targets


@torch.no_grad()
def recorded(network: nn.Module, forward: Forward, crops: Tensor) -> dict[str, Tensor]:
    """The outputs, (N, C, ...) each, of all layers that the forward pass calls exactly once."""
    outputs: dict[str, Tensor] = {}
    calls: Counter[str] = Counter()

    def record(name: str, module: nn.Module, args: tuple[Tensor, ...], output: Tensor) -> None:
        calls[name] += 1
        outputs[name] = output

    with _hooks(network) as hooks:
        for name, module in network.named_modules():
            if _is_linear(module):
                hooks.append(module.register_forward_hook(partial(record, name)))
        forward(crops)
    return {name: output for name, output in outputs.items() if calls[name] == 1}


@torch.no_grad()
def refit(
    network: nn.Module,
    forward: Forward,
    crops: Tensor,
    outputs: Mapping[str, Tensor],
    targets: Mapping[str, Target],
) -> None:
    """Change the weights of the network's layers, one after the other, towards the targets."""
    layers = {name: module for name, module in network.named_modules() if name in targets}
    done: set[str] = set()

    def fit(name: str, module: nn.Module, args: tuple[Tensor, ...]) -> None:
        if name not in done:
            done.add(name)
            target = targets[name]
            fit_layer(module, args[0], outputs[target.layer], target.positions)

    with _hooks(network) as hooks:
        for name, module in layers.items():
            if targets[name].layer in outputs:
                hooks.append(module.register_forward_pre_hook(partial(fit, name)))
        forward(crops)


def fit_layer(module: nn.Module, inputs: Tensor, target: Tensor, positions: Tensor) -> None:
    """Change a layer's weights so that its outputs come near the target's at `positions`.

    The change solves a ridge regression for what the layer still lacks, so that nothing that is
    right already is changed.
    """
    if isinstance(module, nn.Linear):
        inputs, target = inputs.flatten(0, -2), target.flatten(0, -2)
    crops = max(1, MOST_ROWS // max(1, target[0, 0].numel()))
    inputs, target = inputs[:crops], target[:crops]
    output = module.forward(inputs)
    lacking = target[:, positions.clamp(min=0)] - output
    lacking[:, positions < 0] = 0
    columns = _columns(module, inputs)  # (N, groups, K, L)
    groups = columns.shape[1]
    rows = lacking.reshape(len(lacking), groups, -1, columns.shape[-1])  # (N, groups, O, L)
    has_bias = getattr(module, "bias", None) is not None
    column_means = columns.mean(dim=(0, 3), keepdim=True) * has_bias
    row_means = rows.mean(dim=(0, 3), keepdim=True) * has_bias
    columns, rows = columns - column_means, rows - row_means
    gram = torch.einsum("ngkl,ngjl->gkj", columns, columns).double()
    moments = torch.einsum("ngkl,ngol->gko", columns, rows).double()
    diagonal = gram.diagonal(dim1=1, dim2=2)
    ridge = RIDGE * diagonal.mean(dim=1).clamp(min=torch.finfo(torch.float32).tiny)
    diagonal += ridge[:, None]
    change = torch.linalg.solve(gram, moments).transpose(1, 2).to(inputs.dtype)  # (groups, O, K)
    weight = module.weight
    assert isinstance(weight, Tensor)
    weight += change.reshape(weight.shape)
    if has_bias:
        assert isinstance(module.bias, Tensor)
        offset = row_means[0, :, :, 0] - (change @ column_means[0])[:, :, 0]
        module.bias += offset.flatten()


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Conv2d | nn.Linear | ChannelLayerNorm)


def _columns(module: nn.Module, inputs: Tensor) -> Tensor:
    """What each output is a weighted sum of. Shape: (N, groups, K, L), L the pixels."""
    match module:
        case nn.Conv2d():
            unfolded = F.unfold(
                inputs,
                module.kernel_size,
                module.dilation,
                _pair(module.padding),
                module.stride,
            )
            return unfolded.view(len(inputs), module.groups, -1, unfolded.shape[-1])
        case nn.Linear():
            return inputs[:, None, :, None]
        case ChannelLayerNorm():
            rows = inputs.permute(0, 2, 3, 1)
            normalised = F.layer_norm(rows, rows.shape[-1:], eps=NORM_EPSILON)
            return normalised.permute(0, 3, 1, 2).flatten(2)[:, :, None]
    raise TypeError(f"a layer that is linear in its weights is needed, got {type(module)}")


def _pair(padding: object) -> tuple[int, int]:
    assert isinstance(padding, tuple)
    first, second = padding
    return int(first), int(second)


@contextmanager
def _hooks(network: nn.Module) -> Iterator[list[torch.utils.hooks.RemovableHandle]]:
    handles: list[torch.utils.hooks.RemovableHandle] = []
    try:
        yield handles
    finally:
        for handle in handles:
            handle.remove()
