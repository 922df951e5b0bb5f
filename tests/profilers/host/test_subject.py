"""What is measured, and which of it runs on which target."""

from pathlib import Path

import pytest

from blocks import FsrcnnConfig
from profilers import (
    Bicubic,
    LatencyMeter,
    Subject,
    Target,
    measure_peak_memory_mib,
    target_program,
)

CONFIG = FsrcnnConfig(scale=2, channels=8)
INT8 = Target.parse("onnxruntime:precision=int8,lr=16x16")


def test_a_subject_arrives_in_another_process_as_it_was() -> None:
    whole = Subject(CONFIG, Path("/a/model.safetensors"), None, Path("/a/program.onnx"))
    for subject in (Subject(CONFIG), Subject(CONFIG, variant="plain"), whole):
        assert Subject.of(subject.design()) == subject


def test_bicubic_enlarges_a_batch_of_the_target() -> None:
    enlarged = Bicubic(3).call(Target(batch=2, lr_height_px=5, lr_width_px=7))()
    assert [image.shape for image in enlarged] == [(15, 21, 3)] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("program", "target", "message"),
    [
        (None, INT8, "runs a quantised program, and the network has none"),
        (Path("program.xml"), INT8, r"for onnxruntime must end in \.onnx, got program\.xml"),
        (Path("program.onnx"), Target(), "needs a target with precision=int8, got eager:"),
    ],
)
def test_what_does_not_fit_a_target_is_refused(
    program: Path | None, target: Target, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Subject(CONFIG, program=program).require_runs_on(target)


def test_everything_that_runs_a_subject_asks_for_its_program() -> None:
    pytest.importorskip("onnxruntime")
    message = "the network has none: quantise it first"
    with LatencyMeter(INT8) as meter:
        with pytest.raises(ValueError, match=message):
            meter.sustain(Subject(CONFIG), seconds=0.1)
        with pytest.raises(ValueError, match=message):
            meter.compare(Subject(CONFIG), Subject(CONFIG), max_seconds=0.1)
    with pytest.raises(ValueError, match=message):
        measure_peak_memory_mib(Subject(CONFIG), INT8)
    with pytest.raises(ValueError, match=message), target_program(Subject(CONFIG), INT8):
        pass


def test_the_reference_network_runs_in_float32() -> None:
    assert INT8.of_reference == Target.parse("onnxruntime:lr=16x16")
    bfloat16 = Target.parse("openvino:precision=bfloat16")
    assert bfloat16.of_reference == bfloat16
