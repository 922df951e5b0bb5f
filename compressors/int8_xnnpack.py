"""int8 for ExecuTorch's XNNPACK by torchao: the one file that knows how it quantises.

The program is the learned part of the network, for one image at a time, of any size up to
`LARGEST_PX`. The mean shift and the image skip stand around it: whoever runs the program adds them
in float. Convolutions in float compute in float32, from weights in float16.
"""

import copy
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.export import Dim, ExportedProgram
from torch.fx import GraphModule, Node

from blocks import SuperResolutionNetwork, export_variant, in_variant
from blocks.programs.executorch_program import EXPORT_MODULES, lowered, lowering_failed
from compressors import layers as rule
from compressors.activation_ranges import TensorRanges
from compressors.layers import Layer
from compressors.quantiser import KIB, Images, QuantisationFailed, missing_for
from compressors.schemes import InstructionSet, Scheme
from foundation import raise_interrupt
from foundation.library_messages import quiet_libraries

PROGRAM = "program.pte"
LARGEST_PX = 1024
"""Height and width at most: ExecuTorch plans memory for the largest image that it may meet."""

_aten = torch.ops.aten
_RELUS = (_aten.relu.default, _aten.relu_.default)
_TRANSPOSED = _aten.conv_transpose2d.input
_CONVOLUTIONS = (_aten.conv2d.default, _TRANSPOSED)
_GATES = frozenset(
    {
        *(_aten.sigmoid.default, _aten.hardsigmoid.default, _aten.softmax.int),
        *(_aten.argmax.default, _aten.topk.default),
        *(_aten.gt.Tensor, _aten.gt.Scalar, _aten.ge.Tensor, _aten.ge.Scalar),
        *(_aten.lt.Tensor, _aten.lt.Scalar, _aten.le.Tensor, _aten.le.Scalar),
        *(_aten.eq.Tensor, _aten.eq.Scalar),
    }
)
_SMALLEST_STEP = 2**-12
"""XNNPACK takes no finer one."""


class XnnpackEngine:
    """Quantises for ExecuTorch with XNNPACK."""

    libraries = ("executorch", "torchao", "torch")

    def why_unavailable(self) -> str | None:
        return missing_for(
            *EXPORT_MODULES,
            "torchao.quantization.pt2e.quantize_pt2e",
            remedy="pip install 'paretosr[executorch]'",
        )

    def schemes(self, instruction_set: InstructionSet) -> tuple[Scheme, ...]:
        return (
            Scheme(ranges="mean", symmetry="asymmetric"),
            Scheme(ranges="histogram", symmetry="asymmetric"),
        )

    def open(
        self, network: SuperResolutionNetwork, calibration: Images, instruction_set: InstructionSet
    ) -> "XnnpackQuantiser":
        return XnnpackQuantiser(network, calibration)


class LearnedPart(nn.Module):
    """What a network does between its mean shift and its image skip."""

    def __init__(self, network: SuperResolutionNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, encoded: Tensor) -> Tensor:
        return self.network.enlarge(encoded)


class XnnpackQuantiser:
    """Writes quantised programs of one network; XNNPACK's products do not saturate."""

    def __init__(self, network: SuperResolutionNetwork, calibration: Images) -> None:
        config = network.config
        variant = in_variant(network, export_variant(config))
        if not isinstance(variant, SuperResolutionNetwork):
            raise QuantisationFailed(
                "XNNPACK runs the learned part of a network in 8 bits, and the variant of "
                f"{config.family} for export has none"
            )
        self._network = variant
        self._calibration = torch.from_numpy(calibration)
        # At its least size a network may have maps of one pixel, which the exporter would freeze.
        self._smallest_px = 2 * config.minimum_size_px
        self._sizes = {2: self._side("height"), 3: self._side("width")}
        with _as_export_failures():
            self._graph = self._exported(LearnedPart(variant)).module(check_guards=False)
        self.layers: tuple[Layer, ...] = graph_layers(self._graph)

    def write(self, scheme: Scheme, quantised: Collection[str], folder: Path) -> float:
        graph = self.quantised_graph(scheme, quantised)
        with _as_export_failures():
            program = lowered(self._exported(graph))
        (folder / PROGRAM).write_bytes(program.file)
        return program.constants_bytes / KIB

    def quantised_graph(self, scheme: Scheme, quantised: Collection[str]) -> GraphModule:
        """The learned part with what rounds written out: what the program promises to give."""
        if scheme.scope == "everything":
            raise ValueError(f"XNNPACK must quantise convolutions only, got scheme {scheme.name!r}")
        floats = rule.nodes_of(self.layers, without=quantised)
        chosen = {layer.node for layer in self.layers} - floats
        with quiet_libraries(), torch.no_grad():
            from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

            graph = copy.deepcopy(self._graph)
            _round_to_half(graph, floats)
            prepared = prepare_pt2e(graph, _quantizer(scheme, chosen))
            for image in self._calibration:
                prepared(self._network.encode(image[None]))
            converted: GraphModule = convert_pt2e(prepared)
        return converted

    def _side(self, name: str) -> Dim:
        return Dim(name, min=self._smallest_px, max=LARGEST_PX)

    def _exported(self, module: nn.Module) -> ExportedProgram:
        # Sizes that follow from one another would be frozen, too.
        example = torch.zeros(1, 3, self._smallest_px + 35, self._smallest_px + 44)
        return torch.export.export(module, (example,), dynamic_shapes=(self._sizes,))


@contextmanager
def _as_export_failures() -> Iterator[None]:
    """Turn the exceptions of many kinds that the steps to a program raise into one."""
    try:
        with quiet_libraries():
            yield
    except Exception as error:
        raise_interrupt(error)
        raise lowering_failed(error) from error


def graph_layers(graph: GraphModule) -> tuple[Layer, ...]:
    """The convolutions of an exported learned part."""
    (output,) = (node for node in graph.graph.nodes if node.op == "output")
    nodes = [node for node in graph.graph.nodes if node.op == "call_function"]
    return rule.layers_of(map(_as_node, nodes), [node.name for node in output.all_input_nodes])


def _as_node(node: Node) -> rule.Node:
    is_convolution = node.target in _CONVOLUTIONS
    weight = node.args[1] if is_convolution else None
    inputs = tuple(it.name for it in node.all_input_nodes if it.op == "call_function")
    kind: rule.NodeKind = "other"
    if isinstance(weight, Node):
        shape = tuple(weight.meta["val"].shape)
        kind = "colour shift" if shape == (3, 3, 1, 1) else "convolution"
    elif node.target in _GATES:
        kind = "gate"
    elif node.target is _aten.sym_size.int:
        kind = "size"
    stored = (
        str(weight.target).removeprefix("network.")
        if isinstance(weight, Node) and weight.op == "get_attr"
        else None
    )
    return rule.Node(node.name, kind, inputs, stored, node.target is _TRANSPOSED)


def _round_to_half(graph: GraphModule, nodes: Collection[str]) -> None:
    """Give the convolutions `nodes` weights that float16 holds exactly, to be stored in it."""
    for node in graph.graph.nodes:
        if node.name in nodes and node.args[1].op == "get_attr":
            weight: Tensor = attrgetter(node.args[1].target)(graph)
            weight.copy_(weight.half())


def _quantizer(scheme: Scheme, nodes: Collection[str]) -> Any:
    """torchao's quantizer, for these convolutions."""
    from executorch.backends.xnnpack.quantizer.xnnpack_quantizer import (
        get_symmetric_quantization_config,
    )
    from torchao.quantization.pt2e.quantizer import QuantizationAnnotation, Quantizer

    config = get_symmetric_quantization_config(is_per_channel=True)
    values = _value_spec(config.input_activation, scheme)

    class RuleQuantizer(Quantizer):  # type: ignore[misc]
        """Rounds what the chosen convolutions take and give."""

        def annotate(self, model: GraphModule) -> GraphModule:
            for node in model.graph.nodes:
                if node.name in nodes:
                    given = _with_relu(node)
                    _annotate(node, {node.args[0]: values, node.args[1]: config.weight})
                    given.meta["quantization_annotation"].output_qspec = values
            return model

        def validate(self, model: GraphModule) -> None: ...

    def _annotate(node: Node, inputs: dict[Any, Any]) -> None:
        for marked in {node, _with_relu(node)}:
            marked.meta["quantization_annotation"] = QuantizationAnnotation(
                input_qspec_map=inputs if marked is node else {}, _annotated=True
            )

    return RuleQuantizer()


def _with_relu(node: Node) -> Node:
    """The ReLU that a convolution is one with, or the convolution."""
    users = list(node.users)
    return users[0] if len(users) == 1 and users[0].target in _RELUS else node


def _value_spec(default: Any, scheme: Scheme) -> Any:
    """How values are rounded: as XNNPACK does, in the ranges of the scheme."""
    from torchao.quantization.pt2e.observer import UniformQuantizationObserverBase

    class RangeObserver(UniformQuantizationObserverBase):  # type: ignore[misc]
        """Takes note of a tensor's values, crop by crop."""

        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings, eps=_SMALLEST_STEP)
            self.seen = TensorRanges()

        def forward(self, values: Tensor) -> Tensor:
            self.seen.add(values.detach().numpy())
            return values

        def calculate_qparams(self) -> tuple[Tensor, Tensor]:
            low, high = self.seen.range(scheme.ranges)
            qparams: tuple[Tensor, Tensor] = self._calculate_qparams(
                torch.tensor(low), torch.tensor(high)
            )
            return qparams

    is_symmetric = scheme.symmetry == "symmetric"
    return replace(
        default,
        qscheme=torch.per_tensor_symmetric if is_symmetric else torch.per_tensor_affine,
        observer_or_fake_quant_ctr=RangeObserver.with_args(),
    )
