"""SMSR's checkpoints.

Source of the names: LongguangWang/SMSR.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from blocks.layers import DIV2K_MEAN
from blocks.networks.smsr import INPUT_RANGE, SmsrConfig
from blocks.weights.renaming import Importer, Layout, Rename, renamed

_BLOCK = r"body\.(?P<block>\d+)"
_SMSR = (
    Rename(r"head\.0", "input_convolution"),
    Rename(r"head\.2", "shallow_convolution"),
    Rename(rf"{_BLOCK}\.spa_mask\.(?P<layer>[035])", "blocks.{block}.predictor.{layer}"),
    Rename(rf"{_BLOCK}\.body\.ch_mask", "blocks.{block}.channel_logits"),
    Rename(rf"{_BLOCK}\.body\.body\.(?P<layer>\d+)", "blocks.{block}.convolutions.{layer}"),
    Rename(rf"{_BLOCK}\.body\.collect", "blocks.{block}.fuse"),
    Rename(rf"{_BLOCK}\.ca\.conv_du\.0", "blocks.{block}.attention.squeeze"),
    Rename(rf"{_BLOCK}\.ca\.conv_du\.2", "blocks.{block}.attention.excite"),
    Rename(r"collect\.0", "fuse"),
    Rename(r"collect\.2", "trunk_convolution"),
    Rename(r"tail\.0", "output_convolution"),
)


def smsr_tensors(tensors: Mapping[str, Tensor], config: SmsrConfig) -> dict[str, Tensor]:
    """The shifts by the mean colour, if there, must be those that the network computes itself."""
    shifts = _mean_shifts()
    for name in shifts.keys() & tensors.keys():
        expected, found = shifts[name], tensors[name].float()
        if found.shape != expected.shape or not torch.allclose(found, expected, rtol=1e-3):
            raise ValueError(
                f"{name} must be {expected.flatten().tolist()}, with which every smsr shifts the"
                f" colours, got {found.flatten().tolist()}; a network of another shift cannot be"
                " imported"
            )
    learned = {name: tensor for name, tensor in tensors.items() if name not in shifts}
    return renamed(learned, config, Layout(_SMSR))


def _mean_shifts() -> dict[str, Tensor]:
    mean = INPUT_RANGE * torch.tensor(DIV2K_MEAN)
    identity = torch.eye(3).view(3, 3, 1, 1)
    return {
        "sub_mean.weight": identity,
        "sub_mean.bias": -mean,
        "add_mean.weight": identity,
        "add_mean.bias": mean,
    }


SMSR_IMPORTER = Importer("smsr", smsr_tensors)
