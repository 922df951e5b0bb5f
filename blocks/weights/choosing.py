"""Which of a file's tensors are the weights of a network: those that all fit, averaged first."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from blocks.checkpoints import check_finite
from blocks.config import NetworkConfigBase
from blocks.weights.candidates import Candidate, candidates
from blocks.weights.reading import read_checkpoint
from blocks.weights.registry import from_official
from blocks.weights.renaming import TensorMismatchError

Convert = Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]]
"""From an authors' tensors to the state of ours; raises ValueError where they are not its own."""


@dataclass(frozen=True)
class OfficialWeights:
    """The state of a network of ours, and what a user should know of how it was found."""

    state: Mapping[str, Tensor]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Fit:
    candidate: Candidate
    state: Mapping[str, Tensor]


def import_official(path: Path, config: NetworkConfigBase) -> OfficialWeights:
    """The weights of the network of `config` in a checkpoint of its authors; no code in it is run.

    Raises:
        ValueError: the file cannot be read as one, or `choose_by` finds none to take.
    """
    content = read_checkpoint(path)
    try:
        return choose_by(content, partial(from_official, config=config))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def choose_by(content: object, convert: Convert) -> OfficialWeights:
    """The weights in the content of a file that can be converted to those of a network.

    Every mapping in it may hold them, as it is or after a prefix is cut off that its names share;
    a flat mapping may hold several sets, each under a prefix of its own. Averaged weights come
    before plain ones.

    Raises:
        ValueError: no set of tensors is the network's, several are, or a number is not finite.
    """
    found = list(candidates(content))
    if not found:
        raise ValueError("the file must hold tensors by name, but holds none")
    fits: list[_Fit] = []
    misfits: list[tuple[Candidate, ValueError]] = []
    for candidate in found:
        try:
            fits += _fits(candidate, convert)
        except ValueError as error:
            misfits.append((candidate, error))
    if not fits:
        raise max((error for _, error in misfits), key=_matched)
    averaged = [fit for fit in fits if fit.candidate.is_averaged]
    chosen = _only(averaged or fits)
    check_finite(chosen.candidate.tensors, chosen.candidate.place)
    plain = [fit.candidate.place for fit in fits if fit not in averaged]
    unfit = [candidate.place for candidate, _ in misfits if candidate.is_averaged]
    return OfficialWeights(chosen.state, tuple(_notes(chosen.candidate, plain, unfit)))


def _fits(candidate: Candidate, convert: Convert) -> list[_Fit]:
    """The one set that a candidate's tensors are, or the several, with no tensor left over.

    Raises:
        ValueError: they are none; says it of the names that come nearest.
    """
    try:
        return [_Fit(candidate, convert(candidate.tensors))]
    except ValueError as error:
        problem = error
    fits: list[_Fit] = []
    for part in candidate.parts():
        try:
            fits += _fits(part, convert)
        except ValueError as error:
            raise max(problem, error, key=_matched) from None
    if not fits:
        raise problem
    return fits


def _matched(error: ValueError) -> float:
    """How many tensors had the right name; all where the error is of another kind."""
    return error.matched if isinstance(error, TensorMismatchError) else float("inf")


def _only(fits: Sequence[_Fit]) -> _Fit:
    first, *others = fits
    if any(not _equal(first.state, other.state) for other in others):
        places = ", ".join(fit.candidate.place for fit in fits)
        raise ValueError(
            f"the file must hold one set of weights, but {places} hold different ones that all"
            " fit: save the one you want to a file of its own"
        )
    return first


def _equal(state: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in state.items())


def _notes(chosen: Candidate, plain: Sequence[str], unfit: Sequence[str]) -> list[str]:
    notes = []
    where = []
    if chosen.containers:
        where.append(f"found in '{'.'.join(chosen.containers)}'")
    if chosen.prefix:
        where.append(f"named without the prefix '{chosen.prefix}'")
    if where:
        kind = "the averaged weights" if chosen.is_averaged else "the weights"
        notes.append(f"{kind} were {' and '.join(where)}")
    if chosen.is_averaged and plain:
        notes.append(f"the plain weights in {', '.join(plain)} were left")
    if not chosen.is_averaged and unfit:
        notes.append(
            f"{', '.join(unfit)} may hold averaged weights, but not of this network by name: the"
            " plain ones were taken"
        )
    return notes
