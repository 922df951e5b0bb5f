"""From a model and a target to what runs there."""

from collections.abc import Iterator
from contextlib import contextmanager

from blocks.models import Model
from foundation.listener import Listener
from paretosr.measuring.subjects import as_target, subject_of
from profilers import Target, program_variant, target_program
from upscaling import NamedProgram, require_weights


@contextmanager
def program_on(
    model: Model, target: Target | str | None, variant: str | None, listener: Listener
) -> Iterator[NamedProgram | None]:
    """Yield the program by which `target` enlarges images as `model` does; None without target.

    Raises:
        ValueError: the model is bicubic, has no trained weights or no such variant, or the target
            is not valid or missing here.
        ProfilingFailed: the model cannot be made a program of the target. It is a RuntimeError.
    """
    if target is None:
        yield None
        return
    wanted = as_target(target)
    subject = subject_of(model, variant)
    if subject is None:
        raise ValueError(
            f"a target runs networks, and bicubic is none: leave the target out, got {wanted}"
        )
    require_weights(model)
    listener.status(f"making {model.name} ready on {wanted}")
    with target_program(subject, wanted) as program:
        yield NamedProgram(program, program_variant(subject, wanted))
