"""One model on several targets: real ones, and profiles that are given."""

import json
from dataclasses import replace
from typing import Any

import pytest

import paretosr as psr
from paretosr.measuring.comparing_targets import TargetComparison
from paretosr.measuring.profile_table import ProfileRecord
from paretosr.measuring.profiling import Profile
from profilers import ProfilingFailed, Target


def profile(target: str, latency_ms: float, interval_ms: tuple[float, float]) -> Profile:
    record = ProfileRecord.failed(psr.load("fsrcnn", scale=2), Target.parse(target))
    names: dict[str, Any] = {**vars(record), "target": target, "state": "measured"}
    return Profile(
        **{
            **names,
            "params": 1,
            "macs": 1,
            "latency_ms": latency_ms,
            "latency_ci_low_ms": interval_ms[0],
            "latency_ci_high_ms": interval_ms[1],
            "latency_ratio": 1.0,
            "first_ms": 1.0,
            "p90_ms": 1.0,
            "repeats": 20,
            "reference_spread": 0.0,
            "clock": "cpu",
            "reference_ms": 1.0,
        },
        other_variants=(),
        compute_probe_ms=None,
        copy_probe_ms=None,
        device={},
    )


SLOW, FAST = profile("eager", 10.0, (9.0, 11.0)), profile("openvino", 5.0, (4.5, 5.5))
CLOSE = profile("onnxruntime", 10.5, (9.5, 11.5))
FAILED = replace(
    ProfileRecord.failed(psr.load("fsrcnn", scale=2), Target.parse("compile"), "no compiler"),
    target="compile",
)


def test_each_target_is_compared_with_the_first_that_was_measured() -> None:
    answer = TargetComparison("fsrcnn", 2, (FAILED, SLOW, FAST, CLOSE))
    failed, first, fast, close = answer.on_target()
    assert (failed, first) == (None, None)
    assert fast is not None and close is not None
    assert (fast.ratio, fast.verdict) == (0.5, "faster")
    # The cautious interval: 4.5 / 11 to 5.5 / 9.
    assert (fast.ci_low, fast.ci_high) == (4.5 / 11, 5.5 / 9)
    assert close.verdict == "not distinguishable"


def test_the_table_and_the_sentences() -> None:
    answer = TargetComparison("fsrcnn", 2, (SLOW, FAST, FAILED))
    (table,) = answer.tables()
    assert table.rows == (
        ("eager", "10.00", "9.00 to 11.00", "1", "", "-", "cpu"),
        ("openvino", "5.00", "4.50 to 5.50", "0.500", "faster", "-", "cpu"),
        ("compile", "-", "-", "-", "failed", "-", "-"),
    )
    first, _, last = answer.sentences()
    # 4.5 / 11 to 5.5 / 9, by the cautious interval.
    assert first == (
        "fsrcnn is fastest on openvino, where it takes 0.500 of the time (0.409 to 0.611) that it "
        "takes on the next, eager"
    )
    assert last == "compile failed: no compiler"


def test_the_next_one_may_be_as_fast() -> None:
    first = TargetComparison("fsrcnn", 2, (CLOSE, SLOW)).sentences()[0]
    assert first == (
        "fsrcnn is fastest on eager, but not distinguishably: it takes 0.952 of the time (0.783 to "
        "1.158) that it takes on onnxruntime"
    )
    assert TargetComparison("fsrcnn", 2, (FAILED, SLOW)).sentences()[0] == (
        "fsrcnn runs on eager alone"
    )


def test_the_document_has_a_row_for_each_target() -> None:
    document = TargetComparison("fsrcnn", 2, (SLOW, FAST, FAILED)).to_dict()
    assert list(document) == ["model", "scale", "targets"]
    slow, fast, failed = json.loads(json.dumps(document["targets"]))
    assert (slow["ratio"], fast["ratio"], failed["ratio"]) == (None, 0.5, None)
    assert (fast["verdict"], failed["state"], failed["reason"]) == (
        "faster",
        "failed",
        "no compiler",
    )


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_a_target_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    from paretosr.measuring import comparing_targets

    def failing_at_16(model: Any, target: Target, **options: Any) -> Profile:
        if target.lr_width_px == 16:
            raise ProfilingFailed("the process died")
        return psr.profile(model, target, **options)

    monkeypatch.setattr(comparing_targets, "profile", failing_at_16)
    net = psr.load("fsrcnn", scale=2)
    targets = ["eager:lr=8x8", "eager:lr=16x16", "eager:lr=8x8"]
    answer = psr.compare_targets(net, targets, max_seconds=0.2)
    assert [it.state for it in answer.profiles] == ["measured", "failed"]
    assert answer.profiles[1].reason == "the process died"
    with pytest.raises(ProfilingFailed, match="the process died"):
        psr.compare_targets(net, "eager:lr=16x16", max_seconds=0.2)


def test_targets_are_named_rightly() -> None:
    net = psr.load("fsrcnn", scale=2)
    with pytest.raises(ValueError, match="did you mean 'eager'"):
        psr.compare_targets(net, ["egaer"])
    with pytest.raises(ValueError, match="at least one target"):
        psr.compare_targets(net, [])
