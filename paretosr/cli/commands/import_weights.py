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
    from blocks import import_files, save_checkpoint
    from blocks.models import resolve_model
    from foundation import has_suffix
    from paretosr.cli.output import write_json, write_line, write_note

    if not has_suffix(out, ".safetensors"):
        raise ValueError(f"--out must end in .safetensors, got {out}")
    config = resolve_model(name, scale).config
    if config is None:
        raise ValueError(f"--as must name a network, got {name}, which has no weights")
    weights = import_files(sources, config)
    save_checkpoint(
        out, weights.state, config, {"imported_from": ", ".join(source.name for source in sources)}
    )
    for note in weights.notes:
        write_note(note)
    count = len(weights.state)
    if json:
        write_json({"file": str(out), "arch_id": config.arch_id, "tensors": count})
        return
    write_line(f"{out}: {name} x{config.scale}, {count} tensors")
