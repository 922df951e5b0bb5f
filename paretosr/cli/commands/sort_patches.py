"""`paretosr sort-patches`: patches in classes by a network's PSNR, and models' means on them."""

from pathlib import Path
from typing import Annotated

import typer

from paretosr.cli.options import DataOption, JsonOption, LowOption, ModelArgument, ScaleOption


def sort_patches(
    model: ModelArgument,
    others: Annotated[
        list[str] | None,
        typer.Argument(metavar="[OTHER]...", help="Further models to judge on the classes."),
    ] = None,
    data: DataOption = "bundled",
    lr: LowOption = None,
    scale: ScaleOption = None,
    classes: Annotated[int, typer.Option(help="Classes of equal size.")] = 3,
    lr_patch: Annotated[
        int, typer.Option(metavar="PX", help="Side of a low-resolution patch.")
    ] = 32,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Figure to write, of the format its suffix names."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Sort the patches of images by the PSNR that MODEL gives them, and judge models by class.

    The experiment behind ClassSR: patches, each enlarged alone, in classes of equal size from the
    easiest to the hardest, with the mean PSNR over RGB of each class by MODEL, by each OTHER and by
    bicubic. `same class` is the part of the patches that sorting by that model would class alike.

    \b
    Examples:
      paretosr sort-patches runs/large/model.safetensors runs/small/model.safetensors
      paretosr sort-patches bicubic --scale 4 --data Set14 --figure patches.png
    """
    from paretosr.cli.listener import TerminalListener
    from paretosr.cli.output import write_result
    from paretosr.models import load
    from paretosr.sorting import sort_patches as sorted_
    from reports.figures.style import figure_format, save_figure

    if figure is not None:
        figure_format(figure)
    with TerminalListener(silent=json) as listener:
        patches = sorted_(
            load(model, scale, listener=listener),
            others or (),
            data,
            low_resolution=lr,
            classes=classes,
            patch_px=lr_patch,
            listener=listener,
        )
    if figure is not None:
        save_figure(patches.plot(), figure)
    write_result(patches, as_json=json)
