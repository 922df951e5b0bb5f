"""`paretosr import-weights`: the authors' checkpoints, as complete models."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import JsonOption, ScaleOption


def import_weights(
    sources: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...", help="Checkpoint by the authors: .pth, .pt, .safetensors."
        ),
    ],
    name: Annotated[
        str,
        typer.Option(
            "--as", metavar="NAME", help="The network it is of: catalogue name or config file."
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="X.safetensors", help="Checkpoint to write, a complete model.")
    ],
    scale: ScaleOption = None,
    json: JsonOption = False,
) -> None:
    """Convert a checkpoint that a network's authors published.

    The file is read without running code in it. Every tensor must belong to the network that
    NAME says, and none may be missing. Of plain and averaged weights, the averaged are taken,
    and a note says under which key or prefix the weights were found. SPAN's branches are folded
    into plain convolutions, except for span-train and span-s-train. Several files are the
    branches of a ClassSR network, from the easiest to the hardest, and last perhaps its
    classifier.

    \b
    Examples:
      paretosr import-weights IMDN_x4.pth --as imdn --scale 4 --out imdn-x4.safetensors
      paretosr import-weights span_ch48.pth --as span-s --scale 2 --out span-s-x2.safetensors
      paretosr import-weights carn_m.pth --as carn-m-original --scale 2 --out carn-m.safetensors
      paretosr import-weights branch1.pth branch2.pth branch3.pth --as classsr-fsrcnn --scale 4 \
        --out classsr.safetensors
    """
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result
    from paretosr.importing import import_weights as imported
    from paretosr.models import load

    with TerminalListener(silent=json) as listener:
        result = imported(sources, load(name, scale, listener=None), out, listener=listener)
    write_result(result, as_json=json)
