"""The checkpoints of CARN's authors: one network, an upsampler for each scale.

Source of the names: nmhkahn/CARN-pytorch. A network trained for one scale alone has the only
upsampler under another name.
"""

from collections.abc import Mapping

from torch import Tensor

from blocks.networks.carn import CarnConfig
from blocks.weights.mean_shifts import mean_shifts, without_mean_shifts
from blocks.weights.renaming import Layout, Rename, renamed

_UNIT = "cascade.units.{block}.units.0"
_BLOCK = r"b(?P<block_from_1>[123])"


def carn_original_tensors(tensors: Mapping[str, Tensor], config: CarnConfig) -> dict[str, Tensor]:
    """The tensors in our names; of the upsamplers only that of the scale."""
    shifts = mean_shifts("sub_mean.shifter", "add_mean.shifter", 1)
    learned = without_mean_shifts(tensors, shifts, "CARN-M")
    return renamed(learned, config, carn_original_layout(config))


def carn_original_layout(config: CarnConfig) -> Layout:
    """The names of the layers; the upsamplers of other scales are no part of the network."""
    others = "".join(str(scale) for scale in (2, 3, 4) if scale != config.scale)
    own = rf"upsample\.(?:up|up{config.scale})\.body"
    return Layout(
        (
            Rename(r"entry", "input_convolution"),
            Rename(rf"{_BLOCK}\.b1\.body\.0", f"{_UNIT}.convolution_1"),
            Rename(rf"{_BLOCK}\.b1\.body\.2", f"{_UNIT}.convolution_2"),
            Rename(rf"{_BLOCK}\.b1\.body\.4", f"{_UNIT}.project"),
            Rename(
                rf"{_BLOCK}\.c(?P<index_from_1>[123])\.body\.0",
                "cascade.units.{block}.fusions.{index}.0",
            ),
            Rename(r"c(?P<index_from_1>[123])\.body\.0", "cascade.fusions.{index}.0"),
            Rename(rf"{own}\.0", "upsampler.0.0"),
            Rename(rf"{own}\.3", "upsampler.1.0"),
            Rename(r"exit", "output_convolution"),
        ),
        ignored=rf"upsample\.up[{others}]\.body\.\d+\.(weight|bias)",
    )
