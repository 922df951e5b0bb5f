"""How a search went: what its front dominated after each trial."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from reports.pareto import comparable, hypervolume, non_dominated, oriented
from reports.records import TrialRecord, objective


@dataclass(frozen=True)
class History:
    """The hypervolume after each trial, all from one reference point."""

    trials: tuple[int, ...]
    seconds: tuple[float, ...]
    """Of searching, in all sessions, until the trial had ended."""
    volumes: tuple[float, ...]


def history(
    records: Sequence[TrialRecord], objectives: Sequence[str], reference: Mapping[str, float]
) -> History:
    """The history of the trials in the order of their numbers; bicubic is there from the start.

    With several workers trials end in another order, so that the seconds are then approximate.

    Raises:
        ValueError: an unknown objective, or one that the reference lacks.
    """
    signs = [1.0 if objective(name).direction == "minimise" else -1.0 for name in objectives]
    bound = np.array([reference[name] for name in objectives]) * signs
    first = [record for record in records if record.is_baseline]
    trials = [record for record in records if record.trial is not None]
    points = oriented(comparable(first, objectives), objectives)
    volume, volumes = hypervolume(points, bound), []
    for record in trials:
        for point in oriented(comparable([record], objectives), objectives):
            # A trial that the front dominates changes nothing, as most do.
            if not ((points <= point).all(axis=1)).any():
                points = np.vstack([points, point])
                points = points[non_dominated(points)]
                volume = hypervolume(points, bound)
        volumes.append(volume)
    return History(
        tuple(int(record.trial) for record in trials if record.trial is not None),
        tuple(accumulate(record.wall_seconds for record in trials)),
        tuple(volumes),
    )
