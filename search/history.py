"""What a search has tried, in this session and all before it."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import replace

from blocks.networks.registry import NetworkConfig
from reports.records import TrialRecord


class History:
    """The finished trials of all sessions, counted as they come."""

    def __init__(self, records: Iterable[TrialRecord]) -> None:
        self._first: dict[tuple[str, str | None], TrialRecord] = {}
        self._failed: dict[str, TrialRecord] = {}
        """By the architecture: those that could not be measured or trained, in any precision."""
        self.trained = 0
        self.seconds = 0.0
        self.untrained_in_a_row = 0
        self.failed_in_a_row = 0
        self.last_reason: str | None = None
        for record in records:
            self.add(record)

    def add(self, record: TrialRecord) -> None:
        """Count a trial that has ended."""
        self._first.setdefault((record.arch_id, record.precision), record)
        self.seconds += record.wall_seconds
        self.last_reason = record.reason
        self.trained += was_trained(record)
        if record.train_steps is not None and record.state != "duplicate":
            self.untrained_in_a_row = self.failed_in_a_row = 0
        elif record.state == "failed":
            self._failed.setdefault(record.arch_id, record)
            self.failed_in_a_row += 1
        else:
            self.untrained_in_a_row += 1

    def first_of(self, arch_id: str, precision: str) -> TrialRecord | None:
        """The first record of an architecture in a precision, or that of its failure in another."""
        return self._first.get((arch_id, precision)) or self._failed.get(arch_id)

    @property
    def architectures(self) -> int:
        """How many different ones were proposed."""
        return len({record.arch_id for record in self._first.values() if record.config is not None})


def was_trained(record: TrialRecord) -> bool:
    """Whether a network was trained for this trial, rather than taken from an earlier one."""
    return record.train_seconds is not None and record.state != "duplicate"


class Untried:
    """Whether a space holds networks that no trial has proposed in some precision.

    One such network is kept at hand until it is proposed: each is passed only once, so
    that a space of any size costs little.
    """

    def __init__(self, networks: Iterator[NetworkConfig], precisions: Sequence[str]) -> None:
        self._precisions = precisions
        self._networks = networks
        self._next = next(self._networks, None)

    @property
    def network(self) -> NetworkConfig | None:
        """One that `remain` found; None if it found none."""
        return self._next

    def remain(self, history: History, running: Container[str]) -> bool:
        """Whether there is one whose id is neither in the history nor among those `running`."""
        while self._next is not None and (
            self._next.arch_id in running or self._is_known(self._next.arch_id, history)
        ):
            self._next = next(self._networks, None)
        return self._next is not None

    def _is_known(self, arch_id: str, history: History) -> bool:
        return all(history.first_of(arch_id, name) is not None for name in self._precisions)


def duplicate_of(known: TrialRecord, record: TrialRecord) -> TrialRecord:
    """What is known of the architecture, under the number of the new trial."""
    return replace(
        known,
        trial=record.trial,
        state="duplicate",
        reason=f"the architecture of trial {known.trial} ({known.state})",
        target=record.target,
        precision=record.precision,
        train_seconds=None,
        validation_seconds=0.0,
        measure_seconds=0.0,
        propose_seconds=record.propose_seconds,
    )
