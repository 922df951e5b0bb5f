"""ONNX Runtime on the CPU: the one file that knows this runtime. It needs no PyTorch."""

from profilers.agent.prepared_network import Images, Program
from profilers.agent.runtimes.settings import Graph, Settings

_ERRORS_ONLY = 3


def load_in_onnx_runtime(graph: Graph, settings: Settings) -> Program:
    """Optimise an ONNX model for this machine and return it as a function of images.

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
    session = onnxruntime.InferenceSession(graph.model, options, ["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def enlarge(images: Images) -> Images:
        enlarged: Images = session.run(None, {name: images})[0]
        return enlarged

    return enlarge
