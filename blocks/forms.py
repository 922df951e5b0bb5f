"""The inference forms of each family: other ways to compute the same images.

A network is written in the form that is trained. A form is another module with the same
weights, which gives the same images for every input and may be faster on one target or
another; it is for inference only. The first form of every family is the network itself.
"""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from torch import nn

from blocks.classsr import AllBranches, ClassSRConfig
from blocks.config import NetworkConfigBase
from blocks.fsrcnn_shuffled import shuffled
from blocks.layers import SuperResolutionNetwork
from blocks.safmn import WindowedSafmn
from blocks.seemore_folded import has_small_context, seemore_folded
from blocks.seemore_selected import chooses_experts, seemore_selected
from blocks.smsr_forms import masked_smsr, sparse_smsr
from blocks.span import fold_span
from blocks.splitsr_in_place import splits_evenly, splitsr_in_place

PLAIN = "plain"
ALL_BRANCHES = "all_branches"


@dataclass(frozen=True)
class Form:
    """One way to compute a network."""

    name: str
    convert: Callable[[Any], nn.Module]
    """From the network, in evaluation mode and the callee's own, to a module of this form."""
    applies: Callable[[Any], bool] = lambda config: True
    """Whether networks of a configuration have this form."""
    is_for_export: bool = False
    """Whether it makes a better graph than the network itself, or the only one."""


_PLAIN = Form(PLAIN, lambda network: network)


def _has_fsrcnn(config: ClassSRConfig) -> bool:
    return any(branch.family == "fsrcnn" for branch in config.branches)


FORMS: Mapping[str, tuple[Form, ...]] = MappingProxyType(
    {
        "splitsr": (
            Form("concatenated", lambda network: network),
            Form("in_place", splitsr_in_place, splits_evenly),
        ),
        "seemore": (
            Form("masked", lambda network: network),
            Form("selected", seemore_selected, chooses_experts),
            Form("folded", seemore_folded, has_small_context, is_for_export=True),
        ),
        "fsrcnn": (_PLAIN, Form("shuffled", shuffled)),
        "safmn": (_PLAIN, Form("windows", WindowedSafmn, is_for_export=True)),
        "smsr": (
            Form("multiplied", lambda network: network),
            Form("masked", masked_smsr, is_for_export=True),
            Form("sparse", sparse_smsr),
        ),
        "classsr": (
            Form("routed", lambda network: network),
            Form("routed_shuffled", shuffled, _has_fsrcnn),
            Form(ALL_BRANCHES, AllBranches),
        ),
        "span": (
            _PLAIN,
            Form(
                "folded",
                fold_span,
                applies=lambda config: config.form == "training",
                is_for_export=True,
            ),
        ),
    }
)


def forms_of(config: NetworkConfigBase) -> tuple[str, ...]:
    """The names of the forms that the network of `config` has, the network's own first."""
    return tuple(form.name for form in _applicable(config))


def export_form(config: NetworkConfigBase) -> str:
    """The form that is exported: the network's own, unless another is made for it."""
    first, *others = _applicable(config)
    return next((form.name for form in others if form.is_for_export), first.name)


def in_form(network: SuperResolutionNetwork, name: str) -> nn.Module:
    """A copy of `network` for inference in one of its forms, in evaluation mode.

    Raises:
        ValueError: the network has no such form.
    """
    forms = {form.name: form for form in _applicable(network.config)}
    if name not in forms:
        raise ValueError(
            f"form must be one of {', '.join(forms)} for {network.config.family}, got {name!r}"
        )
    return forms[name].convert(copy.deepcopy(network).eval()).eval().requires_grad_(False)


def _applicable(config: NetworkConfigBase) -> tuple[Form, ...]:
    forms = FORMS.get(config.family, (_PLAIN,))
    return tuple(form for form in forms if form.applies(config))
