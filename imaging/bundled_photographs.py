"""The photographs inside the wheel of scikit-image, and what each is for."""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Literal

Purpose = Literal["training", "validation", "timing"]

PHOTOGRAPHS: Mapping[Purpose, tuple[str, ...]] = {
    "training": (
        "astronaut.png",
        "brick.png",
        "coffee.png",
        "coins.png",
        "grass.png",
        "gravel.png",
        "motorcycle_left.png",
        "retina.jpg",
    ),
    "validation": ("camera.png", "chelsea.png", "rocket.jpg"),
    # Some of both: nothing is learned from the images that networks are timed on.
    "timing": ("chelsea.png", "astronaut.png", "coffee.png", "rocket.jpg"),
}


def bundled_photographs(purpose: Purpose) -> list[Path]:
    """Return the files of the photographs for `purpose`, always in the same order.

    Raises:
        ValueError: the installed scikit-image lacks some.
    """
    folder = Path(str(files("skimage"))) / "data"
    paths = [folder / name for name in PHOTOGRAPHS[purpose]]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise ValueError(
            "the bundled photographs must come with scikit-image, but this one lacks "
            f"{', '.join(missing)}: install scikit-image from its wheel, or name a folder"
        )
    return paths
