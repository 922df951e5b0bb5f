"""Rejecting candidates by the latency that a stored calibration predicts, without measuring it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from blocks.networks.registry import NetworkConfig
from foundation.listener import Listener
from profilers.host.subject import Subject
from profilers.predictor import COVERAGE, CalibrationFile, CannotPredict, LatencyPredictor
from reports.records import TrialRecord
from search.candidates.constraints import broken_rule
from search.config import SearchConfig

COLUMN = "latency_ms"

LatencyFilter = Callable[[TrialRecord, NetworkConfig], TrialRecord]
"""Returns the record of a candidate, marked infeasible where a prediction rules it out."""


def no_latency_filter(record: TrialRecord, config: NetworkConfig) -> TrialRecord:
    """Let every candidate pass."""
    return record


def stored_calibration(
    config: SearchConfig, device: Mapping[str, str | int], listener: Listener
) -> CalibrationFile | None:
    """Return the calibration that `config` names, or None where it does not hold for `device`.

    `listener` is warned then that every latency is measured, and why.

    Raises:
        ValueError: the file is no calibration.
        FileNotFoundError: there is no such file.
    """
    if config.calibration is None:
        return None
    file = CalibrationFile(Path(config.calibration))
    misfit = file.header.misfit(config.target, config.scale, device)
    if misfit is not None:
        listener.warning(f"{file.path} is not used, every latency is measured: {misfit}")
        return None
    return file


def latency_filter_of(
    config: SearchConfig,
    file: CalibrationFile | None,
    device: Mapping[str, str | int],
    listener: Listener,
) -> LatencyFilter:
    """Return what the calibration in `file`, if there is one, rules out for the machine `device`.

    A candidate is ruled out where the whole interval of its predicted latency lies beyond a
    bound. `listener` is warned of candidates of which the calibration says nothing.

    Raises:
        ValueError: the file holds too few networks.
    """
    if file is None:
        return no_latency_filter
    predictor, bounds = LatencyPredictor.load(file), config.constraints[COLUMN]

    def latency_filter(record: TrialRecord, network: NetworkConfig) -> TrialRecord:
        if network.is_input_adaptive:  # which only the trained weights can tell
            return record
        try:
            prediction = predictor.predict(Subject(network), config.target, device)
        except CannotPredict as reason:
            listener.warning(
                f"the latency of trial {record.trial} is measured, not predicted: {reason}"
            )
            return record
        low_ms, high_ms = prediction.ci_low_ms, prediction.ci_high_ms
        too_slow = bounds.max is not None and low_ms > bounds.max
        too_fast = bounds.min is not None and high_ms < bounds.min
        if not (too_slow or too_fast):
            return record
        predicted = replace(
            record,
            latency_ms=prediction.latency_ms,
            latency_ratio=prediction.latency_ratio,
            source="predicted",
            state="infeasible",
        )
        rule = broken_rule({COLUMN: bounds}, predicted)
        interval = f"{100 * COVERAGE:.0f} % interval {low_ms:.4g} to {high_ms:.4g}"
        return replace(predicted, reason=f"predicted {rule} ({interval})")

    return latency_filter
