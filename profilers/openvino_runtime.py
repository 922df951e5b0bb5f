"""OpenVINO on the CPU: the one file that knows this runtime."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from profilers.images import sample_images
from profilers.onnx_export import EXPORT_MODULES, export_onnx
from profilers.prepared import Missing, PreparedCall, missing_library
from profilers.targets import Target

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


class OpenVinoRuntime:
    """Runs the exported network; kernels and their memory layouts are OpenVINO's choice."""

    def why_unavailable(self, device: str) -> Missing | None:
        return missing_library(
            *EXPORT_MODULES, "openvino", remedy="pip install 'paretosr[openvino]'"
        )

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Export `network`, compile it for this machine and return its forward pass.

        The precision is always stated: left to itself OpenVINO computes in bfloat16 wherever
        the processor can. Images and result are float32 in either case.

        Raises:
            ValueError: OpenVINO does not use this precision, or as many threads, on this machine.
        """
        core = _core()
        precision = _PRECISIONS[target.precision]
        compiled = core.compile_model(
            core.read_model(export_onnx(network, target)),
            "CPU",
            {
                "INFERENCE_NUM_THREADS": target.threads,
                "NUM_STREAMS": 1,
                "INFERENCE_PRECISION_HINT": precision,
            },
        )
        threads = compiled.get_property("INFERENCE_NUM_THREADS")
        if threads != target.threads:
            raise ValueError(
                f"threads must be at most {threads} for OpenVINO on this machine, "
                f"got {target.threads}"
            )
        used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
        if used != precision:
            raise ValueError(
                f"precision {target.precision} must be supported by the processor, OpenVINO "
                f"uses {used} on this one; ask for float32"
            )
        request = compiled.create_infer_request()
        images = [sample_images(target).numpy()]

        def call() -> NDArray[np.float32]:
            request.infer(images, share_inputs=True)
            enlarged: NDArray[np.float32] = request.get_output_tensor().data
            return enlarged

        return call


@cache
def _core() -> Any:
    """The one core of this process.

    A core gives the process a stack for signal handlers and takes it away at its end; of two
    that end in the order they began, the second puts back the stack that the first has freed,
    and the next signal is a segmentation fault.
    """
    import openvino

    return openvino.Core()
