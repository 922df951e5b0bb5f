"""`paretosr sparsity`: how many of a network's activations are near zero, and where."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import DataOption, JsonOption, ModelArgument, ScaleOption


def sparsity(
    model: ModelArgument,
    data: DataOption = "bundled",
    scale: ScaleOption = None,
    threshold: Annotated[
        float,
        typer.Option(
            metavar="PART",
            help="Near zero is up to this part of the root mean square of a layer's activations "
            "on an image; 0: exact zeros.",
        ),
    ] = 0.01,
    figure: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Also draw the result, in the format that the suffix names."
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show where and in which channels the activations of a trained MODEL are near zero.

    The images of --data are shrunk by MATLAB's imresize, and every pixel is flat, an edge or
    texture by the gradient around it. The table has the mean share of activations near zero in
    each region, and those of the channels with the lowest and the highest share over all pixels;
    --json has every channel's. Where flat regions are near zero, masks like SMSR's can skip work.
    An SMSR network is computed with every pixel active.

    \b
    Examples:
      paretosr sparsity runs/edsr/model.safetensors --figure sparsity.png
      paretosr sparsity runs/smsr/model.safetensors --data Set5 --threshold 0
    """
    import paretosr
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_line, write_result
    from reports.figures.style import figure_format, save_figure

    if figure is not None:
        figure_format(figure)
    with TerminalListener(silent=json) as listener:
        result = paretosr.sparsity(
            paretosr.load(model, scale, listener=listener),
            data,
            threshold=threshold,
            listener=listener,
        )
    if figure is not None:
        save_figure(result.figure(), figure)
    write_result(result, as_json=json)
    if figure is not None and not json:
        write_line(str(figure))
