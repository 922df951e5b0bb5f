"""The variants of a network on this machine: which there are, and which is the fastest."""

from collections.abc import Callable, Mapping
from functools import partial

import torch

from blocks import NetworkConfig, variants_of
from profilers.agent.fastest_variant import FastestVariant, Uncalled, fastest_variant
from profilers.agent.targets import Target
from profilers.clock import clock_of

_SECONDS = 2.0


def require_variant(name: str, config: NetworkConfig | None, variant: str | None) -> None:
    """Check that a variant, if one is given, is one of the model called `name`.

    Raises:
        ValueError: it has no such variant; a model without a network (bicubic) has none.
    """
    if variant is None:
        return
    if config is None:
        raise ValueError(f"variant must be left out for {name}, which has none, got {variant!r}")
    names = variants_of(config)
    if variant not in names:
        raise ValueError(f"variant must be {' or '.join(names)} for {name}, got {variant!r}")


def fastest_call(calls: Mapping[str, Callable[[], object]]) -> FastestVariant[Uncalled]:
    """Return the fastest of the variants whose calls are given, timed in this process.

    By processor time on one thread. Several wait for each other, and where other programs keep
    one from running the others' waiting would count as work: they are timed by the wall.
    """
    _, clock = clock_of(Target(threads=torch.get_num_threads()))
    variants = {name: partial(Uncalled, call) for name, call in calls.items()}
    return fastest_variant(variants, clock, _SECONDS)
