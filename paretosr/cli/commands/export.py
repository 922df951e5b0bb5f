"""`paretosr export`: a trained model as ONNX."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, ModelArgument, ScaleOption


def export(
    model: ModelArgument,
    out: Annotated[
        Path,
        typer.Option(metavar="PATH", help="File to write, ending in .onnx; for ClassSR a folder."),
    ],
    scale: ScaleOption = None,
    json: JsonOption = False,
) -> None:
    """Write MODEL, a trained network, as ONNX.

    The file takes any number of images of any size: its input `images` is float32 from 0 to 1,
    (N, 3, h, w), and its output `enlarged` (N, 3, SCALE h, SCALE w), which is to be clamped.
    ClassSR becomes a folder: `classifier.onnx` from patches to `logits`, `branch_1.onnx` and
    the next for the classes, and `manifest.json`, which says how to cut, route and blend. All
    is written only after ONNX Runtime gave the network's images on photographs of two sizes.

    \b
    Examples:
      paretosr export runs/x2/model.safetensors --out x2.onnx
      paretosr export runs/search:splitsr-x2-0123456789 --out best.onnx --json
      paretosr export classsr-x4.safetensors --out classsr-x4
    """
    from blocks import ClassSR
    from blocks.models import resolve_model
    from foundation import has_suffix
    from paretosr.cli.output import write_json, write_line
    from upscaling.export import export_network
    from upscaling.export_classsr import export_classsr
    from upscaling.images import trained_network

    resolved = resolve_model(model, scale)
    if resolved.config is None:
        raise ValueError("MODEL must be a network to be exported, got bicubic")
    kind = "folder" if resolved.config.family == "classsr" else "file"
    if (kind == "file") != has_suffix(out, ".onnx"):
        rule = "end in .onnx" if kind == "file" else "name a folder, without .onnx, for ClassSR"
        raise ValueError(f"--out must {rule}, got {out}")
    network = trained_network(resolved)
    if isinstance(network, ClassSR):
        difference = export_classsr(network, out)
    else:
        difference = export_network(network, out)
    if json:
        write_json({kind: str(out), "scale": resolved.scale, "max_difference": difference})
        return
    write_line(f"{out}: {model} x{resolved.scale}, largest difference {difference:.1e}")
