"""`paretosr export`: a trained model as ONNX."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, ModelArgument, ScaleOption, positive


def export(
    model: ModelArgument,
    out: Annotated[
        Path,
        typer.Option(metavar="PATH", help="File to write, ending in .onnx; for ClassSR a folder."),
    ],
    scale: ScaleOption = None,
    opset: Annotated[
        int | None,
        typer.Option(
            metavar="N", help="Version of ONNX's operators; by default 20.", callback=positive
        ),
    ] = None,
    size: Annotated[
        str | None,
        typer.Option(
            metavar="HxW",
            help="Height and width of the images, like 180x320, which then come one at a time; "
            "by default any number of any size.",
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Write MODEL, a trained network, as ONNX.

    The file takes any number of images of any size from 1x1: its input `images` is float32 from
    0 to 1, (N, 3, h, w), and its output `enlarged` (N, 3, SCALE h, SCALE w), which is to be
    clamped. An image smaller than the network takes has its last row and column repeated, and
    the output is cropped. ClassSR becomes a folder: `classifier.onnx` from patches to `logits`,
    `branch_1.onnx` and the next for the classes, and `manifest.json`, which says how to cut,
    route and blend; with --size its graphs take one patch at a time. All is written only after
    ONNX Runtime gave the network's images on photographs.

    Of a quantised network, the folder of paretosr compress, the program is written as it is: .onnx
    for ONNX Runtime, .xml with .bin beside it for OpenVINO, .pte for XNNPACK.

    \b
    Examples:
      paretosr export runs/x2/model.safetensors --out x2.onnx
      paretosr export runs/x2/model.safetensors --out x2.onnx --size 180x320 --opset 18
      paretosr export runs/search:splitsr-x2-0123456789 --out best.onnx --json
      paretosr export runs/x2-int8 --out x2-int8.xml
      paretosr export classsr-x4.safetensors --out classsr-x4
    """
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result
    from paretosr.exporting import export as exported
    from paretosr.models import load
    from profilers.runtimes.targets import parse_size_px

    with TerminalListener(silent=json) as listener:
        result = exported(
            load(model, scale, listener=listener),
            out,
            opset=opset,
            lr_size_px=None if size is None else parse_size_px(size, "--size"),
            listener=listener,
        )
    write_result(result, as_json=json)
