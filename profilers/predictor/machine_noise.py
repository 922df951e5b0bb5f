"""How a noisy machine changes measured ratios, and what they would be on a quiet one.

Other work on a shared machine slows networks unequally. Its state mostly outlasts a measurement,
so a single one cannot tell by how much, but many together can. A ratio grows with the times of the
machine's probes (profilers/agent/timing/probes.py), each raised to a power. That power is a sum
over the network's family and the shares of its time: on a core whose other half is busy, many
small calls suffer most and multiply-adds least.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from profilers.agent.timing.probes import QUIET_QUANTILE
from profilers.predictor.measurements import Measurement

Traits = Mapping[str, float]
"""What the powers of a network depend on: its family, as 1, and the shares of its time."""
Vector = NDArray[np.float64]

_PRIOR = 0.3
"""Powers of this size are likely; measured were -0.2 to 0.5."""
_ERROR = 0.05
"""The typical difference from a prediction for other reasons; larger errors count less."""
_ROUNDS = 10


@dataclass(frozen=True)
class Noise:
    """By trait, the powers of the probes' times over those on a quiet machine."""

    quiet_ms: tuple[float, float]
    powers: Mapping[str, Vector]

    @classmethod
    def unknown(cls, measurements: Sequence[Measurement]) -> "Noise":
        """Return noise that changes no ratio, but knows what probes take on a quiet machine."""
        probed = [probes for one in measurements if (probes := _probes_ms(one)) is not None]
        computing, copying = np.quantile(probed or [(1.0, 1.0)], QUIET_QUANTILE, axis=0).tolist()
        return cls((computing, copying), {})

    def fitted(
        self,
        measurements: Sequence[Measurement],
        traits: Sequence[Traits],
        errors: Sequence[float],
    ) -> "Noise":
        """Return one with powers that explain `errors`, the logs of measured over predicted.

        Predicted is what a quiet machine would take; `traits` are those of each measurement.
        """
        names = sorted({name for one in traits for name in one})
        shares = np.array([[one.get(name, 0.0) for name in names] for one in traits])
        excess = np.array([self._excess(measurement) for measurement in measurements])
        inputs = (shares[:, :, None] * excess[:, None, :]).reshape(len(measurements), -1)
        families = np.array([one.family for one in measurements])
        # A family may be predicted too high or too low for other reasons.
        offsets = (families[:, None] == np.unique(families)).astype(float)
        found = _regression(offsets, inputs, np.asarray(errors)).reshape(len(names), 2)
        return Noise(self.quiet_ms, dict(zip(names, found, strict=True)))

    def quiet(self, measurement: Measurement, traits: Traits) -> Measurement:
        """Return what would have been measured on a quiet machine."""
        powers = sum(
            (share * self.powers.get(name, np.zeros(2)) for name, share in traits.items()),
            start=np.zeros(2),
        )
        factor = math.exp(float(powers @ self._excess(measurement)))
        ratios = {variant: ratio / factor for variant, ratio in measurement.ratios.items()}
        latency_ratio = measurement.latency_ratio / factor
        return measurement.model_copy(update={"latency_ratio": latency_ratio, "ratios": ratios})

    def _excess(self, measurement: Measurement) -> Vector:
        probes_ms = _probes_ms(measurement)
        return np.zeros(2) if probes_ms is None else np.log(np.divide(probes_ms, self.quiet_ms))


def _regression(offsets: Vector, inputs: Vector, errors: Vector) -> Vector:
    """Return the coefficients of `inputs` (n, k): ridge regression with Huber's weights.

    Those of `offsets` (n, m) are free.
    """
    both = np.hstack([offsets, inputs])
    free, held = offsets.shape[1], inputs.shape[1]
    penalty = np.diag([1e-9] * free + [(_ERROR / _PRIOR) ** 2] * held)
    weights = np.ones(len(errors))
    for _ in range(_ROUNDS):
        weighted = both.T * weights
        found = np.linalg.solve(weighted @ both + penalty, weighted @ errors)
        weights = _ERROR / np.maximum(np.abs(errors - both @ found), _ERROR)
    return np.asarray(found[free:], dtype=np.float64)


def _probes_ms(measurement: Measurement) -> tuple[float, float] | None:
    if measurement.compute_probe_ms is None or measurement.copy_probe_ms is None:
        return None
    return measurement.compute_probe_ms, measurement.copy_probe_ms
