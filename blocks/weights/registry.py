"""From the tensors of a network's authors to the state of ours, by family."""

from collections.abc import Mapping

from torch import Tensor

from blocks.config import NetworkConfigBase
from blocks.weights.carn import CARN_IMPORTER
from blocks.weights.classsr import CLASSSR_IMPORTER
from blocks.weights.layouts import LAYOUT_IMPORTERS
from blocks.weights.seemore import SEEMORE_IMPORTER
from blocks.weights.smsr import SMSR_IMPORTER
from blocks.weights.span import SPAN_IMPORTER
from foundation.registry import Registry

IMPORTERS = Registry(
    "importer",
    (
        *LAYOUT_IMPORTERS,
        CARN_IMPORTER,
        CLASSSR_IMPORTER,
        SEEMORE_IMPORTER,
        SMSR_IMPORTER,
        SPAN_IMPORTER,
    ),
)
"""The families whose authors published checkpoints for PyTorch."""


def from_official(tensors: Mapping[str, Tensor], config: NetworkConfigBase) -> dict[str, Tensor]:
    """The state of the network of `config`, from tensors by the authors' names, in float32.

    SPAN's branches are folded where `config` is of the folded variant; SeemoRe's experts are put
    side by side.

    Raises:
        ValueError: no names are known for the network, or the tensors are not its own.
    """
    if config.family not in IMPORTERS:
        raise ValueError(
            f"the network must be one of {', '.join(sorted(IMPORTERS))}, got {config.family}: the "
            "authors' names of its tensors are not known here"
        )
    return IMPORTERS[config.family].convert(tensors, config)
