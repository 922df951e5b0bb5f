"""SeemoRe's checkpoints: the authors keep the experts apart, we keep them side by side.

Source of the names: eduardzamfir/seemoredetails. Shuffle, recursion and top_k leave no trace
in a file; they are the configuration's.
"""

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count, takewhile

import torch
from torch import Tensor

from blocks.networks.seemore import SeemoReConfig
from blocks.weights.renaming import Importer, Layout, Rename, renamed

# Of each tensor of an expert: the one that holds those of all experts, and how they are joined.
_JOINED: Mapping[str, tuple[str, Callable[[list[Tensor]], Tensor]]] = {
    "conv_1.weight": ("local.weight", torch.cat),
    "conv_1.bias": ("local.bias", torch.cat),
    "conv_2.weight": ("context.weight", torch.cat),
    "conv_2.bias": ("context.bias", torch.cat),
    "conv_3.weight": ("restore.weight", partial(torch.cat, dim=1)),
    "conv_3.bias": ("restore_bias", torch.stack),
}


def seemore_tensors(tensors: Mapping[str, Tensor], config: SeemoReConfig) -> dict[str, Tensor]:
    side_by_side = dict(tensors)
    for group in range(config.groups):
        _join_experts(side_by_side, f"body.{group}.local_block.block.moe_layer.experts", config)
    return renamed(side_by_side, config, Layout(_RENAMES, ignored=_without_effect(config)))


def _join_experts(tensors: dict[str, Tensor], layer: str, config: SeemoReConfig) -> None:
    """Join the experts of one layer; such as are not whole are left for `renamed` to list."""
    named = (f"{layer}.{expert}.conv_1.weight" for expert in count())
    ranks = tuple(tensors[name].shape[0] for name in takewhile(tensors.__contains__, named))
    if ranks and ranks != config.ranks:
        raise ValueError(
            f"the experts must have the ranks {config.ranks} in this order, got {ranks} in"
            f" {layer}; import the file as a network of its own ranks"
        )
    experts = range(len(config.ranks))
    names = {part: [f"{layer}.{expert}.{part}" for expert in experts] for part in _JOINED}
    if not all(name in tensors for part in names.values() for name in part):
        return
    for part, (joined, join) in _JOINED.items():
        tensors[f"{layer}.{joined}"] = join([tensors.pop(name) for name in names[part]])


def _without_effect(config: SeemoReConfig) -> str:
    """What the authors' network has too where it computes nothing, as a pattern."""
    unused = []
    if len(config.ranks) == 1:
        unused.append(r"body\.\d+\.local_block\.block\.moe_layer\.gate\.body\.2\.weight")
    if config.recursion == 0:
        unused.append(r"body\.\d+\.local_block\.block\.agg_conv\.0\.(weight|bias)")
    return "|".join(unused)


_GROUP = r"body\.(?P<group>\d+)"
_RANK, _RANK_MIXER = rf"{_GROUP}\.local_block\.block", "groups.{group}.0.mixer"
_SPATIAL, _SPATIAL_MIXER = rf"{_GROUP}\.global_block\.block", "groups.{group}.1.mixer"


def _layer(theirs: str, ours: str) -> tuple[Rename, ...]:
    """What both halves of a group have: the norms and the feed-forward part."""
    return (
        Rename(rf"{_GROUP}\.{theirs}\.norm_1", f"groups.{{group}}.{ours}.mixer_norm"),
        Rename(rf"{_GROUP}\.{theirs}\.norm_2", f"groups.{{group}}.{ours}.feed_forward_norm"),
        Rename(
            rf"{_GROUP}\.{theirs}\.ffn\.fn_1\.0", f"groups.{{group}}.{ours}.feed_forward.expand"
        ),
        Rename(rf"{_GROUP}\.{theirs}\.ffn\.gate", f"groups.{{group}}.{ours}.feed_forward.gate"),
        Rename(
            rf"{_GROUP}\.{theirs}\.ffn\.fn_2\.0", f"groups.{{group}}.{ours}.feed_forward.project"
        ),
    )


_RENAMES = (
    Rename(r"conv_1", "input_convolution"),
    *_layer("local_block", "0"),
    Rename(rf"{_RANK}\.conv_1\.0", f"{_RANK_MIXER}.dense"),
    Rename(rf"{_RANK}\.conv_1\.2", f"{_RANK_MIXER}.expand"),
    Rename(rf"{_RANK}\.agg_conv\.0", f"{_RANK_MIXER}.aggregate"),
    Rename(rf"{_RANK}\.conv\.(?P<layer>[01])", f"{_RANK_MIXER}.calibrate.{{layer}}"),
    Rename(rf"{_RANK}\.conv_2\.0\.conv\.(?P<layer>[01])", f"{_RANK_MIXER}.stripes.{{layer}}"),
    Rename(rf"{_RANK}\.moe_layer\.experts", f"{_RANK_MIXER}.experts"),
    Rename(
        rf"{_RANK}\.moe_layer\.experts\.(?P<part>local|context|restore)",
        f"{_RANK_MIXER}.experts.{{part}}",
    ),
    Rename(rf"{_RANK}\.moe_layer\.gate\.body\.2", f"{_RANK_MIXER}.experts.router"),
    Rename(rf"{_RANK}\.proj", f"{_RANK_MIXER}.project"),
    *_layer("global_block", "1"),
    Rename(rf"{_SPATIAL}\.to_qv\.0", f"{_SPATIAL_MIXER}.expand"),
    Rename(rf"{_SPATIAL}\.attn\.conv\.(?P<layer>[01])", f"{_SPATIAL_MIXER}.stripes.{{layer}}"),
    Rename(rf"{_SPATIAL}\.proj", f"{_SPATIAL_MIXER}.project"),
    Rename(r"norm", "norm"),
    Rename(r"conv_2", "trunk_convolution"),
    Rename(r"upsampler\.0", "output_convolution"),
)


SEEMORE_IMPORTER = Importer("seemore", seemore_tensors)
