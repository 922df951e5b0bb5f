"""The target of a search config: one, or a list of which the fastest counts."""

from typing import Annotated

import pydantic

from profilers.runtimes.targets import Target

DEFAULT_TARGET = "eager:threads=1"


def _parsed_targets(value: object) -> tuple[Target, ...]:
    listed = value if isinstance(value, list | tuple) else [value]
    targets = tuple(it if isinstance(it, Target) else Target.parse(str(it)) for it in listed)
    if not targets:
        raise ValueError("name at least one target")
    if len(set(targets)) < len(targets):
        raise ValueError(f"targets must differ, got {', '.join(map(str, targets))}")
    if len({target.images_shape for target in targets}) > 1:
        raise ValueError(
            "several targets must have the same lr and batch, since a network is to do the same "
            f"work on each, got {', '.join(map(str, targets))}"
        )
    return targets


def _written_targets(targets: tuple[Target, ...]) -> str | list[str]:
    written = [str(target) for target in targets]
    return written if len(written) > 1 else written[0]


Targets = Annotated[
    tuple[Target, ...],
    pydantic.PlainValidator(_parsed_targets),
    pydantic.PlainSerializer(_written_targets),
]
