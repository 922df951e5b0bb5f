"""The authors' names of the layers of the reference networks.

Source: the code repositories that each network's file names.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from blocks.config import NetworkConfigBase
from blocks.networks.edsr import EdsrConfig
from blocks.networks.fsrcnn import FsrcnnConfig
from blocks.networks.rcan import RcanConfig
from blocks.weights.carn import carn_layout
from blocks.weights.renaming import Importer, Layout, Rename


def layout_of(config: NetworkConfigBase) -> Layout:
    """The names in the checkpoints of a reference network, whose family is one of `_LAYOUTS`.

    Raises:
        ValueError: none are known.
    """
    return _LAYOUTS[config.family](config)


def _edsr(config: EdsrConfig) -> Layout:
    """The names of BasicSR, then those of the authors' code."""
    renames = (
        Rename(r"conv_first|head\.0", "input_convolution"),
        Rename(
            r"body\.(?P<index>\d+)\.conv(?P<layer>[12])",
            "trunk.blocks.{index}.convolution_{layer}",
        ),
        Rename(r"body\.(?P<index>\d+)\.body\.0", "trunk.blocks.{index}.convolution_1"),
        Rename(r"body\.(?P<index>\d+)\.body\.2", "trunk.blocks.{index}.convolution_2"),
        Rename(rf"conv_after_body|body\.{config.blocks}", "trunk.convolution"),
        Rename(r"(upsample|tail\.0)\.(?P<index>\d+)", "upsampler.{index}"),
        Rename(r"conv_last|tail\.1", "output_convolution"),
    )
    return Layout(renames, ignored=r"(sub_mean|add_mean)\.(weight|bias)")


_IMDN = (
    Rename(r"fea_conv", "input_convolution"),
    Rename(r"IMDB(?P<index_from_1>\d+)\.c(?P<layer>[1-4])", "blocks.{index}.convolution_{layer}"),
    Rename(r"IMDB(?P<index_from_1>\d+)\.cca\.conv_du\.0", "blocks.{index}.attention.squeeze"),
    Rename(r"IMDB(?P<index_from_1>\d+)\.cca\.conv_du\.2", "blocks.{index}.attention.excite"),
    Rename(r"IMDB(?P<index_from_1>\d+)\.c5", "blocks.{index}.fuse"),
    Rename(r"c\.0", "fuse"),
    Rename(r"LR_conv", "trunk_convolution"),
    Rename(r"upsampler\.0", "output_convolution"),
)

_RLFN = (
    Rename(r"conv_1", "input_convolution"),
    Rename(
        r"block_(?P<index_from_1>\d+)\.c(?P<layer>[123])_r", "blocks.{index}.convolution_{layer}"
    ),
    Rename(r"block_(?P<index_from_1>\d+)\.c5", "blocks.{index}.fuse"),
    Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv1", "blocks.{index}.attention.reduce"),
    Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv2", "blocks.{index}.attention.shrink"),
    Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv3", "blocks.{index}.attention.context"),
    Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv_f", "blocks.{index}.attention.skip"),
    Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv4", "blocks.{index}.attention.restore"),
    Rename(r"conv_2", "trunk_convolution"),
    Rename(r"upsampler\.0", "output_convolution"),
)

_SAFMN = (
    Rename(r"to_feat", "input_convolution"),
    Rename(r"norm", "norm"),
    Rename(r"feats\.(?P<index>\d+)\.norm1", "blocks.{index}.modulation_norm"),
    Rename(r"feats\.(?P<index>\d+)\.norm2", "blocks.{index}.mixer_norm"),
    Rename(
        r"feats\.(?P<index>\d+)\.safm\.mfr\.(?P<layer>\d+)",
        "blocks.{index}.modulation.scales.{layer}",
    ),
    Rename(r"feats\.(?P<index>\d+)\.safm\.aggr", "blocks.{index}.modulation.fuse"),
    Rename(r"feats\.(?P<index>\d+)\.ccm\.ccm\.(?P<layer>[02])", "blocks.{index}.mixer.{layer}"),
    Rename(r"to_img\.0", "output_convolution"),
)

_MSRRESNET = (
    Rename(r"conv_first", "input_convolution"),
    Rename(
        r"recon_trunk\.(?P<index>\d+)\.conv(?P<layer>[12])", "blocks.{index}.convolution_{layer}"
    ),
    Rename(r"upconv1", "upsampler.0"),
    Rename(r"upconv2", "upsampler.3"),
    Rename(r"HRconv", "detail_convolution"),
    Rename(r"conv_last", "output_convolution"),
)


def _rcan(config: RcanConfig) -> Layout:
    block = r"body\.(?P<group>\d+)\.body\.(?P<index>\d+)\.body"
    ours = "trunk.blocks.{group}.blocks.{index}"
    renames = (
        Rename(r"sub_mean", "subtract_mean"),
        Rename(r"head\.0", "input_convolution"),
        Rename(rf"{block}\.0", f"{ours}.convolution_1"),
        Rename(rf"{block}\.2", f"{ours}.convolution_2"),
        Rename(rf"{block}\.3\.conv_du\.0", f"{ours}.attention.squeeze"),
        Rename(rf"{block}\.3\.conv_du\.2", f"{ours}.attention.excite"),
        Rename(rf"body\.(?P<group>\d+)\.body\.{config.blocks}", "trunk.blocks.{group}.convolution"),
        Rename(rf"body\.{config.groups}", "trunk.convolution"),
        Rename(r"tail\.0\.(?P<index>\d+)", "upsampler.{index}"),
        Rename(r"tail\.1", "output_convolution"),
        Rename(r"add_mean", "add_mean"),
    )
    return Layout(renames)


def _fsrcnn(config: FsrcnnConfig) -> Layout:
    if config.design == "luma_pytorch":
        return _fsrcnn_pytorch(config)
    if config.design != "rgb":
        raise ValueError(
            "the network must have a checkpoint for PyTorch by its authors, but FSRCNN on luma"
            " was published for Caffe only; fsrcnn-rgb can be imported, and the files of"
            " PyTorch's ports (first_part, mid_part, last_part) as fsrcnn-pytorch"
        )
    expand = config.mapping_layers + 2
    renames = (
        Rename(r"head_conv\.(?P<index>[01])", "extract.{index}"),
        Rename(r"body_conv\.0\.(?P<index>[01])", "shrink.{index}"),
        Rename(r"body_conv\.(?P<index_from_1>\d+)", "map.{index}"),
        Rename(rf"body_conv\.{expand}\.(?P<index>[01])", "expand.{index}"),
        Rename(r"tail_conv", "output_convolution"),
    )
    return Layout(renames)


def _fsrcnn_pytorch(config: FsrcnnConfig) -> Layout:
    mapping = range(2 * config.mapping_layers)
    expand = len(mapping) + 2
    renames = (
        Rename(r"first_part\.(?P<index>[01])", "extract.{index}"),
        Rename(r"mid_part\.(?P<index>[01])", "shrink.{index}"),
        *(Rename(rf"mid_part\.{index + 2}", f"map.{index}") for index in mapping),
        Rename(rf"mid_part\.{expand}", "expand.0"),
        Rename(rf"mid_part\.{expand + 1}", "expand.1"),
        Rename(r"last_part", "output_convolution"),
    )
    return Layout(renames)


_LAYOUTS: Mapping[str, Callable[[Any], Layout]] = MappingProxyType(
    {
        "edsr": _edsr,
        "imdn": lambda config: Layout(_IMDN),
        "rlfn": lambda config: Layout(_RLFN),
        "safmn": lambda config: Layout(_SAFMN),
        "carn": carn_layout,
        "msrresnet": lambda config: Layout(_MSRRESNET),
        "rcan": _rcan,
        "fsrcnn": _fsrcnn,
    }
)

LAYOUT_IMPORTERS = tuple(
    Importer.by_layout(name, layout) for name, layout in _LAYOUTS.items() if name != "carn"
)
