"""SMSR's checkpoints.

Source of the names: LongguangWang/SMSR.
"""

from collections.abc import Mapping

from torch import Tensor

from blocks.networks.smsr import INPUT_RANGE, SmsrConfig
from blocks.weights.mean_shifts import mean_shifts, without_mean_shifts
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
    shifts = mean_shifts("sub_mean", "add_mean", INPUT_RANGE)
    learned = without_mean_shifts(tensors, shifts, "smsr")
    return renamed(learned, config, Layout(_SMSR))


SMSR_IMPORTER = Importer("smsr", smsr_tensors)
