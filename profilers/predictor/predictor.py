"""Predicting a network's latency, with an interval, from the latencies of other networks."""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import geometric_mean

from profilers.host.subject import Subject
from profilers.predictor.additive_model import AdditiveModel
from profilers.predictor.conformal_interval import error_bound, errors_needed
from profilers.predictor.machine_noise import Noise, Traits
from profilers.predictor.measurements import CalibrationFile, CalibrationHeader, Measurement
from profilers.predictor.work import Work, work_of
from profilers.runtimes.targets import Target

COVERAGE = 0.9
FOLDS = 11
"""Families alternate in a calibration; with a multiple of their number, few folds hold one."""
ROUGH_WEIGHT = 0.25
"""For the ratio of a variant that was not the fastest, known only from the choice of variants."""
SLACK = 2.0
"""A prediction this many times above or below everything measured of its family is refused. Less
is fine: the prediction is a sum over the same kinds of work, only more or less of each. Of networks
drawn at random, 1 % lie outside 1.5 times the range of 35 others, and few outside twice."""

_ALTERNATIONS = 4
"""How often the costs of work on a quiet machine and the noise are fitted, in turn."""

_Measured = Sequence[Measurement]
"""A network: all its measurements."""


class CannotPredict(ValueError):  # noqa: N818 - an answer, not a defect
    """The calibration does not cover this network, which has to be measured."""


@dataclass(frozen=True)
class Prediction:
    """A predicted latency on a quiet machine: its ratio to the reference's, and milliseconds.

    The interval holds the measured value with a probability of `COVERAGE`.
    """

    latency_ratio: float
    """Time over the reference network's."""
    ci_low: float
    """Lower end of the 90 % interval of the ratio."""
    ci_high: float
    """Upper end of it."""
    reference_ms: float
    """The reference network's time, which makes milliseconds of ratios."""

    @property
    def latency_ms(self) -> float:
        return self.latency_ratio * self.reference_ms

    @property
    def ci_low_ms(self) -> float:
        return self.ci_low * self.reference_ms

    @property
    def ci_high_ms(self) -> float:
        return self.ci_high * self.reference_ms


@dataclass(frozen=True)
class _Family:
    """How predictions for one family have done."""

    errors: tuple[float, ...]
    """Of cross-validation: log of measured over predicted."""
    lowest: float
    highest: float


class LatencyPredictor:
    """Predicts for the target, scale, machine and families of one calibration.

    The time of a network is that of its fastest variant, and the time of a variant is the sum over
    its work. The effect of a noisy machine is removed from the measurements first. The errors of
    cross-validation, each against all measurements of a network, give each family its interval:
    the prediction divided and multiplied by the family's entry in `bounds`.

    Raises:
        ValueError: a family has too few networks for an interval.
    """

    def __init__(self, header: CalibrationHeader, networks: Sequence[_Measured]) -> None:
        _require_enough(networks)
        networks = _on_quiet_machine(networks)
        self.header = header
        self._model = _fitted(networks)
        self._known_work = {
            name for network in networks for work in network[0].works.values() for name in work
        }
        self._families = {
            family: _Family(errors, *ratios)
            for family, (errors, ratios) in _checked_families(networks).items()
        }
        self.bounds = {
            name: math.exp(error_bound(family.errors, COVERAGE))
            for name, family in self._families.items()
        }

    @classmethod
    def load(cls, file: CalibrationFile) -> "LatencyPredictor":
        """Return the predictor of a calibration.

        Raises:
            ValueError: it has too few networks.
        """
        return cls(file.header, file.networks)

    @property
    def errors(self) -> dict[str, tuple[float, ...]]:
        """By family: predicted over measured, less 1, of networks left out of the fit."""
        return {
            name: tuple(math.exp(-error) - 1 for error in family.errors)
            for name, family in self._families.items()
        }

    def predict(
        self, subject: Subject, target: Target, device: Mapping[str, str | int]
    ) -> Prediction:
        """Return the latency of `subject`.

        Raises:
            CannotPredict: the target, scale, machine, family, kind of work or size is none that
                was calibrated.
        """
        scale, family = subject.config.scale, subject.config.family
        misfit = self.header.misfit(target, scale, device)
        if misfit is not None:
            raise CannotPredict(f"the calibration does not apply: {misfit}")
        if family not in self._families:
            raise CannotPredict(f"the calibration holds no {family} network")
        works = work_of(subject, target)
        for work in works.values():
            if strange := sorted(work.keys() - self._known_work):
                raise CannotPredict(f"no calibrated network has the work '{strange[0]}'")
        ratio = _fastest(self._model, works)
        known, bound = self._families[family], self.bounds[family]
        if not known.lowest / SLACK <= ratio <= known.highest * SLACK:
            raise CannotPredict(
                f"its ratio of about {ratio:.3g} lies outside the {known.lowest:.3g} to "
                f"{known.highest:.3g} of the calibrated {family} networks"
            )
        return Prediction(ratio, ratio / bound, ratio * bound, self.header.reference_ms)


def _family_of(network: _Measured) -> str:
    return network[0].family


def _require_enough(networks: Sequence[_Measured]) -> None:
    counts = Counter(_family_of(network) for network in networks)
    needed = errors_needed(COVERAGE)
    family, count = min(counts.items(), key=lambda item: item[1], default=("any family", 0))
    if count < needed:
        raise ValueError(
            f"a calibration predicts from {needed} networks of each family on, but holds {count} "
            f"of {family}: go on with it with more --minutes"
        )


def _on_quiet_machine(networks: Sequence[_Measured]) -> list[_Measured]:
    """Return the measurements as they would have been on a quiet machine."""
    measurements = list(itertools.chain.from_iterable(networks))
    noise, model = Noise.unknown(measurements), _fitted(networks)
    for _ in range(_ALTERNATIONS):
        traits = [_traits(model, one) for one in measurements]
        errors = [_error(model, one, one.latency_ratio) for one in measurements]
        noise = noise.fitted(measurements, traits, errors)
        as_quiet = map(noise.quiet, measurements, traits)
        quiet: list[_Measured] = [
            list(itertools.islice(as_quiet, len(network))) for network in networks
        ]
        model = _fitted(quiet)
    return quiet


def _traits(model: AdditiveModel, measurement: Measurement) -> Traits:
    work = min(measurement.works.values(), key=model.ratio)
    return {measurement.family: 1.0, **model.shares(work)}


def _error(model: AdditiveModel, measurement: Measurement, measured: float) -> float:
    """Return the log of what was `measured` over what is predicted."""
    predicted = _fastest(model, measurement.works)
    return math.log(measured / max(predicted, math.ulp(0.0)))


def _fitted(networks: Sequence[_Measured]) -> AdditiveModel:
    works, ratios, weights = [], [], []
    for measurement in itertools.chain.from_iterable(networks):
        for variant, work in measurement.works.items():
            if variant in measurement.ratios:
                ratio = measurement.ratios[variant]
                works.append(work)
                ratios.append(ratio)
                weights.append(1.0 if ratio == measurement.latency_ratio else ROUGH_WEIGHT)
    return AdditiveModel.fitted(works, ratios, weights)


def _fastest(model: AdditiveModel, works: Mapping[str, Work]) -> float:
    return min(model.ratio(work) for work in works.values())


def _checked_families(
    networks: Sequence[_Measured],
) -> dict[str, tuple[tuple[float, ...], tuple[float, float]]]:
    """By family, the errors for networks that the model was not fitted to, and the ratios' ends."""
    errors: defaultdict[str, list[float]] = defaultdict(list)
    ratios: defaultdict[str, list[float]] = defaultdict(list)
    for fold in range(min(FOLDS, len(networks))):
        model = _fitted([item for at, item in enumerate(networks) if at % FOLDS != fold])
        for network in networks[fold::FOLDS]:
            family = _family_of(network)
            measured = geometric_mean(measurement.latency_ratio for measurement in network)
            errors[family].append(_error(model, network[0], measured))
            ratios[family].append(measured)
    return {
        family: (tuple(found), (min(ratios[family]), max(ratios[family])))
        for family, found in errors.items()
    }
