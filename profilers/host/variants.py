"""The variants of a network on this machine: which there are, and which is the fastest."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import torch

from blocks import variants_of
from blocks.models import Model
from foundation import alternatives
from profilers.agent.fastest_variant import (
    FastestVariant,
    OtherVariant,
    Uncalled,
    fastest_variant,
)
from profilers.runtimes.clock import clock_of
from profilers.runtimes.targets import Target

_SECONDS = 2.0


def require_variant(model: Model, variant: str | None) -> None:
    """Check that a variant, if one is given, is one of the model's.

    Raises:
        ValueError: the model has no such variant; bicubic has none.
    """
    if variant is None:
        return
    if model.config is None:
        raise ValueError(
            f"the variant must be left out for {model.name}, which has none, got {variant!r}"
        )
    names = variants_of(model.config)
    if variant not in names:
        raise ValueError(
            f"the variant must be {alternatives(names)} for {model.name}, got {variant!r}"
        )


def fastest_call(calls: Mapping[str, Callable[[], object]]) -> FastestVariant[Uncalled]:
    """Return the fastest of the variants whose calls are given, timed in this process.

    By processor time on one thread. Several wait for each other, and where other programs keep
    one from running the others' waiting would count as work: they are timed by the wall.
    """
    _, clock = clock_of(Target(threads=torch.get_num_threads()))
    variants = {name: partial(Uncalled, call) for name, call in calls.items()}
    return fastest_variant(variants, clock, _SECONDS)


def describe_choice(variant: str, others: Sequence[OtherVariant]) -> str:
    """Return in words which variant was chosen, and what is known of the others."""
    found = (
        f"{other.name} takes {other.ratio:.2f} times as long as {variant}"
        if other.ratio is not None
        else f"{other.name} does not run ({other.reason})"
        for other in others
    )
    return f"computed in variant {variant}, the fastest here: {', '.join(found)}"
