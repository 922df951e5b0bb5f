"""OpenVINO on the CPU: the one file that knows this runtime. It needs no PyTorch."""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from profilers.agent.prepared_network import PreparedCall, without_telemetry
from profilers.agent.runtimes.settings import Settings

_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


def load_in_openvino(model: bytes, images: NDArray[np.float32], settings: Settings) -> PreparedCall:
    """Compile an ONNX model for this machine and return its forward pass over `images`.

    The precision is always stated: left to itself OpenVINO computes in bfloat16 wherever
    the processor can. Images and result are float32 in either case.

    Raises:
        ValueError: OpenVINO does not use this precision, or as many threads, on this machine.
    """
    core = _core()
    precision = _PRECISIONS[settings.precision]
    compiled = core.compile_model(
        core.read_model(model),
        "CPU",
        {
            "INFERENCE_NUM_THREADS": settings.threads,
            "NUM_STREAMS": 1,
            "INFERENCE_PRECISION_HINT": precision,
        },
    )
    threads = compiled.get_property("INFERENCE_NUM_THREADS")
    if threads != settings.threads:
        raise ValueError(
            f"threads must be at most {threads} for OpenVINO on this machine, "
            f"got {settings.threads}"
        )
    used = compiled.get_property("INFERENCE_PRECISION_HINT").get_type_name()
    if used != precision:
        raise ValueError(
            f"precision {settings.precision} must be supported by the processor, OpenVINO "
            f"uses {used} on this one; ask for float32"
        )
    request = compiled.create_infer_request()
    inputs = [images]

    def call() -> NDArray[np.float32]:
        request.infer(inputs, share_inputs=True)
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
    without_telemetry()
    import openvino

    return openvino.Core()
