"""What a calibration predicts of networks that were measured as well."""

from collections.abc import Mapping, Sequence

from blocks.networks.registry import parse_network_config
from profilers.host.subject import Subject
from profilers.predictor import CalibrationFile, CannotPredict, LatencyPredictor
from profilers.runtimes.targets import Target
from reports.page.insights import PredictedLatency
from reports.records import TrialRecord

MOST_PREDICTED = 60
"""Predicting a network takes a tenth of a second."""


def predictions(
    file: CalibrationFile,
    target: Target,
    device: Mapping[str, str | int],
    records: Sequence[TrialRecord],
) -> tuple[PredictedLatency, ...]:
    """Return what `file` says of the first of the records that were measured on `target`.

    Networks of which it says nothing are left out, and those whose trained weights decide.

    Raises:
        ValueError: the file holds too few networks.
    """
    predictor, found = LatencyPredictor.load(file), []
    measured = [
        record
        for record in records
        if record.latency_ms is not None and record.target == str(target)
    ]
    for record in measured[:MOST_PREDICTED]:
        assert record.config is not None and record.trial is not None  # as of all that is trained
        config = parse_network_config(record.config)
        if config.is_input_adaptive:
            continue
        try:
            prediction = predictor.predict(Subject(config), target, device)
        except CannotPredict:
            continue
        found.append(
            PredictedLatency(
                trial=record.trial,
                latency_ms=prediction.latency_ms,
                ci_low_ms=prediction.ci_low_ms,
                ci_high_ms=prediction.ci_high_ms,
            )
        )
    return tuple(found)
