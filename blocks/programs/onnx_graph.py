"""Networks as ONNX, for the runtimes that read it."""

import copy

import torch
from torch import nn

from blocks.programs.failure import ExportFailed
from foundation.library_messages import quiet_libraries

IMAGES = "images"
ENLARGED = "enlarged"
LOGITS = "logits"
# What torch.onnx.export imports.
EXPORT_MODULES = ("onnx", "onnxscript")
# The first version in which GELU is one operator.
DEFAULT_OPSET = 20


def export_onnx(
    network: nn.Module, shape: tuple[int, int, int, int], *, opset: int = DEFAULT_OPSET
) -> bytes:
    """Return `network` for inference as a serialised ONNX model in float32.

    Its one input is `IMAGES`, of exactly this `shape`, (N, 3, h, w).

    Raises:
        ValueError: the exporter does not write this version of ONNX's operators.
        ExportFailed: the network has an operator that ONNX or its exporter lacks.
    """
    return _export(network, torch.zeros(shape), None, opset=opset)


def export_onnx_of_any_size(network: nn.Module, *, opset: int = DEFAULT_OPSET) -> bytes:
    """Return the same for any number of images of any size, all of which `network` must take.

    Raises:
        ValueError: as `export_onnx`.
        ExportFailed: as `export_onnx`, or a size would be frozen.
    """
    # Sizes that follow from another, or are 1, would be taken for constants.
    dynamic = ({0: "batch", 2: "height", 3: "width"},)
    return _export(network, torch.zeros(2, 3, 33, 46), dynamic, opset=opset)


def export_onnx_of_patches(
    module: nn.Module,
    patch_px: int,
    *,
    output: str = ENLARGED,
    opset: int = DEFAULT_OPSET,
    one_by_one: bool = False,
) -> bytes:
    """Return `module` for square patches of one size, any number at once or one.

    Raises:
        ValueError: as `export_onnx`.
        ExportFailed: as `export_onnx`, or the number would be frozen.
    """
    if one_by_one:
        return _export(module, torch.zeros(1, 3, patch_px, patch_px), None, output, opset=opset)
    example = torch.zeros(2, 3, patch_px, patch_px)
    return _export(module, example, ({0: "batch"},), output, opset=opset)


def _export(
    network: nn.Module,
    example: torch.Tensor,
    dynamic_shapes: tuple[dict[int, str]] | None,
    output: str = ENLARGED,
    *,
    opset: int,
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
                opset_version=opset,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise ExportFailed(f"cannot be exported to ONNX: {_first_cause(error)}") from error
    if program is None:
        raise RuntimeError("torch.onnx.export returned no program")
    written = {domain.domain: domain.version for domain in program.model_proto.opset_import}[""]
    if written != opset:  # it falls back to a version that it knows, without an error
        raise ValueError(
            f"the opset must be one that torch.onnx writes, {DEFAULT_OPSET} or near, got {opset}, "
            f"for which it wrote {written}"
        )
    model: bytes = program.model_proto.SerializeToString()
    return model


def _first_cause(error: BaseException) -> str:
    """The first line of what went wrong, below the exporter's advice on reporting it."""
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error).strip().partition("\n")[0]
