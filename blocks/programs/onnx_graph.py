"""Networks as ONNX, for the runtimes that read it."""

import copy

import torch
from torch import nn

from foundation.library_messages import quiet_libraries
from profilers.agent.failure import ProfilingFailed
from profilers.agent.targets import Target

IMAGES = "images"
ENLARGED = "enlarged"
LOGITS = "logits"
# What torch.onnx.export imports.
EXPORT_MODULES = ("onnx", "onnxscript")
# The first version in which GELU is one operator.
_OPSET = 20


def export_onnx(network: nn.Module, target: Target) -> bytes:
    """Return `network` for inference as a serialised ONNX model in float32.

    Its one input is `IMAGES`, of the target's shape.

    Raises:
        ProfilingFailed: the network has an operator that ONNX or its exporter lacks.
    """
    example = torch.zeros(target.images_shape)
    return _export(network, example, None)


def export_onnx_of_any_size(network: nn.Module, minimum_size_px: int) -> bytes:
    """Return the same for any number of images of any size from the smallest on.

    Raises:
        ProfilingFailed: as `export_onnx`, or a size would be frozen.
    """
    # Sizes that follow from another, or are 1, would be taken for constants.
    example = torch.zeros(2, 3, minimum_size_px + 17, minimum_size_px + 30)
    return _export(network, example, ({0: "batch", 2: "height", 3: "width"},))


def export_onnx_of_patches(module: nn.Module, patch_px: int, *, output: str = ENLARGED) -> bytes:
    """Return `module` for any number of square patches of one size.

    Raises:
        ProfilingFailed: as `export_onnx`, or the number would be frozen.
    """
    example = torch.zeros(2, 3, patch_px, patch_px)
    return _export(module, example, ({0: "batch"},), output)


def _export(
    network: nn.Module,
    example: torch.Tensor,
    dynamic_shapes: tuple[dict[int, str]] | None,
    output: str = ENLARGED,
) -> bytes:
    """Return the graph for images like `example`.

    torch.export follows the values symbolically, so a choice that depends on the images
    (SeemoRe's masked experts) stays in the graph and a Python branch on them is refused; the
    older exporter by tracing would freeze what the example image chose.
    """
    try:
        with quiet_libraries():
            program = torch.onnx.export(
                copy.deepcopy(network).eval().requires_grad_(False),
                (example,),
                input_names=[IMAGES],
                output_names=[output],
                dynamic_shapes=dynamic_shapes,
                opset_version=_OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise ProfilingFailed(f"cannot be exported to ONNX: {_first_cause(error)}") from error
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    model: bytes = program.model_proto.SerializeToString()
    return model


def _first_cause(error: BaseException) -> str:
    """The first line of what went wrong, below the exporter's advice on reporting it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0]
