"""The forms of a network on this machine: which there are, and which is the fastest."""

from collections.abc import Callable, Mapping

import torch

from blocks import forms_of
from paretosr.models import ResolvedModel
from profilers import Target, clock_of
from profilers.timing import time_in_turn

_SECONDS = 2.0


def require_form(model: ResolvedModel, form: str | None) -> None:
    """Check that a form, if one is given, is one of the model's.

    Raises:
        ValueError: the model has no such form.
    """
    if form is None:
        return
    if model.config is None:
        raise ValueError(f"--form must be left out for {model.name}, which has none, got {form!r}")
    names = forms_of(model.config)
    if form not in names:
        raise ValueError(f"--form must be {' or '.join(names)} for {model.name}, got {form!r}")


def rank_forms(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the forms, the fastest first, with their time over that of the fastest.

    By processor time on one thread. Several wait for each other, and where other programs keep
    one from running the others' waiting would count as work: they are timed by the wall.
    """
    _, clock = clock_of(Target(threads=torch.get_num_threads()))
    times_ms = time_in_turn(list(calls.values()), max_seconds=_SECONDS, clock=clock)
    ranked = sorted(zip(calls, times_ms, strict=True), key=lambda item: item[1])
    return {name: form_ms / ranked[0][1] for name, form_ms in ranked}
