"""ONNX Runtime on the CPU: the one file that knows this runtime. It needs no PyTorch."""

import numpy as np
from numpy.typing import NDArray

from profilers.agent.prepared_network import PreparedCall
from profilers.agent.runtimes.settings import Settings

_ERRORS_ONLY = 3


def load_in_onnx_runtime(
    model: bytes, images: NDArray[np.float32], settings: Settings
) -> PreparedCall:
    """Optimise an ONNX model for this machine and return its forward pass over `images`.

    The calling thread works and counts as one: with one thread it starts no other.
    Threads that wait for work sleep, since spinning ones would count as used processor
    time and slow down whatever is timed in turn.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = settings.threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    inputs = {session.get_inputs()[0].name: images}

    def call() -> NDArray[np.float32]:
        enlarged: NDArray[np.float32] = session.run(None, inputs)[0]
        return enlarged

    return call
