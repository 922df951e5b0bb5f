"""Measuring by a real SSH server, on a Python that has NumPy, the runtimes and nothing of ours.

Covers what runs there (profilers.agent.bootstrap, profilers.agent.runner,
profilers.agent.stored_networks) and what feeds it from here (profilers.host.forwarder,
profilers.host.link).

Also covers profilers.agent.machine, profilers.agent.serving.json_process and
profilers.agent.serving.server.
"""

import os
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import compressors
from blocks import SafmnConfig, SplitSRConfig
from compressors import CropSettings, draw_crops, quantise
from imaging.images import load_images
from profilers import (
    REFERENCE_NAME,
    RUNTIMES,
    TOLERANCES,
    Bicubic,
    Calibration,
    InstructionSet,
    LatencyMeter,
    ProfilingFailed,
    Subject,
    Target,
    describe_device,
    instruction_set,
    measure_peak_memory_mib,
    program_runner,
    target_program,
)
from profilers.agent.runtimes.onnx_loaders import LOADERS
from profilers.host.link import Link
from profilers.runtimes.targets import PORTABLE_RUNTIMES, RUNTIME_PRECISIONS

SPLITSR = SplitSRConfig(scale=2, channels=16, groups=2, blocks=1, active_channels=4, hybrid_index=1)
MIB = 2**20


def remote_target(machine: Any, text: str) -> Target:
    """The target there, if the other machine, which is this one, has its runtime."""
    runtime = text.partition(":")[0]
    missing = RUNTIMES[runtime].why_unavailable("cpu")
    if missing is not None:
        pytest.skip(f"{missing.reason}; {missing.remedy}")
    return Target.parse(f"ssh://{machine.host}/{text}")


def test_runtimes_for_other_machines_are_those_that_need_no_pytorch() -> None:
    assert LOADERS.keys() == set(PORTABLE_RUNTIMES)


def test_the_other_machine_has_nothing_of_ours(other_machine: Any) -> None:
    program = (
        "import sys, importlib.util as util\n"
        "print(*[name for name in sys.argv[1:] if util.find_spec(name) is None])"
    )
    ours = ["blocks", "profilers", "reports", "search", "storage", "torch", "training"]
    command = [other_machine.python, "-c", program, *ours, "numpy", "onnxruntime"]
    environment = {"HOME": other_machine.home}
    absent = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert absent.stdout.split() == ours


@pytest.mark.parametrize("name", ["json", "numpy", "profilers"])
def test_files_there_do_not_stand_in_for_modules(other_machine: Any, name: str) -> None:
    (other_machine.home / f"{name}.py").write_text("raise SystemExit('the wrong file')")
    Link(remote_target(other_machine, "onnxruntime:lr=16x16")).close()


@pytest.mark.parametrize("runtime", PORTABLE_RUNTIMES)
def test_networks_are_measured_there(other_machine: Any, runtime: str) -> None:
    target = remote_target(other_machine, f"{runtime}:lr=16x16")
    with LatencyMeter(target) as meter:
        device = meter.describe_device()
        calibration = meter.calibrate(max_seconds=0.1)
        latency = meter.measure(Subject(SPLITSR), calibration, max_seconds=0.1)
        itself = meter.compare(Subject(SPLITSR), Subject(SPLITSR), max_seconds=0.1)
        sustained = meter.sustain(Subject(SPLITSR), seconds=0.1)
    assert device[f"{runtime}_version"]
    # Which only PyTorch knows.
    assert describe_device().keys() - device.keys() >= {"torch_threads", "instruction_set"}
    assert (calibration.target, calibration.clock) == (str(target), "cpu")
    assert latency.latency_ms == latency.latency_ratio * calibration.reference_ms
    assert latency.repeats >= 3
    assert latency.prepare_seconds is not None and latency.prepare_seconds > 0
    assert latency.max_difference is not None
    assert 0 < latency.max_difference <= TOLERANCES["float32"]
    assert {latency.variant, *(other.name for other in latency.other_variants)} == {
        "in_place",
        "concatenated",
    }
    assert itself.estimate.ci_low <= itself.estimate.ratio <= itself.estimate.ci_high
    assert itself.variant == itself.other_variant  # of one network, the same
    assert sustained.times.windows[-1].ended_seconds >= 0.1


def test_peak_memory_there_holds_the_images_of_the_output(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=256x256")
    output_mib = 3 * 512 * 512 * 4 / MIB
    assert measure_peak_memory_mib(Subject(SPLITSR, variant="in_place"), target) >= output_mib


def test_a_variant_that_cannot_be_exported_is_left_with_its_reason(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=24x33")
    safmn = SafmnConfig(scale=2, channels=8, blocks=1)
    with LatencyMeter(target) as meter:
        calibration = meter.calibrate(max_seconds=0.1)
        latency = meter.measure(Subject(safmn), calibration, max_seconds=0.1)
        (plain,) = latency.other_variants
        assert (latency.variant, plain.name) == ("windows", "plain")
        assert plain.reason is not None and "adaptive_max_pool2d" in plain.reason
        with pytest.raises(ProfilingFailed, match="variant must be one of plain, windows"):
            meter.measure(Subject(safmn, variant="sparse"), calibration, max_seconds=0.1)
        assert meter.calibrate(max_seconds=0.1).repeats >= 3


def test_a_cut_transfer_goes_on_where_it_stopped(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=256x256")
    line = other_machine.line
    # As base64 the images take 1 MiB and the output 4, in pieces of 1.3: two pieces fit.
    line.cut_after_bytes = 5 * MIB - MIB // 2
    with LatencyMeter(target) as meter:
        with pytest.raises(ProfilingFailed, match=r"lost .*the same command goes on") as caught:
            meter.calibrate(max_seconds=0.1)
        assert "\n" not in str(caught.value)
        (part,) = other_machine.files.glob("*.part")
        arrived = part.stat().st_size
        output_bytes = 3 * 512 * 512 * 4
        assert 0 < arrived < output_bytes
        wait_until_gone(other_machine.runner)
        line.cut_after_bytes, line.sent_bytes = None, 0
        assert meter.calibrate(max_seconds=0.1).repeats >= 3
    assert not part.exists()
    assert line.sent_bytes < 4 / 3 * (output_bytes - arrived) + MIB / 4


def test_a_session_that_dies_while_measuring_is_reported_and_replaced(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=128x128")
    with LatencyMeter(target) as meter:
        meter.calibrate(max_seconds=0.1)
        runner = other_machine.runner
        death = threading.Timer(1.0, other_machine.kill_sessions)
        death.start()
        with pytest.raises(ProfilingFailed, match=r"lost .*closed") as caught:
            meter.calibrate(max_seconds=60.0)
        death.join()
        assert "\n" not in str(caught.value)
        wait_until_gone(runner)
        other_machine.line.sent_bytes = 0
        assert meter.calibrate(max_seconds=0.1).repeats >= 3
    # Of what was measured before, nothing is sent again: its output alone has more bytes.
    assert other_machine.line.sent_bytes < 3 * 256 * 256 * 4


def test_the_runner_does_not_outlive_a_killed_process_here(other_machine: Any) -> None:
    with LatencyMeter(remote_target(other_machine, "onnxruntime:lr=16x16")) as meter:
        meter.calibrate(max_seconds=0.1)
        runner = other_machine.runner
        assert is_running(runner)
        assert meter._child.pid is not None
        os.kill(meter._child.pid, signal.SIGKILL)
        wait_until_gone(runner)


def wait_until_gone(process: Path) -> None:
    deadline = time.monotonic() + 20
    while is_running(process) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(process)


def is_running(process: Path) -> bool:
    """Whether a process of Linux runs; a zombie that nobody waits for has no command line."""
    try:
        return bool((process / "cmdline").read_bytes())
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("module", ["numpy", "onnxruntime"])
def test_what_is_missing_there_is_named_with_its_remedy(other_machine: Any, module: str) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=16x16")
    (other_machine.packages / module).unlink()
    assert failure(target) == (
        f"{other_machine.host} cannot measure: cannot import {module} "
        f"(No module named '{module}'); "
        "run there: python3 -m pip install numpy onnxruntime"
    )


def test_an_old_python_is_named(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=16x16")
    pretence = "import sys\nsys.version_info, sys.version = (3, 9, 2), '3.9.2 (default)'\n"
    (other_machine.packages / "sitecustomize.py").write_text(pretence)
    assert failure(target).endswith("must have Python 3.11 or later as python3, got 3.9.2")


def test_an_absent_python_is_named(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=16x16")
    other_machine.python.unlink()
    assert failure(target).endswith("install Python 3.11 or later")


def test_a_shell_that_talks_is_named(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=16x16")
    other_machine.python.write_text("#!/bin/sh\necho Welcome\n")
    assert "must print nothing of its own" in failure(target)
    assert "got 'Welcome'" in failure(target)


def test_a_host_that_refuses_is_named_with_what_ssh_says(other_machine: Any) -> None:
    target = remote_target(other_machine, "onnxruntime:lr=16x16")
    (other_machine.folder / "user_key.pub").write_text("")
    assert "cannot connect to" in failure(target)
    assert "Permission denied" in failure(target)
    other_machine.line.close()
    assert failure(target).endswith("Connection refused")


def failure(target: Target) -> str:
    with pytest.raises(ProfilingFailed) as caught:
        Link(target)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_only_networks_are_timed_on_another_machine() -> None:
    target = Target.parse("ssh://board/onnxruntime")
    calibration = Calibration(str(target), REFERENCE_NAME, 1.0, "cpu", 3)
    with pytest.raises(ValueError, match="only networks can be timed on another machine"):
        LatencyMeter(target).measure(Bicubic(2), calibration, max_seconds=0.1)


@pytest.mark.parametrize("runtime", PORTABLE_RUNTIMES)
def test_images_are_enlarged_there(other_machine: Any, runtime: str) -> None:
    target = remote_target(other_machine, runtime)
    network = Subject(SPLITSR).network().eval()
    with target_program(Subject(SPLITSR), target) as program:
        for size_px in ((17, 23), (24, 16)):
            images = np.random.default_rng(0).random((1, 3, *size_px), np.float32)
            with torch.no_grad():
                expected = network(torch.from_numpy(images)).numpy()
            np.testing.assert_allclose(program(images), expected, atol=TOLERANCES["float32"])


@pytest.mark.parametrize(
    "runtime", [name for name in PORTABLE_RUNTIMES if "int8" in RUNTIME_PRECISIONS[name]]
)
def test_int8_is_chosen_and_measured_there(
    other_machine: Any, runtime: str, tmp_path: Path
) -> None:
    target = remote_target(other_machine, f"{runtime}:precision=int8,lr=16x16")
    if runtime == "openvino":
        pytest.importorskip("nncf")
    network = Subject(SPLITSR).network()
    images = load_images("bundled", split="training").images[:2]
    crops = draw_crops(images, 2, settings=CropSettings(crops=2, held_out=1, side_px=16))
    there = instruction_set(target)
    assert there == InstructionSet.of(describe_device())
    with program_runner(network, target) as run:
        artefact = quantise(
            network,
            runtime,  # type: ignore[arg-type]
            crops,
            run,
            compressors.InstructionSet(str(there), there.saturates),
            tmp_path / "int8",
        )
    subject = Subject(SPLITSR, artefact.checkpoint, program=artefact.program)
    with target_program(subject, target) as program:
        enlarged = program(crops.held_out_images)
    assert crops.psnr_y_db(enlarged) == pytest.approx(artefact.manifest.chosen.psnr_y_db, abs=1e-3)
    with LatencyMeter(target) as meter:
        calibration = meter.calibrate(max_seconds=0.1)
        latency = meter.measure(subject, calibration, max_seconds=0.1)
        over_float32 = meter.compare_with_float32(subject, max_seconds=0.1)
    assert latency.variant == over_float32.variant == "int8"
    assert latency.max_difference is not None
    assert latency.max_difference > TOLERANCES["float32"]
    assert over_float32.other_variant in {"in_place", "concatenated"}
    assert measure_peak_memory_mib(subject, target) > 0
