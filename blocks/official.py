"""The authors' own checkpoints, in our names.

Source of the names: the code repositories that each network's file names. A tensor is renamed
by the whole of its name, and nothing is left over or made up: what a network lacks and what a
file has too much is an error that lists it.
"""

import pickle
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from blocks.carn import CarnConfig
from blocks.config import NetworkConfigBase
from blocks.edsr import EdsrConfig
from blocks.fsrcnn import FsrcnnConfig
from blocks.imdn import ImdnConfig
from blocks.msrresnet import MsrResNetConfig
from blocks.networks import build_network
from blocks.rcan import RcanConfig
from blocks.rlfn import RlfnConfig
from blocks.safmn import SafmnConfig
from blocks.span import Span, SpanConfig, fold_span

# The first that a file has: averaged weights are a training's result, plain ones are not yet.
_CONTAINERS = ("params_ema", "params", "state_dict")
_PARALLEL_PREFIX = "module."
_FROM_1 = "_from_1"
_LISTED = 8


@dataclass(frozen=True)
class _Rename:
    """A pattern of the whole name of a layer, and what it becomes.

    Of a group named `place_from_1` the template gets `{place}`, which counts from 0.
    """

    pattern: str
    template: str

    def apply(self, name: str) -> str | None:
        match = re.fullmatch(self.pattern, name)
        if match is None:
            return None
        groups = match.groupdict()
        for group in list(groups):
            if group.endswith(_FROM_1):
                groups[group.removesuffix(_FROM_1)] = str(int(groups[group]) - 1)
        return self.template.format(**groups)


@dataclass(frozen=True)
class _Layout:
    """The names of the layers of one network, and of tensors that hold nothing of their own."""

    renames: tuple[_Rename, ...]
    ignored: str = ""


def read_official(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by the authors' names.

    The file is a safetensors file or a PyTorch one, which is read without running any code
    in it. Of a file with plain and averaged weights, the averaged are taken.

    Raises:
        ValueError: the file is missing, damaged, holds more than tensors, or none.
    """
    if not path.is_file():
        raise ValueError(f"a checkpoint must be a file, got {path}, which is none")
    try:
        if path.suffix == ".safetensors":
            content: Any = load_file(path)
        else:
            content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, SafetensorError, RuntimeError, EOFError, OSError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise ValueError(
            f"{path} must be a whole checkpoint with nothing but tensors in it, but cannot be read"
            f" as one ({reason})"
        ) from error
    for container in _CONTAINERS:
        if isinstance(content, Mapping) and isinstance(content.get(container), Mapping):
            content = content[container]
            break
    if not (
        isinstance(content, Mapping)
        and content
        and all(isinstance(name, str) for name in content)
        and all(isinstance(tensor, Tensor) for tensor in content.values())
    ):
        raise ValueError(
            f"{path} must hold tensors by name, at the top or in one of"
            f" {', '.join(_CONTAINERS)}, but holds something else"
        )
    if all(name.startswith(_PARALLEL_PREFIX) for name in content):
        return {name.removeprefix(_PARALLEL_PREFIX): tensor for name, tensor in content.items()}
    return dict(content)


def from_official(tensors: Mapping[str, Tensor], config: NetworkConfigBase) -> dict[str, Tensor]:
    """The state of the network of `config`, from tensors by the authors' names, in float32.

    SPAN's branches are folded where `config` is of the folded form.

    Raises:
        ValueError: no names are known for the network, or the tensors are not its own.
    """
    if isinstance(config, SpanConfig):
        return _span(tensors, config)
    return _renamed(tensors, config, _layout(config))


def _span(tensors: Mapping[str, Tensor], config: SpanConfig) -> dict[str, Tensor]:
    # The copies for inference beside the branches can be older than these.
    has_branches = any(".sk." in name for name in tensors)
    if not has_branches:
        if config.form == "training":
            raise ValueError(
                "a span in the training form needs the branches of its convolutions, but the file"
                " has only folded ones; import it as the folded network"
            )
        return _renamed(tensors, config, _Layout(_span_renames((("eval_conv", ""),))))
    branches = (
        ("sk", ".skip"),
        ("conv.0", ".expand"),
        ("conv.1", ".middle"),
        ("conv.2", ".project"),
    )
    layout = _Layout(_span_renames(branches), ignored=r".*\.eval_conv\.(weight|bias)")
    trained = config.replace(form="training")
    renamed = _renamed(tensors, trained, layout)
    if config.form == "training":
        return renamed
    network = Span(trained)
    network.load_state_dict(renamed)
    return fold_span(network).state_dict()


def _renamed(
    tensors: Mapping[str, Tensor], config: NetworkConfigBase, layout: _Layout
) -> dict[str, Tensor]:
    with torch.device("meta"):
        expected = build_network(config).state_dict()
    renamed: dict[str, Tensor] = {}
    unexpected = []
    for name, tensor in tensors.items():
        if re.fullmatch(layout.ignored, name):
            continue
        layer, _, leaf = name.rpartition(".")
        ours = _our_name(layer, layout.renames)
        full = f"{ours}.{leaf}"
        if ours is None or full not in expected or full in renamed:
            unexpected.append(f"{name} {tuple(tensor.shape)}")
        elif expected[full].shape != tensor.shape:
            wanted = tuple(expected[full].shape)
            unexpected.append(f"{name} {tuple(tensor.shape)}, which should be {wanted}")
            renamed[full] = tensor
        else:
            renamed[full] = tensor.float()
    missing = [f"{name} {tuple(t.shape)}" for name, t in expected.items() if name not in renamed]
    if unexpected or missing:
        raise ValueError(
            f"the tensors must be those of {config.family} x{config.scale} with"
            f" {_hyperparameters(config)}; unexpected: {_some(unexpected)}; missing, in our"
            f" names: {_some(missing)}"
        )
    return renamed


def _our_name(layer: str, renames: Iterable[_Rename]) -> str | None:
    names = (rename.apply(layer) for rename in renames)
    return next((name for name in names if name is not None), None)


def _hyperparameters(config: NetworkConfigBase) -> str:
    fields = config.model_dump(exclude={"family", "scale"}, exclude_none=True)
    return ", ".join(f"{name} {value}" for name, value in fields.items())


def _some(names: list[str]) -> str:
    if not names:
        return "none"
    others = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(names[:_LISTED]) + others


def _layout(config: NetworkConfigBase) -> _Layout:
    match config:
        case EdsrConfig():
            return _Layout(_edsr(config), ignored=r"(sub_mean|add_mean)\.(weight|bias)")
        case ImdnConfig():
            return _Layout(_IMDN)
        case RlfnConfig():
            return _Layout(_RLFN)
        case SafmnConfig():
            return _Layout(_SAFMN)
        case CarnConfig():
            return _Layout(_CARN, ignored=r".*\.num_batches_tracked")
        case MsrResNetConfig():
            return _Layout(_MSRRESNET)
        case RcanConfig():
            return _Layout(_rcan(config))
        case FsrcnnConfig(design="rgb"):
            return _Layout(_fsrcnn(config))
        case FsrcnnConfig():
            raise ValueError(
                "the network must have a checkpoint for PyTorch by its authors, but FSRCNN on luma"
                " was published for Caffe only; fsrcnn-rgb can be imported"
            )
    raise ValueError(
        "the network must be one of carn, edsr, fsrcnn (rgb), imdn, msrresnet, rcan, rlfn, safmn,"
        f" span, got {config.family}: the authors' names of its tensors are not known here"
    )


def _edsr(config: EdsrConfig) -> tuple[_Rename, ...]:
    """The names of BasicSR, then those of the authors' code."""
    return (
        _Rename(r"conv_first|head\.0", "input_convolution"),
        _Rename(
            r"body\.(?P<index>\d+)\.conv(?P<layer>[12])",
            "trunk.blocks.{index}.convolution_{layer}",
        ),
        _Rename(r"body\.(?P<index>\d+)\.body\.0", "trunk.blocks.{index}.convolution_1"),
        _Rename(r"body\.(?P<index>\d+)\.body\.2", "trunk.blocks.{index}.convolution_2"),
        _Rename(rf"conv_after_body|body\.{config.blocks}", "trunk.convolution"),
        _Rename(r"(upsample|tail\.0)\.(?P<index>\d+)", "upsampler.{index}"),
        _Rename(r"conv_last|tail\.1", "output_convolution"),
    )


_IMDN = (
    _Rename(r"fea_conv", "input_convolution"),
    _Rename(r"IMDB(?P<index_from_1>\d+)\.c(?P<layer>[1-4])", "blocks.{index}.convolution_{layer}"),
    _Rename(r"IMDB(?P<index_from_1>\d+)\.cca\.conv_du\.0", "blocks.{index}.attention.squeeze"),
    _Rename(r"IMDB(?P<index_from_1>\d+)\.cca\.conv_du\.2", "blocks.{index}.attention.excite"),
    _Rename(r"IMDB(?P<index_from_1>\d+)\.c5", "blocks.{index}.fuse"),
    _Rename(r"c\.0", "fuse"),
    _Rename(r"LR_conv", "trunk_convolution"),
    _Rename(r"upsampler\.0", "output_convolution"),
)

_RLFN = (
    _Rename(r"conv_1", "input_convolution"),
    _Rename(
        r"block_(?P<index_from_1>\d+)\.c(?P<layer>[123])_r", "blocks.{index}.convolution_{layer}"
    ),
    _Rename(r"block_(?P<index_from_1>\d+)\.c5", "blocks.{index}.fuse"),
    _Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv1", "blocks.{index}.attention.reduce"),
    _Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv2", "blocks.{index}.attention.shrink"),
    _Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv3", "blocks.{index}.attention.context"),
    _Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv_f", "blocks.{index}.attention.skip"),
    _Rename(r"block_(?P<index_from_1>\d+)\.esa\.conv4", "blocks.{index}.attention.restore"),
    _Rename(r"conv_2", "trunk_convolution"),
    _Rename(r"upsampler\.0", "output_convolution"),
)

_SAFMN = (
    _Rename(r"to_feat", "input_convolution"),
    _Rename(r"norm", "norm"),
    _Rename(r"feats\.(?P<index>\d+)\.norm1", "blocks.{index}.modulation_norm"),
    _Rename(r"feats\.(?P<index>\d+)\.norm2", "blocks.{index}.mixer_norm"),
    _Rename(
        r"feats\.(?P<index>\d+)\.safm\.mfr\.(?P<layer>\d+)",
        "blocks.{index}.modulation.scales.{layer}",
    ),
    _Rename(r"feats\.(?P<index>\d+)\.safm\.aggr", "blocks.{index}.modulation.fuse"),
    _Rename(r"feats\.(?P<index>\d+)\.ccm\.ccm\.(?P<layer>[02])", "blocks.{index}.mixer.{layer}"),
    _Rename(r"to_img\.0", "output_convolution"),
)

_CARN = (
    _Rename(r"sub_mean", "subtract_mean"),
    _Rename(r"entry", "input_convolution"),
    _Rename(
        r"b(?P<block_from_1>[123])\.b1\.body\.0", "cascade.units.{block}.units.0.convolution_1"
    ),
    _Rename(
        r"b(?P<block_from_1>[123])\.b1\.body\.2", "cascade.units.{block}.units.0.convolution_2"
    ),
    _Rename(r"b(?P<block_from_1>[123])\.b1\.body\.4", "cascade.units.{block}.units.0.project"),
    _Rename(
        r"b(?P<block_from_1>[123])\.c(?P<index_from_1>[123])\.(?P<layer>[01])",
        "cascade.units.{block}.fusions.{index}.{layer}",
    ),
    _Rename(r"c(?P<index_from_1>[123])\.(?P<layer>[01])", "cascade.fusions.{index}.{layer}"),
    _Rename(r"upsample\.up\.body\.0", "upsampler.0.0"),
    _Rename(r"upsample\.up\.body\.3", "upsampler.1.0"),
    _Rename(r"exit", "output_convolution"),
    _Rename(r"add_mean", "add_mean"),
)

_MSRRESNET = (
    _Rename(r"conv_first", "input_convolution"),
    _Rename(
        r"recon_trunk\.(?P<index>\d+)\.conv(?P<layer>[12])", "blocks.{index}.convolution_{layer}"
    ),
    _Rename(r"upconv1", "upsampler.0"),
    _Rename(r"upconv2", "upsampler.3"),
    _Rename(r"HRconv", "detail_convolution"),
    _Rename(r"conv_last", "output_convolution"),
)


def _rcan(config: RcanConfig) -> tuple[_Rename, ...]:
    block = r"body\.(?P<group>\d+)\.body\.(?P<index>\d+)\.body"
    ours = "trunk.blocks.{group}.blocks.{index}"
    return (
        _Rename(r"sub_mean", "subtract_mean"),
        _Rename(r"head\.0", "input_convolution"),
        _Rename(rf"{block}\.0", f"{ours}.convolution_1"),
        _Rename(rf"{block}\.2", f"{ours}.convolution_2"),
        _Rename(rf"{block}\.3\.conv_du\.0", f"{ours}.attention.squeeze"),
        _Rename(rf"{block}\.3\.conv_du\.2", f"{ours}.attention.excite"),
        _Rename(
            rf"body\.(?P<group>\d+)\.body\.{config.blocks}", "trunk.blocks.{group}.convolution"
        ),
        _Rename(rf"body\.{config.groups}", "trunk.convolution"),
        _Rename(r"tail\.0\.(?P<index>\d+)", "upsampler.{index}"),
        _Rename(r"tail\.1", "output_convolution"),
        _Rename(r"add_mean", "add_mean"),
    )


def _fsrcnn(config: FsrcnnConfig) -> tuple[_Rename, ...]:
    expand = config.mapping_layers + 2
    return (
        _Rename(r"head_conv\.(?P<index>[01])", "extract.{index}"),
        _Rename(r"body_conv\.0\.(?P<index>[01])", "shrink.{index}"),
        _Rename(r"body_conv\.(?P<index_from_1>\d+)", "map.{index}"),
        _Rename(rf"body_conv\.{expand}\.(?P<index>[01])", "expand.{index}"),
        _Rename(r"tail_conv", "output_convolution"),
    )


def _span_renames(parts: Iterable[tuple[str, str]]) -> tuple[_Rename, ...]:
    convolutions = (
        (r"conv_1", "input_convolution"),
        (r"block_(?P<index_from_1>\d+)\.c(?P<layer>[123])_r", "blocks.{index}.convolution_{layer}"),
        (r"conv_2", "trunk_convolution"),
    )
    return (
        *(
            _Rename(rf"{pattern}\.{re.escape(theirs)}", f"{template}{ours}")
            for pattern, template in convolutions
            for theirs, ours in parts
        ),
        _Rename(r"conv_cat", "fuse"),
        _Rename(r"upsampler\.0", "output_convolution"),
    )
