"""The choice among a network's variants, on the real runtimes."""

import time
from pathlib import Path

import pytest
import torch

from blocks import SafmnConfig, build_network, save_checkpoint
from profilers import RUNTIMES, LatencyMeter, ProfilingFailed, Subject, Target
from profilers.agent.fastest_variant import OtherVariant, fastest_variant
from profilers.agent.prepared_network import Prepared
from profilers.host.networks import prepare_fastest_variant

SAFMN = SafmnConfig(scale=2, channels=8, blocks=1)
SMALL = Target.parse("eager:lr=24x33")


def test_the_slower_variant_takes_longer_and_both_are_told_of() -> None:
    chosen = prepare_fastest_variant(Subject(SAFMN), SMALL, max_seconds=0.2)
    (other,) = chosen.others
    assert {chosen.name, other.name} == {"plain", "windows"}
    assert other.ratio is not None and other.ratio >= 1
    assert other.reason is None


def test_a_variant_that_takes_minutes_is_not_called_again() -> None:
    def prepared(first_ms: float) -> Prepared:
        return Prepared(call, prepare_seconds=0.0, first_ms=first_ms, max_difference=0.0)

    def call() -> torch.Tensor:
        raise AssertionError("one variant is left: there is nothing to choose")

    variants = {"loops": lambda: prepared(1001.0), "kernels": lambda: prepared(200.0)}
    chosen = fastest_variant(variants, time.process_time, max_seconds=1.0)
    assert chosen.name == "kernels"
    assert chosen.others == (OtherVariant("loops", 1001.0 / 200.0, None),)


def test_a_variant_that_cannot_run_there_is_left_with_its_reason() -> None:
    missing = RUNTIMES["onnxruntime"].why_unavailable("cpu")
    if missing is not None:
        pytest.skip(f"{missing.reason}; {missing.remedy}")
    target = Target.parse("onnxruntime:lr=24x33")
    chosen = prepare_fastest_variant(Subject(SAFMN), target, max_seconds=0.2)
    assert chosen.name == "windows"
    (plain,) = chosen.others
    assert plain.reason is not None and "adaptive_max_pool2d" in plain.reason
    assert plain.ratio is None
    with pytest.raises(ProfilingFailed, match="adaptive_max_pool2d"):
        prepare_fastest_variant(Subject(SAFMN, variant="plain"), target, max_seconds=0.2)


def test_a_variant_that_is_asked_for_is_the_only_one_prepared() -> None:
    chosen = prepare_fastest_variant(Subject(SAFMN, variant="windows"), SMALL, max_seconds=0.2)
    assert (chosen.name, chosen.others) == ("windows", ())
    with pytest.raises(ValueError, match="variant must be one of plain, windows"):
        prepare_fastest_variant(Subject(SAFMN, variant="sparse"), SMALL, max_seconds=0.2)


def test_the_variant_reaches_the_process_and_comes_back() -> None:
    with LatencyMeter(SMALL) as meter:
        calibration = meter.calibrate(max_seconds=0.1)
        asked = meter.measure(Subject(SAFMN, variant="windows"), calibration, max_seconds=0.1)
        free = meter.measure(Subject(SAFMN), calibration, max_seconds=0.1)
    assert (asked.variant, asked.other_variants) == ("windows", ())
    assert {free.variant, free.other_variants[0].name} == {"plain", "windows"}


def test_a_checkpoint_is_measured_with_its_own_weights(tmp_path: Path) -> None:
    torch.manual_seed(5)
    stored = build_network(SAFMN)
    file = tmp_path / "safmn.safetensors"
    save_checkpoint(file, stored.state_dict(), SAFMN, {})
    subject = Subject.of(Subject(SAFMN, file).design())
    tensors = subject.network().state_dict()
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in stored.state_dict().items())
    assert any(
        not torch.equal(tensor, tensors[name])
        for name, tensor in Subject(SAFMN).network().state_dict().items()
    )
