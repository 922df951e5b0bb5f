"""Which convolutions of a program are quantised: one rule on the graph, for all engines.

Convolutions alone are quantised, and of them not the first and the last, not those that only
decide how much of something is let through (squeeze and excitation, spatial attention, the
predictors of masks), and no shift by the mean colour. Everything else, the residual additions, the
image skip and the shuffles above all, stays in float: rounding those to 8 bits loses most.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

NodeKind = Literal["convolution", "colour shift", "gate", "size", "other"]
"""What the rule tells apart.

A colour shift is a 1x1 convolution of the three colours. A gate maps to (0, 1) or decides: a
sigmoid, a softmax, a comparison. Behind a size, nothing depends on what the images show.
"""


@dataclass(frozen=True)
class Node:
    """One operation of a program.

    Attributes:
        name: its own, in the program.
        kind: what the rule takes it for.
        inputs: the nodes whose results it takes.
        weight: the name of the weights of a convolution; None where they are computed.
        is_transposed: whether it is a transposed convolution, which no engine quantises well.
    """

    name: str
    kind: NodeKind
    inputs: tuple[str, ...]
    weight: str | None = None
    is_transposed: bool = False


@dataclass(frozen=True)
class Layer:
    """A convolution of a program.

    Attributes:
        name: where its weights stand in the network, as in "groups.0.blocks.1.convolution".
        node: the name of the operation in the program.
        why_float: why it is not quantised; None where it is.
    """

    name: str
    node: str
    why_float: str | None


def layers_of(nodes: Iterable[Node], outputs: Iterable[str]) -> tuple[Layer, ...]:
    """The convolutions of a program in the order of its nodes, and which of them stay in float.

    `outputs` are the nodes whose results the program returns.
    """
    graph = {node.name: node for node in nodes}
    users = defaultdict(list)
    for node in graph.values():
        for name in node.inputs:
            users[name].append(node.name)
    sources = {name: node.inputs for name, node in graph.items()}
    convolutions = {node.name for node in graph.values() if node.kind == "convolution"}
    sizes = {node.name for node in graph.values() if node.kind == "size"}
    gates = {node.name for node in graph.values() if node.kind == "gate"}
    behind = _reached(convolutions, users, without=sizes)
    before = _reached(convolutions, sources, without=sizes)
    visible = set(outputs) | _reached(outputs, sources, without=sizes | gates)

    def why_float(node: Node) -> str | None:
        if node.kind == "colour shift":
            return "mean shift"
        if node.name not in behind:
            return "first"
        if node.name not in before:
            return "last"
        if node.name not in visible:
            return "attention"
        if node.is_transposed:
            return "transposed"
        return "computed weights" if node.weight is None else None

    found = [node for node in graph.values() if node.kind in ("convolution", "colour shift")]
    names = _unique([(node.weight or node.name).removesuffix(".weight") for node in found])
    return tuple(
        Layer(name, node.name, why_float(node)) for name, node in zip(names, found, strict=True)
    )


def quantised(layers: Iterable[Layer]) -> tuple[str, ...]:
    """The names of the layers that the rule quantises."""
    return tuple(layer.name for layer in layers if layer.why_float is None)


def nodes_of(layers: Iterable[Layer], *, without: Collection[str]) -> set[str]:
    """The operations of all layers but those that are named."""
    return {layer.node for layer in layers if layer.name not in without}


def _reached(
    starts: Iterable[str], edges: Mapping[str, Iterable[str]], without: set[str]
) -> set[str]:
    """What can be reached by at least one edge, through nothing that is in `without`."""
    reached: set[str] = set()
    waiting = [name for name in starts if name not in without]
    while waiting:
        for name in edges.get(waiting.pop(), ()):
            if name not in reached and name not in without:
                reached.add(name)
                waiting.append(name)
    return reached


def _unique(names: list[str]) -> list[str]:
    """The names, with a number behind those that occurred before: weights may be shared."""
    seen: defaultdict[str, int] = defaultdict(int)
    unique = []
    for name in names:
        seen[name] += 1
        unique.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return unique
