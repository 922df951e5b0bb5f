"""The variants of a network on this machine: which there are, and which is the fastest."""

from collections.abc import Callable, Mapping

import torch

from blocks import variants_of
from blocks.models import ResolvedModel
from profilers import Target, clock_of
from profilers.agent.timing.calls_in_turn import time_in_turn

_SECONDS = 2.0


def require_variant(model: ResolvedModel, variant: str | None) -> None:
    """Check that a variant, if one is given, is one of the model's.

    Raises:
        ValueError: the model has no such variant.
    """
    if variant is None:
        return
    if model.config is None:
        raise ValueError(
            f"--variant must be left out for {model.name}, which has none, got {variant!r}"
        )
    names = variants_of(model.config)
    if variant not in names:
        raise ValueError(
            f"--variant must be {' or '.join(names)} for {model.name}, got {variant!r}"
        )


def rank_variants(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the variants, the fastest first, with their time over that of the fastest.

    By processor time on one thread. Several wait for each other, and where other programs keep
    one from running the others' waiting would count as work: they are timed by the wall.
    """
    _, clock = clock_of(Target(threads=torch.get_num_threads()))
    times_ms = time_in_turn(list(calls.values()), max_seconds=_SECONDS, clock=clock)
    ranked = sorted(zip(calls, times_ms, strict=True), key=lambda item: item[1])
    return {name: variant_ms / ranked[0][1] for name, variant_ms in ranked}
