"""What is found out of a search's networks when it ends, and kept in its run directory."""

from collections.abc import Iterator, Mapping, Sequence

from blocks import load_network
from blocks.networks.registry import NetworkConfig, parse_network_config
from blocks.pixels import network_upscaler
from foundation import one_line, raise_interrupt
from imaging.evaluation import Upscaler
from profilers.host.subject import Subject
from profilers.predictor import COVERAGE, CannotPredict, LatencyPredictor
from reports.page.insights import Insights, Ledger, PredictedLatency
from reports.pareto import front
from reports.records import TrialRecord
from reports.selection import KNEE, select
from search.candidates.candidate import INT8
from search.candidates.evaluation import Workbench
from search.candidates.evaluator import CANDIDATE_FAILURES
from search.insights.crops import CropCandidate, write_crops
from search.insights.importance import importance_of
from search.insights.ledgers import SpentMacs
from search.listening import SearchListener
from search.storage.study import SearchStudy

MOST_CROPPED = 4
"""Networks in a strip, besides bicubic and the original."""
MOST_PREDICTED = 60
"""Predicting a network takes a tenth of a second."""


def keep_insights(
    bench: Workbench,
    study: SearchStudy,
    device: Mapping[str, str | int],
    listener: SearchListener,
) -> None:
    """Write what is found out of the networks of a search that has ended.

    It is an extra: what cannot be found out costs a warning and is left out.

    Raises:
        OSError: the run directory cannot be written.
    """
    trained = [(trial, it) for trial, it in study.ended() if it.state == "trained"]
    records = [record for _, record in trained]
    found = front(records, bench.config.objectives)
    listener.status("finding out what made the networks good, for the page of the run")
    values: dict[str, object] = {}
    for what, find in (
        ("importance", lambda: importance_of(trained, bench.config.objectives)),
        ("ledgers", lambda: tuple(map(_ledger, found))),
        ("predictions", lambda: _predictions(bench, found, records, device)),
        ("strips", lambda: write_crops(bench.run.path, bench.validation, _shown(bench, found))),
    ):
        try:
            values[what] = find()
        except CANDIDATE_FAILURES as error:
            raise_interrupt(error)
            listener.warning(f"the page of the run lacks its {what}: {one_line(error)}")
    coverage = COVERAGE if values.get("predictions") else None
    Insights.model_validate({**values, "coverage": coverage}).write(bench.run.path)


def _config(record: TrialRecord) -> NetworkConfig:
    assert record.config is not None  # as of all that is trained
    return parse_network_config(record.config)


def _ledger(record: TrialRecord) -> Ledger:
    assert record.trial is not None
    spent = SpentMacs.of(_config(record))
    return Ledger(trial=record.trial, operators=spent.operators, parts=spent.parts)


def _predictions(
    bench: Workbench,
    found: Sequence[TrialRecord],
    records: Sequence[TrialRecord],
    device: Mapping[str, str | int],
) -> tuple[PredictedLatency, ...]:
    """Of the front and of the latest others that were measured on the calibrated target."""
    if bench.calibration_file is None:
        return ()
    predictor, target = LatencyPredictor.load(bench.calibration_file), bench.config.target
    others = [record for record in reversed(records) if record not in found]
    predicted = []
    for record in [*found, *others][:MOST_PREDICTED]:
        config = _config(record)
        if record.latency_ms is None or record.target != str(target) or config.is_input_adaptive:
            continue
        try:
            prediction = predictor.predict(Subject(config), target, device)
        except CannotPredict:
            continue
        assert record.trial is not None
        predicted.append(
            PredictedLatency(
                trial=record.trial,
                latency_ms=prediction.latency_ms,
                ci_low_ms=prediction.ci_low_ms,
                ci_high_ms=prediction.ci_high_ms,
            )
        )
    return tuple(predicted)


def _shown(bench: Workbench, found: Sequence[TrialRecord]) -> list[CropCandidate]:
    """Networks from one end of the front to the other, in float32 with the first seed's weights."""
    networks = {it.arch_id: it for it in found if it.precision != INT8}
    spread = list(networks.values())
    if len(spread) > MOST_CROPPED:
        last = len(spread) - 1
        places = {0, last // 2, last, *_place_of_pick(spread, bench.config.objectives)}
        spread = [spread[place] for place in sorted(places)]
    return [_crop_candidate(bench, record) for record in spread]


def _place_of_pick(records: Sequence[TrialRecord], objectives: Sequence[str]) -> Iterator[int]:
    """That of the knee, if there is one."""
    try:
        pick = select(records, objectives, KNEE).chosen
    except ValueError:  # of a run without a quality
        return
    yield from (place for place, record in enumerate(records) if record.trial == pick.trial)


def _crop_candidate(bench: Workbench, record: TrialRecord) -> CropCandidate:
    assert record.trial is not None

    def upscale() -> Upscaler:
        checkpoint, *_ = bench.run.trainings(record.arch_id)
        return network_upscaler(load_network(checkpoint), device=bench.config.training.device)

    return CropCandidate(record.trial, record.arch_id, upscale)
