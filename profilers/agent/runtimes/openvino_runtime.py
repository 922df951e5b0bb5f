"""OpenVINO on the CPU: the one file that knows this runtime. It needs no PyTorch."""

from functools import cache
from typing import Any

from profilers.agent.prepared_network import Images, Program, without_telemetry
from profilers.agent.runtimes.settings import Graph, Settings

# What is not quantised in a quantised graph is computed in float32.
_PRECISIONS = {"float32": "f32", "bfloat16": "bf16", "int8": "f32"}


def load_in_openvino(graph: Graph, settings: Settings) -> Program:
    """Compile a graph for this machine and return it as a function of images.

    The precision is always stated: left to itself OpenVINO computes in bfloat16 wherever
    the processor can. Images and result are float32 in every case; the result holds until the
    next call.

    Raises:
        ValueError: OpenVINO does not use this precision, or as many threads, on this machine.
    """
    core = _core()
    precision = _PRECISIONS[settings.precision]
    compiled = core.compile_model(
        _read(core, graph),
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

    def enlarge(images: Images) -> Images:
        request.infer([images], share_inputs=True)
        enlarged: Images = request.get_output_tensor().data
        return enlarged

    return enlarge


def _read(core: Any, graph: Graph) -> Any:
    if graph.weights is None:
        return core.read_model(graph.model)
    return core.read_model(graph.model, graph.weights)


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
