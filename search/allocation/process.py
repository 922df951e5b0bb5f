"""A Gaussian process over candidates and rungs, by scikit-learn: what estimates are made by."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Kernel, WhiteKernel

from search.allocation.state import CurvePoint, Known, Structure

Array = NDArray[np.float64]
Point = tuple[Known, CurvePoint]

NOISE_DB = 0.02
"""Standard deviation between trainings of one network that differ in their seeds."""

# What is thought before the run has any result; its results correct the level and the slopes.
# The slopes are those of the rows of the tabular benchmark that tune.
GAIN_DB = 1.95
"""Of a full training over bicubic enlargement."""
GAIN_PER_DOUBLING_DB = (0.06, 0.15)
"""For twice the MACs, and for twice the dense-equivalent depth."""
LATER_GAIN_DB = 0.2
"""For twice the steps."""
LEVEL_DB, FAMILY_DB = 0.5, 0.25
"""Standard deviations of the level of all networks, and between families."""
USUAL = (4e9, 8.0, 10.0)
"""MACs, depth and radius of a network that has this gain."""

MACS, DEPTH, RADIUS, STEPS, IDENTITY = range(5)
FIRST_FAMILY = IDENTITY + 1
STRUCTURE = (MACS, DEPTH, RADIUS)

FEWEST_POINTS_FOR_SETTINGS = 8
MOST_POINTS_FOR_SETTINGS = 100
MOST_FITS = 8
"""That are kept: a decision takes two, of which most decisions after it take the same."""


@dataclass(frozen=True)
class Settings:
    """What the results of a run decide about its process."""

    structure_db: float
    """Standard deviation of the effect of the structure, beyond the slopes."""
    own_db: float
    """Of what a candidate has of its own."""
    memory: float
    """In doublings of the steps: how far a rung tells of what is a candidate's own at another."""


STRUCTURE_DB, OWN_DB, MEMORIES = (0.1, 0.2, 0.4), (0.05, 0.1, 0.2), (1.0, 2.0, 4.0)
"""The values among which a run decides."""
USUAL_SETTINGS = Settings(0.2, 0.1, 2.0)


class Coordinates:
    """Candidates at rungs as rows of numbers: logarithms to the base of 2, identity, family."""

    def __init__(self, candidates: Iterable[Known]) -> None:
        structures: dict[str, Structure] = {it.arch_id: it.structure for it in candidates}
        families = sorted({structure.family for structure in structures.values()})
        self.columns = FIRST_FAMILY + len(families)
        self._numbers = {arch_id: number for number, arch_id in enumerate(structures)}
        rows = np.full((len(structures), self.columns), 0.0)
        for row, (number, structure) in zip(rows, enumerate(structures.values()), strict=True):
            row[list(STRUCTURE)] = _logarithms(structure)
            row[IDENTITY] = number
            # Any two families are 1 apart.
            row[FIRST_FAMILY + families.index(structure.family)] = math.sqrt(0.5)
        for column, usual in zip(STRUCTURE, USUAL, strict=True):
            missing = np.isnan(rows[:, column])
            known = rows[~missing, column]
            rows[missing, column] = known.mean() if len(known) else math.log2(usual)
        self._rows = rows

    def of(self, points: Sequence[tuple[Known, int]]) -> Array:
        """One row for each candidate at so many steps."""
        rows = self._rows[[self._numbers[known.arch_id] for known, _ in points]]
        rows[:, STEPS] = np.log2([steps for _, steps in points])
        return rows


def _logarithms(structure: Structure) -> list[float]:
    """Of the numbers in `STRUCTURE`; NaN where one is not known."""
    radius = structure.receptive_field_radius_px or structure.convolution_radius_px
    numbers = (structure.macs, structure.dense_equivalent_depth, radius)
    return [math.log2(number) if number else math.nan for number in numbers]


class Process:
    """What the curve points of some candidates say of all others at any rung."""

    def __init__(
        self,
        points: Sequence[Point],
        coordinates: Coordinates,
        bicubic_db: float,
        full_steps: int,
        settings: Settings | None = None,
    ) -> None:
        self.points = points
        self._coordinates = coordinates
        self._bicubic_db = bicubic_db
        self._full_steps = full_steps
        rows = coordinates.of([(known, point.steps) for known, point in points])
        self._values = np.array([point.psnr_y_db for _, point in points])
        residuals = self._values - self._expected(rows)
        self._fit = _fitted(_Numbers(rows), _Numbers(residuals), settings)

    @property
    def settings(self) -> Settings:
        """Those under which its points are likeliest, unless others were given."""
        return self._fit.settings

    def believing(self, candidates: Sequence[Known]) -> "Process":
        """The process as if the candidates had come to what is expected of them.

        So of others like them less is left to learn.
        """
        if not candidates:
            return self
        means, _ = self.predict(candidates, self._full_steps)
        believed = [
            (known, CurvePoint(self._full_steps, float(mean)))
            for known, mean in zip(candidates, means, strict=True)
        ]
        return Process(
            [*self.points, *believed],
            self._coordinates,
            self._bicubic_db,
            self._full_steps,
            self.settings,
        )

    def predict(self, candidates: Sequence[Known], steps: int) -> tuple[Array, Array]:
        """The means and standard deviations of the candidates after so many steps: (M,) each."""
        if not candidates:
            return np.empty(0), np.empty(0)
        rows = self._coordinates.of([(known, steps) for known in candidates])
        means, deviations = self._fit.regressor.predict(rows, return_std=True)
        return means + self._expected(rows), deviations

    def shifts(self, candidates: Sequence[Known], rungs: Sequence[int], steps: int) -> Array:
        """How far the result of each candidate at its rung will move what is expected of it.

        That is, the standard deviation of the mean after so many steps: (M,).
        """
        rows = self._coordinates.of(
            [*zip(candidates, rungs, strict=True), *((known, steps) for known in candidates)]
        )
        _, covariance = self._fit.regressor.predict(rows, return_cov=True)
        places = np.arange(len(candidates))
        shared = covariance[places, len(candidates) + places]
        shifts: Array = np.abs(shared) / np.sqrt(np.diag(covariance)[places])
        return shifts

    def left_out(self) -> tuple[Array, Array]:
        """Each point as all others predict it, and how it is."""
        return self._values - self._fit.left_out_errors, self._values

    def _expected(self, rows: Array) -> Array:
        """What is thought of the points before any result."""
        doublings = rows[:, [MACS, DEPTH]] - np.log2(USUAL[:2])
        later = rows[:, STEPS] - math.log2(self._full_steps)
        gain = GAIN_DB + doublings @ GAIN_PER_DOUBLING_DB + LATER_GAIN_DB * later
        expected: Array = self._bicubic_db + gain
        return expected


class _Numbers:
    """An array that is equal to another of the same numbers."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self._key = array.shape, array.tobytes()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Numbers) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)


class _Fit:
    """A regression on points, and the settings of its kernel."""

    def __init__(self, rows: Array, residuals: Array, settings: Settings) -> None:
        self.settings = settings
        # Without an optimizer: the settings are chosen.
        self.regressor = GaussianProcessRegressor(
            _kernel(settings, rows.shape[1]), alpha=1e-8, optimizer=None
        )
        if len(rows) > 0:
            self.regressor.fit(rows, residuals)

    @cached_property
    def left_out_errors(self) -> Array:
        """How far each point lies above what all others say of it.

        Source: Rasmussen and Williams 2006, Gaussian Processes for Machine Learning, eq. 5.12.
        """
        weights = self.regressor.alpha_
        inverse = cho_solve((self.regressor.L_, True), np.eye(len(weights)))
        errors: Array = weights / np.diag(inverse)
        return errors


@lru_cache(maxsize=MOST_FITS)
def _fitted(rows: _Numbers, residuals: _Numbers, settings: Settings | None) -> _Fit:
    """The same for the same points: from one decision to the next few points change, or none."""
    settings = settings or _chosen(rows.array, residuals.array)
    return _Fit(rows.array, residuals.array, settings)


def _near(lengths: dict[int, float], columns: int) -> Kernel:
    """Alike where the named columns differ by less than their lengths."""
    return RBF([lengths.get(column, math.inf) for column in range(columns)], "fixed")


def _shared(columns: int) -> Kernel:
    """The level, the families and the noise, which no settings change."""
    families = dict.fromkeys(range(FIRST_FAMILY, columns), 0.5)
    return (
        ConstantKernel(LEVEL_DB**2, "fixed") * _near({STEPS: 2}, columns)
        + ConstantKernel(FAMILY_DB**2, "fixed") * _near({**families, STEPS: 4}, columns)
        + WhiteKernel(NOISE_DB**2, "fixed")
    )


def _of_structure(columns: int) -> Kernel:
    return _near(dict.fromkeys((*STRUCTURE, STEPS), 3.0), columns)


def _own(memory: float, columns: int) -> Kernel:
    return _near({IDENTITY: 0.1, STEPS: memory}, columns)


def _kernel(settings: Settings, columns: int) -> Kernel:
    return (
        _shared(columns)
        + ConstantKernel(settings.structure_db**2, "fixed") * _of_structure(columns)
        + ConstantKernel(settings.own_db**2, "fixed") * _own(settings.memory, columns)
    )


def _chosen(rows: Array, residuals: Array) -> Settings:
    """The settings under which the points are likeliest; the usual ones where they are few."""
    if len(rows) < FEWEST_POINTS_FOR_SETTINGS:
        return USUAL_SETTINGS
    rows, residuals = rows[:MOST_POINTS_FOR_SETTINGS], residuals[:MOST_POINTS_FOR_SETTINGS]
    columns = rows.shape[1]
    shared, structure = _shared(columns)(rows), _of_structure(columns)(rows)
    # Of a single rung all memories say the same.
    memories = MEMORIES if np.ptp(rows[:, STEPS]) > 0 else (USUAL_SETTINGS.memory,)
    likelihoods = {
        Settings(structure_db, own_db, memory): _log_likelihood(
            shared + structure_db**2 * structure + own_db**2 * own, residuals
        )
        for memory in memories
        for own in [_own(memory, columns)(rows)]
        for structure_db, own_db in product(STRUCTURE_DB, OWN_DB)
    }
    return max(likelihoods, key=likelihoods.__getitem__)


def _log_likelihood(covariance: Array, residuals: Array) -> float:
    """Up to a constant."""
    factor = cho_factor(covariance, lower=True, overwrite_a=True, check_finite=False)
    determinant = 2 * np.log(np.diag(factor[0])).sum()
    return -0.5 * float(residuals @ cho_solve(factor, residuals, check_finite=False) + determinant)
