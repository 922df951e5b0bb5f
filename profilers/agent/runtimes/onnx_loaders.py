"""The runtimes that read an ONNX model; they run on a machine without PyTorch too."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from profilers.agent.prepared_network import PreparedCall
from profilers.agent.runtimes.onnx_runtime import load_in_onnx_runtime
from profilers.agent.runtimes.openvino_runtime import load_in_openvino
from profilers.agent.runtimes.settings import Settings

Loader = Callable[[bytes, NDArray[np.float32], Settings], PreparedCall]
"""Makes a model ready as the settings say: its forward pass over images (N, 3, h, w)."""

# By the name of the runtime, which is also that of its Python package.
LOADERS: Mapping[str, Loader] = {
    "onnxruntime": load_in_onnx_runtime,
    "openvino": load_in_openvino,
}
