"""CARN-M's checkpoints: its authors', and those of ClassSR's variant.

Sources of the names: nmhkahn/CARN-pytorch, whose file holds one network with an upsampler for each
scale, or one trained for one scale alone, whose only upsampler has another name; and
XPixelGroup/ClassSR.
"""

from collections.abc import Mapping

from torch import Tensor

from blocks.networks.carn import CarnConfig
from blocks.weights.mean_shifts import mean_shifts, without_mean_shifts
from blocks.weights.renaming import Importer, Layout, Rename, renamed

_UNIT = "cascade.units.{block}.units.0"
_BLOCK = r"b(?P<block_from_1>[123])"
_COMMON = (
    Rename(r"entry", "input_convolution"),
    Rename(rf"{_BLOCK}\.b1\.body\.0", f"{_UNIT}.convolution_1"),
    Rename(rf"{_BLOCK}\.b1\.body\.2", f"{_UNIT}.convolution_2"),
    Rename(rf"{_BLOCK}\.b1\.body\.4", f"{_UNIT}.project"),
    Rename(r"exit", "output_convolution"),
)
_CLASSSR = (
    *_COMMON,
    Rename(r"sub_mean", "subtract_mean"),
    Rename(
        rf"{_BLOCK}\.c(?P<index_from_1>[123])\.(?P<layer>[01])",
        "cascade.units.{block}.fusions.{index}.{layer}",
    ),
    Rename(r"c(?P<index_from_1>[123])\.(?P<layer>[01])", "cascade.fusions.{index}.{layer}"),
    Rename(r"upsample\.up\.body\.0", "upsampler.0.0"),
    Rename(r"upsample\.up\.body\.3", "upsampler.1.0"),
    Rename(r"add_mean", "add_mean"),
)


def carn_layout(config: CarnConfig) -> Layout:
    """The names of the layers; the upsamplers of other scales are no part of the network."""
    if config.design == "classsr":
        return Layout(_CLASSSR, ignored=r".*\.num_batches_tracked")
    others = "".join(str(scale) for scale in (2, 3, 4) if scale != config.scale)
    own = rf"upsample\.(?:up|up{config.scale})\.body"
    return Layout(
        (
            *_COMMON,
            Rename(
                rf"{_BLOCK}\.c(?P<index_from_1>[123])\.body\.0",
                "cascade.units.{block}.fusions.{index}.0",
            ),
            Rename(r"c(?P<index_from_1>[123])\.body\.0", "cascade.fusions.{index}.0"),
            Rename(rf"{own}\.0", "upsampler.0.0"),
            Rename(rf"{own}\.3", "upsampler.1.0"),
        ),
        ignored=rf"upsample\.up[{others}]\.body\.\d+\.(weight|bias)",
    )


def carn_tensors(tensors: Mapping[str, Tensor], config: CarnConfig) -> dict[str, Tensor]:
    """The authors' shifts by the mean colour must be those that the network computes itself."""
    if config.design == "original":
        shifts = mean_shifts("sub_mean.shifter", "add_mean.shifter", 1)
        tensors = without_mean_shifts(tensors, shifts, "CARN-M")
    return renamed(tensors, config, carn_layout(config))


CARN_IMPORTER = Importer("carn", carn_tensors)
