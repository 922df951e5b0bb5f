"""Series of smaller designs, from the largest to the smallest, as `smaller` looks through them."""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any, TypeVar

from blocks.config import NetworkConfigBase

Config = TypeVar("Config", bound=NetworkConfigBase)
Series = Sequence[NetworkConfigBase]


def widths(config: Config, *, together: Sequence[str] = (), multiple: int = 1) -> list[Config]:
    """The configuration with fewer channels, from one fewer down to the fewest.

    The fields `together` count channels as well and keep their ratio to `channels`, where
    that is a whole number. All widths are multiples of `multiple`.
    """
    fields: dict[str, Any] = config.model_dump()
    whole = int(fields["channels"])
    return [
        config.replace(
            channels=width,
            **{
                name: max(1, round(fields[name] * width / whole))
                for name in together
                if fields[name] is not None
            },
        )
        for width in range(whole - 1, 0, -1)
        if width % multiple == 0
    ]


def designs(
    config: NetworkConfigBase, narrower: Callable[[Any], Series], *counts: str
) -> Iterator[Series]:
    """Narrower designs; then, with fewer of what `counts` name, those of every width."""
    yield narrower(config)
    fields: dict[str, Any] = config.model_dump()
    numbers = [range(fields[name], 0, -1) for name in counts]
    fewer = list(product(*numbers))[1:]
    for chosen in fewer:
        shallower = config.replace(**dict(zip(counts, chosen, strict=True)))
        yield [shallower, *narrower(shallower)]
