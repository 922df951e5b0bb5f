"""Checkpoints that were pruned from the networks of a run, or taught by them."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from blocks import load_checkpoint
from blocks.checkpoints import Checkpoint, weights_digest
from reports.columns import Precision
from reports.compression.compressed import CompressedForm
from reports.compression.networks import judged_trials
from reports.records import TrialRecord
from search.candidates.candidate import INT8
from search.storage.run_directory import RunDirectory
from training.state import MODEL_FILE
from training.teacher import taught_by


@dataclass(frozen=True)
class Relative:
    """A smaller network that has its weights or its lessons from one of the run.

    Attributes:
        form: how it came from it.
        network: the id of the run's: the parent, or the teacher.
        precision: that in which the run's is the reference, in which this one is judged too.
        file: its checkpoint.
        weights: their digest.
        checkpoint: what the file holds.
    """

    form: CompressedForm
    network: str
    precision: Precision
    file: Path
    weights: str
    checkpoint: Checkpoint


@dataclass(frozen=True)
class FoundRelatives:
    """What there was under a path."""

    relatives: tuple[Relative, ...]
    passed_over: tuple[str, ...]
    """Why each other checkpoint is none, a line each."""


def find_relatives(
    paths: Iterable[Path], run: RunDirectory, records: Sequence[TrialRecord]
) -> FoundRelatives:
    """The relatives among checkpoints: files, and all that are anywhere in folders.

    The metadata decide: those of a pruned network name its parent, by design and weights, and those
    of a training its teacher.

    Raises:
        ValueError: a path is missing or a folder without a checkpoint, a file is no relative, or a
            folder has none.
    """
    family = _Family(run, judged_trials(records))
    relatives: dict[Path, Relative] = {}
    passed_over: list[str] = []
    for path in paths:
        found, others = [], []
        for file in _checkpoints(path):
            try:
                found.append(family.member(file))
            except ValueError as error:
                others.append(str(error))
        if not found:
            raise ValueError(others[0])
        relatives |= {relative.file.resolve(): relative for relative in found}
        passed_over += others
    return FoundRelatives(tuple(relatives.values()), tuple(passed_over))


class _Family:
    """The networks of a run, whose relatives it knows."""

    def __init__(
        self, run: RunDirectory, trials: Mapping[str, Mapping[Precision, TrialRecord]]
    ) -> None:
        self._run = run
        self._trials = trials
        self._sizes = cache(self._read_sizes)

    def member(self, file: Path) -> Relative:
        """The relative in a checkpoint.

        Raises:
            ValueError: it is none.
        """
        checkpoint = load_checkpoint(file)
        form, network, weights = _origin(file, checkpoint.metadata)
        came = "was pruned from" if form == "pruned" else "was taught by"
        sizes = self._sizes(network) if network in self._trials else {}
        if weights not in sizes:
            raise ValueError(
                f"{file} must come from a network that {self._run.path} has trained, but {came} "
                f"{network} with weights {weights}, which is none of them"
            )
        size = _size(checkpoint)
        if form == "pruned" and size >= sizes[weights]:
            raise ValueError(
                f"{file} must be smaller than its parent, but has {size:,} parameters, and "
                f"{network} {sizes[weights]:,}"
            )
        precision, *_ = self._trials[network]
        if precision == INT8:
            raise ValueError(
                f"{file} can be compared in float32 or bfloat16 alone, but {network} was judged in "
                "int8 only"
            )
        digest = weights_digest(checkpoint.tensors)
        return Relative(form, network, precision, file, digest, checkpoint)

    def _read_sizes(self, network: str) -> Mapping[str, int]:
        """The parameters of each of its trainings, by the digest of their weights."""
        found = map(load_checkpoint, self._run.trainings(network))
        return {weights_digest(it.tensors): _size(it) for it in found}


def _origin(file: Path, metadata: Mapping[str, str]) -> tuple[CompressedForm, str, str]:
    """How a checkpoint came from which network, with the digest of the weights.

    A pruned network is trained with a teacher besides, which does not make it another form.
    """
    if "parent_arch_id" in metadata:
        return "pruned", metadata["parent_arch_id"], metadata.get("parent_weights", "unknown")
    if (teacher := taught_by(metadata)) is not None:
        return "distilled", *teacher
    raise ValueError(
        f"{file} must be a pruned or a distilled network, but names neither a parent nor a "
        "teacher: make it by paretosr compress --method prune, or train it with --teacher"
    )


def _size(checkpoint: Checkpoint) -> int:
    return sum(tensor.numel() for tensor in checkpoint.tensors.values())


def _checkpoints(path: Path) -> Sequence[Path]:
    """The checkpoint itself, or those in a folder.

    Raises:
        ValueError: there is none.
    """
    if path.is_file():
        return [path]
    found = sorted(_models(path))
    if not found:
        raise ValueError(
            f"pruned and distilled networks must be checkpoints or folders with a {MODEL_FILE} "
            f"in them, but {path} {'has none' if path.is_dir() else 'does not exist'}"
        )
    return found


def _models(folder: Path) -> Iterator[Path]:
    """Of each folder that holds a model, that one: what lies deeper is on the way to it."""
    for place, inner, files in os.walk(folder):
        if MODEL_FILE in files:
            inner.clear()
            yield Path(place) / MODEL_FILE
