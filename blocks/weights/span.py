"""SPAN's checkpoints: trained branches, folded convolutions, or both.

Source of the names: hongyuanyu/SPAN and the challenge entries made of it.
"""

import re
from collections.abc import Iterable, Mapping

from torch import Tensor

from blocks.networks.span import Span, SpanConfig
from blocks.variants.span import fold_span
from blocks.weights.renaming import Importer, Layout, Rename, renamed


def span_tensors(tensors: Mapping[str, Tensor], config: SpanConfig) -> dict[str, Tensor]:
    # The copies for inference beside the branches can be older than these.
    has_branches = any(".sk." in name for name in tensors)
    if not has_branches:
        if config.form == "training":
            raise ValueError(
                "a span in the training form needs the branches of its convolutions, but the file"
                " has only folded ones; import it as the folded network"
            )
        return renamed(tensors, config, Layout(_span_renames((("eval_conv", ""),))))
    branches = (
        ("sk", ".skip"),
        ("conv.0", ".expand"),
        ("conv.1", ".middle"),
        ("conv.2", ".project"),
    )
    layout = Layout(_span_renames(branches), ignored=r".*\.eval_conv\.(weight|bias)")
    trained = config.replace(form="training")
    branched = renamed(tensors, trained, layout)
    if config.form == "training":
        return branched
    network = Span(trained)
    network.load_state_dict(branched)
    return fold_span(network).state_dict()


def _span_renames(parts: Iterable[tuple[str, str]]) -> tuple[Rename, ...]:
    convolutions = (
        (r"conv_1", "input_convolution"),
        (r"block_(?P<index_from_1>\d+)\.c(?P<layer>[123])_r", "blocks.{index}.convolution_{layer}"),
        (r"conv_2", "trunk_convolution"),
    )
    return (
        *(
            Rename(rf"{pattern}\.{re.escape(theirs)}", f"{template}{ours}")
            for pattern, template in convolutions
            for theirs, ours in parts
        ),
        Rename(r"conv_cat", "fuse"),
        Rename(r"upsampler\.0", "output_convolution"),
    )


SPAN_IMPORTER = Importer("span", span_tensors)
