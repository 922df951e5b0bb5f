"""Operators that ncnn lacks, written in a graph as those that it has.

Each way is exact but for rounding. A choice becomes arithmetic: ncnn has neither comparisons nor
indices, yet a difference times a huge number, clamped to [0, 1], is 1 where it is above 0.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter

import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.nn import functional as F  # noqa: N812

# Differences of float32 numbers in the range of logits are far above its inverse, or 0.
HUGE = 1e30
_aten = torch.ops.aten


def write_for_ncnn(module: GraphModule) -> None:
    """Replace in the exported `module` what ncnn lacks; it is changed in place."""
    for node in list(module.graph.nodes):
        write = _WAYS.get(node.target)
        if write is not None:
            with module.graph.inserting_before(node):
                written = write(module, node)
            if written is not None:
                written.meta = node.meta
                node.replace_all_uses_with(written)
    module.graph.eliminate_dead_code()
    module.recompile()


def _sliced(module: GraphModule, node: Node) -> Node:
    """`narrow` as a slice."""
    x, dim, start, length = node.args
    return module.graph.call_function(
        _aten.slice.Tensor,
        (x, dim, start, start + length),  # type: ignore[operator]
    )


def _shuffled(module: GraphModule, node: Node) -> Node:
    """`channel_shuffle` as what pnnx takes for one: the groups' channels change places."""
    x, groups = node.args
    assert isinstance(x, Node) and isinstance(groups, int)
    images, channels, height, width = x.meta["val"].shape
    call = module.graph.call_function
    parts = call(_aten.view.default, (x, [images, groups, channels // groups, height, width]))
    swapped = call(_aten.transpose.int, (parts, 1, 2))
    return call(_aten.reshape.default, (swapped, [images, channels, height, width]))


def _kept(module: GraphModule, node: Node) -> Node | None:
    """A conversion to the type that a tensor has already, as the tensor."""
    source = node.args[0]
    assert isinstance(source, Node)
    return source if source.meta["val"].dtype == node.meta["val"].dtype else None


def _forgotten(module: GraphModule, node: Node) -> None:
    """An assertion of the exporter's; it gives nothing."""
    module.graph.erase_node(node)


def _mean_and_variance(module: GraphModule, node: Node) -> None:
    """`var_mean` of a whole population as two means."""
    x, dims = node.args[:2]
    if node.kwargs.get("correction") != 0 or not node.kwargs.get("keepdim"):
        return
    call = module.graph.call_function
    mean = call(_aten.mean.dim, (x, dims, True))
    centred = call(_aten.sub.Tensor, (x, mean))
    variance = call(_aten.mean.dim, (call(_aten.mul.Tensor, (centred, centred)), dims, True))
    for user in list(node.users):
        user.replace_all_uses_with((variance, mean)[user.args[1]])  # type: ignore[index]


def _larger(module: GraphModule, node: Node) -> Node | None:
    """`a > b` as 1 or 0, where it is only ever taken as a number."""
    conversions = [user for user in node.users if user.target in _CONVERSIONS]
    if len(conversions) < len([user for user in node.users if user.target is not _ASSERTION]):
        return None
    number = _step(module, module.graph.call_function(_aten.sub.Tensor, tuple(node.args)))
    for conversion in conversions:
        conversion.replace_all_uses_with(number)
    return None


def _kept_at_the_top(module: GraphModule, node: Node) -> Node | None:
    """The `scatter` of the largest k values into zeros: the values times a mask.

    Value i is kept if less than k of the others are above it. Shape: (1, E) -> (1, E).
    """
    values = node.args[3]
    top = values.args[0] if isinstance(values, Node) else None
    if not isinstance(top, Node) or top.target is not _aten.topk.default:
        return None
    x, k = top.args[:2]
    assert isinstance(x, Node)
    choices = x.meta["val"].shape[1]
    above = torch.zeros(choices, choices * choices)
    count = torch.zeros(choices * choices, choices)
    for one in range(choices):
        for other in range(choices):
            pair = choices * one + other
            above[other, pair] += 1
            above[one, pair] -= 1
            count[pair, one] = 1
    call = module.graph.call_function
    differences = _product(module, x, above, f"{node.name}_above")
    larger_ones = _product(module, _step(module, differences), count, f"{node.name}_count")
    mask = call(_aten.clamp.default, (call(_aten.rsub.Scalar, (larger_ones, k)), 0, 1))
    return call(_aten.mul.Tensor, (x, mask))


def _picked(module: GraphModule, node: Node) -> Node | None:
    """Constant channels of a map, by a convolution of ones and zeros."""
    x, indices = node.args
    assert isinstance(x, Node) and isinstance(indices, Sequence)
    values = x.meta["val"]
    if values.dim() != 4 or len(indices) != 2 or indices[0] is not None:
        return None
    chosen = _constant(module, indices[1])
    if chosen is None:
        return None
    weight = F.one_hot(chosen, values.shape[1]).to(values.dtype)[:, :, None, None]
    stored = _stored(module, f"{node.name}_weight", weight)
    return module.graph.call_function(_aten.conv2d.default, (x, stored))


def _step(module: GraphModule, difference: Node) -> Node:
    """1 where `difference` is above 0, else 0."""
    call = module.graph.call_function
    huge = call(_aten.mul.Tensor, (difference, HUGE))
    return call(_aten.clamp.default, (huge, 0, 1))


def _product(module: GraphModule, x: Node, matrix: Tensor, name: str) -> Node:
    """`x` times a constant, as a linear layer. Shape: (1, I), (I, O) -> (1, O)."""
    stored = _stored(module, name, matrix.T.contiguous())
    return module.graph.call_function(_aten.linear.default, (x, stored))


def _stored(module: GraphModule, name: str, value: Tensor) -> Node:
    module.register_buffer(name, value)
    return module.graph.get_attr(name)


def _constant(module: GraphModule, node: object) -> Tensor | None:
    """The tensor that `node` stands for, if it is a constant."""
    if not isinstance(node, Node) or node.op != "get_attr":
        return None
    value = attrgetter(str(node.target))(module)
    assert isinstance(value, Tensor)
    return value


_ASSERTION = _aten._assert_tensor_metadata.default
_CONVERSIONS = (_aten.to.dtype, _aten.to.dtype_layout, _aten._to_copy.default)
_WAYS: dict[object, Callable[[GraphModule, Node], Node | None]] = {
    _ASSERTION: _forgotten,
    **dict.fromkeys(_CONVERSIONS, _kept),
    _aten.alias.default: _kept,
    _aten.narrow.default: _sliced,
    _aten.channel_shuffle.default: _shuffled,
    _aten.var_mean.correction: _mean_and_variance,
    _aten.gt.Tensor: _larger,
    _aten.scatter.src: _kept_at_the_top,
    _aten.index.Tensor: _picked,
}
