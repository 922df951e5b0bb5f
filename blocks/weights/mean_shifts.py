"""The shifts by the mean colour that authors' files hold and our networks compute themselves."""

from collections.abc import Mapping

import torch
from torch import Tensor

from blocks.layers import DIV2K_MEAN


def mean_shifts(subtract: str, add: str, input_range: float) -> dict[str, Tensor]:
    """The 1x1 convolutions of those names that subtract and add the mean of such a range."""
    mean = input_range * torch.tensor(DIV2K_MEAN)
    identity = torch.eye(3).view(3, 3, 1, 1)
    return {
        f"{subtract}.weight": identity,
        f"{subtract}.bias": -mean,
        f"{add}.weight": identity,
        f"{add}.bias": mean,
    }


def without_mean_shifts(
    tensors: Mapping[str, Tensor], shifts: Mapping[str, Tensor], family: str
) -> dict[str, Tensor]:
    """The other tensors; the shifts, if there, must be those that the network computes itself.

    Raises:
        ValueError: a shift is another one.
    """
    for name in sorted(shifts.keys() & tensors.keys()):
        expected, found = shifts[name], tensors[name].float()
        if found.shape != expected.shape or not torch.allclose(found, expected, rtol=1e-3):
            raise ValueError(
                f"{name} must be {expected.flatten().tolist()}, with which every {family} shifts"
                f" the colours, got {found.flatten().tolist()}; a network of another shift cannot"
                " be imported"
            )
    return {name: tensor for name, tensor in tensors.items() if name not in shifts}
