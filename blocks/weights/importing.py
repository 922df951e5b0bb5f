"""From the tensors of a network's authors to the state of ours."""

from collections.abc import Mapping

from torch import Tensor

from blocks.config import NetworkConfigBase
from blocks.networks.carn import CarnConfig
from blocks.networks.classsr import ClassSRConfig
from blocks.networks.seemore import SeemoReConfig
from blocks.networks.smsr import SmsrConfig
from blocks.networks.span import SpanConfig
from blocks.weights.carn_original import carn_original_tensors
from blocks.weights.classsr import classsr_layout
from blocks.weights.layouts import layout_of
from blocks.weights.renaming import renamed
from blocks.weights.seemore import seemore_tensors
from blocks.weights.smsr import smsr_tensors
from blocks.weights.span import span_tensors


def from_official(tensors: Mapping[str, Tensor], config: NetworkConfigBase) -> dict[str, Tensor]:
    """The state of the network of `config`, from tensors by the authors' names, in float32.

    SPAN's branches are folded where `config` is of the folded variant; SeemoRe's experts are put
    side by side.

    Raises:
        ValueError: no names are known for the network, or the tensors are not its own.
    """
    if isinstance(config, SpanConfig):
        return span_tensors(tensors, config)
    if isinstance(config, SeemoReConfig):
        return seemore_tensors(tensors, config)
    if isinstance(config, SmsrConfig):
        return smsr_tensors(tensors, config)
    if isinstance(config, ClassSRConfig):
        return renamed(tensors, config, classsr_layout(config))
    if isinstance(config, CarnConfig) and config.design == "original":
        return carn_original_tensors(tensors, config)
    return renamed(tensors, config, layout_of(config))
