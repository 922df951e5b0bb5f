"""int8 for ONNX Runtime by its own quantiser: the one file that knows how it quantises.

The program is an ONNX graph for images of any size, with pairs of operators that quantise and
dequantise around each convolution (QDQ).
"""

import copy
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from blocks import SuperResolutionNetwork
from blocks.programs.onnx_graph import IMAGES
from compressors.activation_ranges import TensorRanges
from compressors.layers import Layer, nodes_of
from compressors.onnx_layers import exported, onnx_layers, store_in_half_precision
from compressors.quantiser import KIB, Images, missing_for
from compressors.schemes import InstructionSet, Ranges, Scheme
from foundation.library_messages import quiet_libraries

PROGRAM = "program.onnx"


class OnnxRuntimeEngine:
    """Quantises for ONNX Runtime."""

    libraries = ("onnxruntime", "onnx", "torch")

    def why_unavailable(self) -> str | None:
        return missing_for(
            "onnx", "onnxscript", "onnxruntime", remedy="pip install 'paretosr[onnx]'"
        )

    def schemes(self, instruction_set: InstructionSet) -> tuple[Scheme, ...]:
        # Symmetric ranges would waste half of their values on what a ReLU leaves.
        ranges: tuple[Ranges, ...] = ("mean", "minmax", "histogram")
        return tuple(Scheme(ranges=it, symmetry="asymmetric") for it in ranges)

    def open(
        self, network: SuperResolutionNetwork, calibration: Images, instruction_set: InstructionSet
    ) -> "OnnxRuntimeQuantiser":
        return OnnxRuntimeQuantiser(network, calibration, instruction_set)


class OnnxRuntimeQuantiser:
    """Writes quantised programs of one network."""

    def __init__(
        self, network: SuperResolutionNetwork, calibration: Images, instruction_set: InstructionSet
    ) -> None:
        self._model = exported(network)
        self._calibration = calibration
        self._instruction_set = instruction_set
        self._ranges: dict[str, TensorRanges] = {}
        self.layers: tuple[Layer, ...] = onnx_layers(self._model)

    def write(self, scheme: Scheme, quantised: Collection[str], folder: Path) -> float:
        from onnxruntime.quantization import CalibrationMethod, QuantType
        from onnxruntime.quantization.calibrate import TensorData, TensorsData
        from onnxruntime.quantization.qdq_quantizer import QDQQuantizer

        is_symmetric = scheme.symmetry == "symmetric"
        everything = scheme.scope == "everything"
        nodes = self._model.graph.node if everything else self._chosen(quantised)
        ranges = {
            name: TensorData(lowest=np.float32(low), highest=np.float32(high))
            for name, (low, high) in self._ranges_around(nodes, scheme.ranges).items()
        }
        with quiet_libraries():
            quantizer = QDQQuantizer(
                copy.deepcopy(self._model),
                per_channel=True,
                reduce_range=self._instruction_set.saturates,
                weight_qType=QuantType.QInt8,
                activation_qType=QuantType.QInt8 if is_symmetric else QuantType.QUInt8,
                tensors_range=TensorsData(CalibrationMethod.MinMax, ranges),
                nodes_to_quantize=[node.name for node in nodes],
                nodes_to_exclude=[],
                op_types_to_quantize=_all_operators() if everything else ["Conv", "Relu"],
                extra_options={"ActivationSymmetric": is_symmetric},
            )
            quantizer.quantize_model()
        program = quantizer.model.model
        if not everything:
            _leave_others_in_float(program)
        store_in_half_precision(program, nodes_of(self.layers, without=quantised))
        (folder / PROGRAM).write_bytes(program.SerializeToString())
        return sum(len(tensor.raw_data) for tensor in program.graph.initializer) / KIB

    def _chosen(self, quantised: Collection[str]) -> list[Any]:
        """The convolutions of these layers, and the ReLUs that they are one with."""
        chosen = {layer.node for layer in self.layers if layer.name in quantised}
        all_nodes = self._model.graph.node
        nodes = [node for node in all_nodes if node.name in chosen]
        results = {node.output[0] for node in nodes}
        uses = Counter(name for node in all_nodes for name in node.input)
        return nodes + [
            node
            for node in all_nodes
            if node.op_type == "Relu" and node.input[0] in results and uses[node.input[0]] == 1
        ]

    def _ranges_around(
        self, nodes: Iterable[Any], ranges: Ranges
    ) -> dict[str, tuple[float, float]]:
        """The range of every tensor in float32 that one of `nodes` takes or gives."""
        from onnx import TensorProto

        graph = self._model.graph
        known = {
            info.name: info.type.tensor_type.elem_type
            for info in (*graph.input, *graph.value_info, *graph.output)
        }
        names = {name for node in nodes for name in (*node.input, *node.output)}
        wanted = [name for name in sorted(names) if known.get(name) == TensorProto.FLOAT]
        self._measure([name for name in wanted if name not in self._ranges])
        return {name: self._ranges[name].range(ranges) for name in wanted}

    def _measure(self, names: list[str]) -> None:
        """Run the float graph on every crop, and take note of the values of these tensors."""
        import onnxruntime
        from onnx import ValueInfoProto

        model = copy.deepcopy(self._model)
        measured = {name: TensorRanges() for name in names}
        del model.graph.output[:]
        computed = [name for name in names if name != IMAGES]
        model.graph.output.extend(ValueInfoProto(name=name) for name in computed)
        if computed:
            session = onnxruntime.InferenceSession(
                model.SerializeToString(), providers=["CPUExecutionProvider"]
            )
        for image in self._calibration:
            values = session.run(None, {IMAGES: image[None]}) if computed else []
            for name, value in zip(computed, values, strict=True):
                measured[name].add(value)
            if IMAGES in measured:
                measured[IMAGES].add(image)
        self._ranges |= measured


def _all_operators() -> list[str]:
    from onnxruntime.quantization.registry import QDQRegistry, QLinearOpsRegistry

    return sorted({*QDQRegistry, *QLinearOpsRegistry})


def _leave_others_in_float(program: Any) -> None:
    """Give the float value, where there is one, to all that takes it beside a convolution.

    ONNX Runtime's quantiser rounds a tensor for whoever takes it, and so the residual additions.
    What a quantised convolution gives has been rounded by the convolution itself.
    """
    graph = program.graph
    makers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        if node.op_type in ("Conv", "QuantizeLinear"):
            continue
        for place, name in enumerate(node.input):
            source = _before_rounding(makers, name)
            if source is not None:
                node.input[place] = source


def _before_rounding(makers: dict[str, Any], name: str) -> str | None:
    """The float value that `name` is the rounded one of; None if there is none."""
    dequantised = makers.get(name)
    if dequantised is None or dequantised.op_type != "DequantizeLinear":
        return None
    rounded = makers.get(dequantised.input[0])
    if rounded is None or rounded.op_type != "QuantizeLinear":
        return None
    source: str = rounded.input[0]
    maker = makers.get(source)
    return None if maker is not None and maker.op_type == "Conv" else source
