"""`paretosr export`: a trained model as ONNX."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.options import JsonOption, ModelArgument, ScaleOption


def export(
    model: ModelArgument,
    out: Annotated[Path, typer.Option(metavar="FILE.onnx", help="File to write.")],
    scale: ScaleOption = None,
    json: JsonOption = False,
) -> None:
    """Write MODEL, a trained network, as ONNX.

    The file takes any number of images of any size: its input `images` is float32 from 0 to 1,
    (N, 3, h, w), and its output `enlarged` (N, 3, SCALE h, SCALE w), which is to be clamped. It
    is written only after ONNX Runtime gave the network's images on photographs of two sizes.

    \b
    Examples:
      paretosr export runs/x2/model.safetensors --out x2.onnx
      paretosr export runs/search:splitsr-x2-0123456789 --out best.onnx --json
    """
    from paretosr.exporting import export_network
    from paretosr.models import resolve_model
    from paretosr.output import write_json, write_line
    from paretosr.upscaling import trained_network

    if out.suffix != ".onnx":
        raise ValueError(f"--out must end in .onnx, got {out}")
    resolved = resolve_model(model, scale)
    if resolved.config is None:
        raise ValueError(f"MODEL must be a network, got {model}, which is none")
    difference = export_network(trained_network(resolved), out)
    if json:
        write_json({"file": str(out), "scale": resolved.scale, "max_difference": difference})
        return
    write_line(f"{out}: {model} x{resolved.scale}, largest difference {difference:.1e}")
