"""The runtimes that read an exported network; they run on a machine without PyTorch too."""

from collections.abc import Callable, Mapping

from profilers.agent.prepared_network import Program
from profilers.agent.runtimes.ncnn_runtime import load_in_ncnn
from profilers.agent.runtimes.onnx_runtime import load_in_onnx_runtime
from profilers.agent.runtimes.openvino_runtime import load_in_openvino
from profilers.agent.runtimes.settings import Graph, Settings

Loader = Callable[[Graph, Settings], Program]
"""Makes a graph ready as the settings say."""

# By the name of the runtime, which is also that of its Python package.
LOADERS: Mapping[str, Loader] = {
    "onnxruntime": load_in_onnx_runtime,
    "openvino": load_in_openvino,
    "ncnn": load_in_ncnn,
}
