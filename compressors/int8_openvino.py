"""int8 for OpenVINO by NNCF: the one file that knows how it quantises.

The program is an OpenVINO graph for images of any size: program.xml, and its weights in
program.bin.
"""

import copy
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from blocks import SuperResolutionNetwork
from compressors.layers import Layer, nodes_of
from compressors.onnx_layers import exported, onnx_layers, store_in_half_precision
from compressors.quantiser import KIB, Images, missing_for, without_telemetry
from compressors.schemes import InstructionSet, Ranges, Scheme
from foundation.library_messages import silent_libraries

# OpenVINO's name for the convolution of an ONNX node, whose bias it adds by itself.
_WITHOUT_BIAS = "/WithoutBiases"


class OpenVinoEngine:
    """Quantises for OpenVINO."""

    libraries = ("nncf", "openvino", "onnx", "torch")

    def why_unavailable(self) -> str | None:
        return missing_for(
            "onnx", "onnxscript", "openvino", "nncf", remedy="pip install 'paretosr[openvino,int8]'"
        )

    def schemes(self, instruction_set: InstructionSet) -> tuple[Scheme, ...]:
        return (
            Scheme(ranges="mean"),
            Scheme(ranges="minmax"),
            Scheme(ranges="histogram"),
            Scheme(ranges="histogram", symmetry="asymmetric"),
        )

    def open(
        self, network: SuperResolutionNetwork, calibration: Images, instruction_set: InstructionSet
    ) -> "OpenVinoQuantiser":
        return OpenVinoQuantiser(network, calibration, instruction_set)


class OpenVinoQuantiser:
    """Writes quantised programs of one network."""

    def __init__(
        self, network: SuperResolutionNetwork, calibration: Images, instruction_set: InstructionSet
    ) -> None:
        self._model = exported(network)
        self._calibration = calibration
        self._instruction_set = instruction_set
        self.layers: tuple[Layer, ...] = onnx_layers(self._model)

    def write(self, scheme: Scheme, quantised: Collection[str], folder: Path) -> float:
        floats = nodes_of(self.layers, without=quantised)
        graph = copy.deepcopy(self._model)
        store_in_half_precision(graph, floats)
        without_telemetry()
        with silent_libraries():
            import nncf
            import openvino

            model = openvino.Core().read_model(graph.SerializeToString())
            chosen = {layer.node for layer in self.layers} - floats
            names = (operator.get_friendly_name() for operator in model.get_ops())
            others = [name for name in names if name.removesuffix(_WITHOUT_BIAS) not in chosen]
            is_symmetric = scheme.symmetry == "symmetric"
            presets = nncf.QuantizationPreset
            everything = scheme.scope == "everything"
            program = nncf.quantize(
                model,
                nncf.Dataset([image[None] for image in self._calibration]),
                subset_size=len(self._calibration),
                preset=presets.PERFORMANCE if is_symmetric else presets.MIXED,
                ignored_scope=(
                    None if everything else nncf.IgnoredScope(names=others, validate=False)
                ),
                advanced_parameters=_advanced(scheme.ranges, self._instruction_set),
            )
            openvino.save_model(program, folder / "program.xml", compress_to_fp16=False)
        return (folder / "program.bin").stat().st_size / KIB


def _advanced(ranges: Ranges, instruction_set: InstructionSet) -> Any:
    from nncf.quantization.advanced_parameters import AdvancedQuantizationParameters, OverflowFix
    from nncf.quantization.range_estimator import RangeEstimatorParametersSet

    estimators: Mapping[Ranges, Any] = {
        "mean": RangeEstimatorParametersSet.MEAN_MINMAX,
        "minmax": RangeEstimatorParametersSet.MINMAX,
        "histogram": RangeEstimatorParametersSet.HISTOGRAM,
    }
    return AdvancedQuantizationParameters(
        overflow_fix=OverflowFix.ENABLE if instruction_set.saturates else OverflowFix.DISABLE,
        activations_range_estimator_params=estimators[ranges],
    )
