"""The images that networks are timed and compared on."""

import torch

from profilers.targets import Target

_SEED = 0


def random_images(target: Target) -> torch.Tensor:
    """Return the same noise in [0, 1] at every call; each image of the batch is another.

    Shape: (batch, 3, lr_height_px, lr_width_px) of `target`, float32 on the CPU, NCHW.
    """
    generator = torch.Generator().manual_seed(_SEED)
    shape = (target.batch, 3, target.lr_height_px, target.lr_width_px)
    return torch.rand(shape, generator=generator)
