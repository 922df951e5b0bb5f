"""A network as an ONNX graph, and its operations as the rule sees them."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import numpy as np

from blocks import SuperResolutionNetwork, export_variant, in_variant, of_any_size
from blocks.programs.onnx_graph import export_onnx_of_any_size
from compressors.layers import Layer, Node, NodeKind, layers_of

_CONVOLUTIONS = ("Conv", "ConvTranspose")
_GATES = frozenset(
    {
        *("Sigmoid", "HardSigmoid", "Softmax", "ArgMax", "TopK"),
        *("Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Equal"),
    }
)
_SIZES = frozenset({"Shape", "Size"})
_OF_ANY_SIZE = "module."
"""Where a network's tensors stand once it takes images of any size."""


def exported(network: SuperResolutionNetwork) -> Any:
    """The network for images of any number and size, as an `onnx.ModelProto` in float32.

    Raises:
        ExportFailed: the network has an operator that ONNX or its exporter lacks.
    """
    import onnx

    config = network.config
    variant = of_any_size(in_variant(network, export_variant(config)), config)
    return onnx.load_from_string(export_onnx_of_any_size(variant))


def onnx_layers(model: Any) -> tuple[Layer, ...]:
    """The convolutions of an `onnx.ModelProto`, whose nodes must have names of their own."""
    graph = model.graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    makers = {output: node.name for node in graph.node for output in node.output}
    outputs = [makers[output.name] for output in graph.output]
    return layers_of(_nodes(graph, makers, shapes), outputs)


def _nodes(
    graph: Any, makers: Mapping[str, str], shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[Node]:
    for node in graph.node:
        inputs = tuple(makers[name] for name in node.input if name in makers)
        is_convolution = node.op_type in _CONVOLUTIONS
        weight = node.input[1] if is_convolution and node.input[1] in shapes else None
        yield Node(
            node.name,
            _kind(node.op_type, shapes.get(weight or "")),
            inputs,
            None if weight is None else weight.removeprefix(_OF_ANY_SIZE),
            node.op_type == "ConvTranspose",
        )


def _kind(operator: str, weight_shape: tuple[int, ...] | None) -> NodeKind:
    if operator in _CONVOLUTIONS:
        return "colour shift" if weight_shape == (3, 3, 1, 1) else "convolution"
    if operator in _GATES:
        return "gate"
    return "size" if operator in _SIZES else "other"


def store_in_half_precision(model: Any, nodes: Collection[str]) -> None:
    """Halve the weights of the convolutions `nodes`, which are cast back when they are loaded."""
    from onnx import TensorProto, helper, numpy_helper

    graph = model.graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    casts = {}
    for node in graph.node:
        if node.name in nodes and node.input[1] in stored:
            name = node.input[1]
            half, node.input[1] = f"{name}_float16", f"{name}_float32"
            casts[name] = helper.make_node("Cast", [half], [node.input[1]], to=TensorProto.FLOAT)
    for name, cast in casts.items():
        values = numpy_helper.to_array(stored[name]).astype(np.float16)
        graph.initializer.append(numpy_helper.from_array(values, cast.input[0]))
    others = list(graph.node)
    del graph.node[:]
    graph.node.extend([*casts.values(), *others])
    used = {name for node in graph.node for name in node.input}
    for name in casts:
        if name not in used:
            graph.initializer.remove(stored[name])
