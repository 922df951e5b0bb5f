"""Every mapping of tensors in a checkpoint, whatever its authors kept beside their weights."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from torch import Tensor

# As a word of a name such as model_ema or EMA. Adam's exp_avg is an average of gradients.
_AVERAGED = re.compile(r"(?<![a-z])(ema|swa|shadow|averaged?|(?<!exp_)avg)(?![a-z])")
_COUNT_OF_AVERAGED = "n_averaged"  # beside the weights in PyTorch's AveragedModel


@dataclass(frozen=True)
class Candidate:
    """Tensors by name, and where in the file they are."""

    containers: tuple[str, ...]
    """The keys that lead to the mapping from the top of the file."""
    prefix: str
    """What was cut off the tensors' names: empty, or it ends in a dot."""
    tensors: Mapping[str, Tensor]
    counts_averages: bool

    @classmethod
    def of(cls, tensors: Mapping[str, Tensor], containers: tuple[str, ...] = ()) -> Self:
        """The tensors of a mapping, without counters such as `step`, which no layer has."""
        weights = {name: tensor for name, tensor in tensors.items() if tensor.dim() or "." in name}
        return cls(containers, "", weights, _COUNT_OF_AVERAGED in tensors)

    @property
    def place(self) -> str:
        """Where the tensors are, as a user may call it."""
        path = ".".join((*self.containers, self.prefix)).strip(".")
        return f"'{path}'" if path else "the top of the file"

    @property
    def is_averaged(self) -> bool:
        """Whether the weights are averages over steps of a training, by the names they are under.

        Source of the names: what training codes call an exponential moving average (EMA),
        stochastic weight averaging (SWA) or the shadow of the weights.
        """
        words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", self.place).lower()
        return self.counts_averages or _AVERAGED.search(words) is not None

    def parts(self) -> list[Self]:
        """The tensors by the first part of their names, without it; none if a name has no parts."""
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in self.tensors.items():
            first, dot, rest = name.partition(".")
            if not dot:
                return []
            parts.setdefault(first, {})[rest] = tensor
        return [self._part(first, tensors) for first, tensors in parts.items()]

    def _part(self, first: str, tensors: Mapping[str, Tensor]) -> Self:
        part = self.of(tensors)
        return type(self)(
            self.containers,
            f"{self.prefix}{first}.",
            part.tensors,
            self.counts_averages or part.counts_averages,
        )


def candidates(content: object, containers: tuple[str, ...] = ()) -> Iterator[Candidate]:
    """Every mapping of tensors in the content of a file, the outer before the inner ones."""
    if isinstance(content, list | tuple):
        content = {str(number): item for number, item in enumerate(content)}
    # An optimizer's state has numbers for names.
    if not isinstance(content, Mapping) or not all(isinstance(name, str) for name in content):
        return
    found = Candidate.of(
        {name: value for name, value in content.items() if isinstance(value, Tensor)}, containers
    )
    if found.tensors:
        yield found
    for name, value in content.items():
        yield from candidates(value, (*containers, name))
