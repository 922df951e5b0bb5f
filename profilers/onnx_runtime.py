"""ONNX Runtime on the CPU: the one file that knows this runtime."""

import numpy as np
from numpy.typing import NDArray
from torch import nn

from profilers.images import sample_images
from profilers.onnx_export import EXPORT_MODULES, IMAGES, export_onnx
from profilers.prepared import Missing, PreparedCall, missing_library
from profilers.targets import Target

_ERRORS_ONLY = 3


class OnnxRuntime:
    """Runs the exported network; kernels and their memory layouts are ONNX Runtime's choice."""

    def why_unavailable(self, device: str) -> Missing | None:
        return missing_library(
            *EXPORT_MODULES, "onnxruntime", remedy="pip install 'paretosr[onnx]'"
        )

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Export `network`, optimise it for this machine and return its forward pass.

        The calling thread works and counts as one: a target of one thread starts no other.
        Threads that wait for work sleep, since spinning ones would count as used processor
        time and slow down whatever is timed in turn.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = target.threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = _ERRORS_ONLY
        session = onnxruntime.InferenceSession(
            export_onnx(network, target), options, providers=["CPUExecutionProvider"]
        )
        inputs = {IMAGES: sample_images(target).numpy()}

        def call() -> NDArray[np.float32]:
            enlarged: NDArray[np.float32] = session.run(None, inputs)[0]
            return enlarged

        return call
