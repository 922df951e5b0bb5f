"""The MACs that an input-adaptive network executes for real images."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from torch import Tensor, nn

from profilers.counting.macs import count_macs
from profilers.counting.paths import macs_lr_size_px


@dataclass(frozen=True)
class ExecutedMacs:
    """Executed multiply-adds for one output of 1280x720 pixels, over a set of images.

    Images differ in size, so each image's MACs are divided by its own LR pixels and multiplied by
    those of the standard LR size. The mean weighs all images equally. `macs`, the cost of the
    costliest path of the architecture, is no upper bound: a variant may compute something twice,
    as SMSR's sparse one does from dense to dense channels at active pixels, and padding adds more
    to small images.
    """

    mean: float
    minimum: float
    maximum: float
    images: int


def executed_macs(network: nn.Module, images: Iterable[Tensor], *, scale: int) -> ExecutedMacs:
    """Return what `network`, which enlarges by `scale`, executes for each of `images`.

    Shapes: each image (1, 3, h, w) in [0, 1] and of any size, on the device of the network.

    Raises:
        ValueError: there is no image, or the network runs an operator whose MACs are unknown.
    """
    macs = [_macs_at_standard_size(network, image, scale) for image in images]
    if not macs:
        raise ValueError("executed MACs are a mean over images and need at least one, got none")
    return ExecutedMacs(sum(macs) / len(macs), min(macs), max(macs), len(macs))


def _macs_at_standard_size(network: nn.Module, image: Tensor, scale: int) -> float:
    report = count_macs(network, image)
    if report.uncounted:
        raise ValueError(
            f"the MACs of every operator must be known, those of {', '.join(report.uncounted)} "
            f"are not; add them to profilers/counting/operators.py"
        )
    return report.total * prod(macs_lr_size_px(scale)) / prod(image.shape[-2:])
