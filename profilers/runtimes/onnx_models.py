"""Networks exported to ONNX, and run by a runtime that reads it."""

from torch import nn

from blocks.programs.failure import ExportFailed
from blocks.programs.onnx_graph import EXPORT_MODULES, export_onnx
from profilers.agent.failure import ProfilingFailed
from profilers.agent.prepared_network import Missing, PreparedCall, missing_library
from profilers.agent.runtimes.onnx_loaders import LOADERS
from profilers.runtimes.images import sample_images
from profilers.runtimes.targets import Target


class ExportedRuntime:
    """Runs the exported network; kernels and their memory layouts are the runtime's choice.

    `name` is that of a loader, `extra` the extra of this package that installs it.
    """

    def __init__(self, name: str, extra: str) -> None:
        self._name = name
        self._remedy = f"pip install 'paretosr[{extra}]'"

    def why_unavailable(self, device: str) -> Missing | None:
        return missing_library(*EXPORT_MODULES, self._name, remedy=self._remedy)

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Export `network`, make it ready for this machine and return its forward pass.

        Raises:
            ProfilingFailed: the network has an operator that ONNX or its exporter lacks.
            ValueError: the runtime does not honour the target's settings on this machine.
        """
        model = onnx_for(network, target)
        return LOADERS[self._name](model, sample_images(target).numpy(), target.settings)


def onnx_for(network: nn.Module, target: Target) -> bytes:
    """Return `network` as an ONNX model for images of the target's shape.

    Raises:
        ProfilingFailed: the network has an operator that ONNX or its exporter lacks.
    """
    try:
        return export_onnx(network, target.images_shape)
    except ExportFailed as error:
        raise ProfilingFailed(str(error)) from error
