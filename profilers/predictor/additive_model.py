"""Time as a sum over the work that is done, with a cost of at least zero for each unit."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import nnls

from profilers.predictor.work import Work

_ITERATIONS_PER_AMOUNT = 100


@dataclass(frozen=True)
class AdditiveModel:
    """What one unit of each kind of work adds to a latency ratio.

    Where operators run one after another, as in eager mode, each adds its own time, a part of it
    for each call, each multiply-add and each byte; operators that a runtime fuses add nothing.
    """

    cost: Mapping[str, float]

    @classmethod
    def fitted(
        cls, works: Sequence[Work], ratios: Sequence[float], weights: Sequence[float]
    ) -> Self:
        """Return the costs, none negative, with the least sum of squared relative errors.

        Each error is first multiplied by its weight.

        Raises:
            ValueError: there is nothing to fit.
        """
        if not works:
            raise ValueError("a model of latency is fitted to at least one measurement, got none")
        names = sorted({name for work in works for name in work})
        amounts = np.array([[work.get(name, 0.0) for name in names] for work in works])
        # Bytes and calls differ by nine orders of magnitude; unscaled, precision would be lost.
        units = np.maximum(amounts.max(axis=0), np.finfo(float).tiny)
        shares = np.asarray(weights) / np.asarray(ratios)
        relative = amounts / units * shares[:, None]
        costs, _ = nnls(relative, np.asarray(weights), maxiter=_ITERATIONS_PER_AMOUNT * len(names))
        return cls(dict(zip(names, (costs / units).tolist(), strict=True)))

    def ratio(self, work: Work) -> float:
        """Return the sum over `work`; kinds of work that were never measured add nothing."""
        return sum(self.cost.get(name, 0.0) * amount for name, amount in work.items())

    def shares(self, work: Work) -> Mapping[str, float]:
        """Return what calls, MACs and bytes add, each as a part of the whole of `work`."""
        whole = max(self.ratio(work), math.ulp(0.0))
        shares: defaultdict[str, float] = defaultdict(float)
        for name, amount in work.items():
            unit = name.rpartition(", ")[2].removesuffix(" of full vectors")
            shares[unit] += self.cost.get(name, 0.0) * amount / whole
        return dict(shares)
