"""What a profile holds, and what its table says of measurements that are given.

The MACs' ledger is that of paretosr.measuring.explanation.
"""

import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

import paretosr as psr
from foundation.listener import ParetoSRWarning
from paretosr.measuring.profiling import Profile
from profilers.agent.fastest_variant import OtherVariant
from profilers.predictor import Prediction

KEYS = (
    "model scale target family arch_id runtime variant lr_height_px lr_width_px state reason "
    "params macs activation_mib peak_memory_mib latency_ms latency_ci_low_ms "
    "latency_ci_high_ms latency_ratio first_ms p90_ms repeats reference_spread quiet_share "
    "prepare_seconds max_difference clock reference_ms source other_variants compute_probe_ms "
    "copy_probe_ms prediction device decisions over_float32"
)

GIVEN = Profile(
    model="fsrcnn",
    scale=2,
    target="eager:device=cpu",
    family="fsrcnn",
    arch_id="fsrcnn-x2-0123456789",
    runtime="eager",
    variant="plain",
    lr_height_px=180,
    lr_width_px=320,
    state="measured",
    params=1000,
    macs=10**9,
    activation_mib=1.0,
    peak_memory_mib=2.0,
    latency_ms=10.0,
    latency_ci_low_ms=9.0,
    latency_ci_high_ms=11.0,
    latency_ratio=0.5,
    first_ms=12.0,
    p90_ms=10.5,
    repeats=9,
    reference_spread=0.01,
    clock="cpu",
    reference_ms=20.0,
    other_variants=(OtherVariant("shuffled", 1.42, None), OtherVariant("odd", None, "has no op")),
    compute_probe_ms=None,
    copy_probe_ms=None,
    device={},
)


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_a_profile_is_a_frozen_row_with_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("fvcore.nn", "thop"):
        monkeypatch.delitem(sys.modules, tool, raising=False)
    net = psr.load("fsrcnn", scale=2)
    cost = psr.profile(net, "eager:lr=24x32", max_seconds=0.4)
    assert " ".join(cost.to_dict()) == KEYS
    assert (cost.model, cost.scale, cost.state, cost.clock) == ("fsrcnn", 2, "measured", "cpu")
    assert 0 < cost.latency_ci_low_ms <= cost.latency_ms <= cost.latency_ci_high_ms
    assert cost.latency_ms == cost.latency_ratio * cost.reference_ms
    assert {cost.variant, *(other.name for other in cost.other_variants)} == {"plain", "shuffled"}
    with pytest.raises(FrozenInstanceError):
        cost.macs = 0  # type: ignore[misc]
    # Only explaining runs the other tools.
    assert {"fvcore.nn", "thop"}.isdisjoint(sys.modules)


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_a_model_may_be_given_by_its_file(tiny_network: Path) -> None:
    cost = psr.profile(tiny_network, "eager:lr=24x32", max_seconds=0.2, explain=True)
    assert cost.explanation is not None
    assert cost.explanation.ledger.total == cost.macs
    assert list(cost.to_dict())[-3:] == ["ledger", "cross_checks", "cross_check_side_px"]


def test_what_a_profile_is_told_wrongly() -> None:
    for arguments, message in (
        ({"explain": True}, "bicubic has none"),
        ({"variant": "plain"}, "the variant must be left out for bicubic"),
    ):
        with pytest.raises(ValueError, match=message):
            psr.profile(psr.load("bicubic", scale=2), **arguments)  # type: ignore[arg-type]


def test_a_slowest_tenth_needs_ten_calls() -> None:
    assert "nine of ten" not in str(GIVEN)
    assert "nine of ten calls were faster, n = 10" in str(replace(GIVEN, repeats=10))


def test_the_table_names_the_measured_variant_and_what_others_are_compared_with() -> None:
    rows = [row for table in GIVEN.tables() for row in table.rows]
    assert ("variant", "plain", "10.00 ms, the variant that was measured") in rows
    assert ("", "shuffled", "about 14.20 ms, 1.42 times as long as plain") in rows
    assert ("", "odd", "has no op") in rows


def test_the_table_tells_milliseconds_with_their_interval_beside_the_predicted_ones() -> None:
    predicted = replace(GIVEN, prediction=Prediction(0.5, 0.4, 0.75, reference_ms=20.0))
    rows = [row for table in predicted.tables() for row in table.rows]
    assert ("latency", "10.00 ms", "95 % interval 9.00 to 11.00 ms") in rows
    assert ("predicted latency", "10.00 ms", "90 % interval 8.00 to 15.00 ms") in rows
    assert repr(GIVEN) == str(GIVEN)
    assert GIVEN.tables()[0].title == "fsrcnn x2 on eager:device=cpu, by processor time"


def test_a_listener_hears_what_is_measured_and_of_a_noisy_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("paretosr.measuring.subjects._QUIET_SPREAD", -1.0)
    heard: list[str] = []

    class Hearing:
        def status(self, text: str) -> None:
            heard.append(text)

        def warning(self, text: str) -> None:
            heard.append(text)

        def progress(self, done: int, total: int, text: str = "") -> None: ...

    net = psr.load("bicubic", scale=2)
    unprobed = "eager:lr=8x8,threads=2"  # with one thread, all may be measured in quiet moments
    psr.profile(net, unprobed, max_seconds=0.2, listener=Hearing())
    assert heard[0] == "timing"
    assert "other work disturbs this machine" in heard[1]
    with pytest.warns(ParetoSRWarning, match="other work disturbs this machine"):
        psr.profile(net, unprobed, max_seconds=0.2)
