"""What is found out of a search's networks when it ends, and kept in its run directory."""

from collections.abc import Mapping, Sequence

from blocks import load_network
from blocks.networks.registry import NetworkConfig, parse_network_config
from blocks.pixels import network_upscaler
from foundation import one_line, raise_interrupt
from imaging.evaluation import Upscaler
from profilers.predictor import COVERAGE
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
from search.insights.predictions import predictions
from search.listening import SearchListener
from search.storage.study import SearchStudy

MOST_CROPPED = 4
"""Networks in a strip, besides bicubic and the original."""


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
    found = _with_the_knee(front(records, bench.config.objectives), records, bench)
    listener.status("finding out what made the networks good, for the page of the run")
    values: dict[str, object] = {}
    for what, find in (
        ("importance", lambda: importance_of(trained, bench.config.objectives)),
        ("ledgers", lambda: tuple(map(_ledger, found))),
        ("predictions", lambda: _predicted(bench, found, records, device)),
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


def _predicted(
    bench: Workbench,
    found: Sequence[TrialRecord],
    records: Sequence[TrialRecord],
    device: Mapping[str, str | int],
) -> tuple[PredictedLatency, ...]:
    """Of the front first, then of the latest others."""
    if bench.calibration_file is None:
        return ()
    others = [record for record in reversed(records) if record not in found]
    target = bench.config.target
    return predictions(bench.calibration_file, target, device, [*found, *others])


def _shown(bench: Workbench, found: Sequence[TrialRecord]) -> list[CropCandidate]:
    """Networks from one end of the front to the other, in float32 with the first seed's weights."""
    networks = {it.arch_id: it for it in found if it.precision != INT8}
    spread = list(networks.values())
    if len(spread) > MOST_CROPPED:
        last = len(spread) - 1
        knee = _knee(spread, bench.config.objectives)
        chosen = [place for place, record in enumerate(spread) if record == knee]
        places = {0, last // 2, last, *chosen}
        spread = [spread[place] for place in sorted(places)]
    return [_crop_candidate(bench, record) for record in spread]


def _knee(records: Sequence[TrialRecord], objectives: Sequence[str]) -> TrialRecord | None:
    """The network of the knee; None of a run without a quality."""
    try:
        return select(records, objectives, KNEE).chosen
    except ValueError:
        return None


def _with_the_knee(
    found: Sequence[TrialRecord], records: Sequence[TrialRecord], bench: Workbench
) -> list[TrialRecord]:
    """The front, and what ties with its knee, which may lie behind it; cheapest first."""
    knee = _knee(records, bench.config.objectives)
    if knee is None or knee in found:
        return list(found)
    return sorted([*found, knee], key=lambda record: record.macs or 0)


def _crop_candidate(bench: Workbench, record: TrialRecord) -> CropCandidate:
    assert record.trial is not None

    def upscale() -> Upscaler:
        checkpoint, *_ = bench.run.trainings(record.arch_id)
        return network_upscaler(load_network(checkpoint), device=bench.config.training.device)

    return CropCandidate(record.trial, record.arch_id, upscale)
