"""The real runtimes on small networks; those that are not installed are skipped, saying why.

Covers profilers.runtimes.onnx_models, profilers.runtimes.torch_compile, profilers.runtimes.xnnpack,
profilers.runtimes.ncnn, profilers.runtimes.portable and profilers.runtimes.preparation here, and on
any machine profilers.agent.runtimes.onnx_runtime, profilers.agent.runtimes.openvino_runtime and
profilers.agent.runtimes.ncnn_runtime.

Covers profilers.agent.output_check, profilers.agent.prepared_network,
profilers.agent.runtimes.onnx_loaders, profilers.agent.serving.service, profilers.host.networks,
profilers.runtimes.cuda_graph and profilers.runtimes.registry.
"""

import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import get_args

import pytest
import torch
from torch import nn

from blocks import HybridConfig, NetworkConfig, SeemoReConfig, SplitSRConfig, build_network
from blocks.networks.seemore_config import DenseKind
from blocks.networks.splitsr_blocks import BlockKind
from profilers import (
    RUNTIMES,
    TOLERANCES,
    LatencyMeter,
    Prepared,
    ProfilingFailed,
    ReferenceNetwork,
    Subject,
    Target,
    measure_peak_memory_mib,
    prepare_checked,
)
from profilers.agent.cores import usable_cores
from profilers.agent.output_check import as_array
from profilers.agent.serving.messages import Failure, Measure
from profilers.agent.serving.service import Service
from profilers.agent.timing.partner import Partner
from profilers.host.networks import Networks
from profilers.runtimes.images import sample_images

SPLITSR = SplitSRConfig(scale=2, channels=16, groups=2, blocks=1, active_channels=4, hybrid_index=1)
SEEMORE = SeemoReConfig(scale=3, channels=8, groups=1, recursion=1, kernel=5)
ODD = "batch=2,lr=17x23"
EXPORTING = ("onnxruntime", "openvino", "xnnpack", "ncnn")
FLOAT32 = [f"eager:{ODD}", f"eager:layout=nchw,{ODD}", *(f"{name}:{ODD}" for name in EXPORTING)]
BFLOAT16 = [f"{name}:precision=bfloat16,{ODD}" for name in ("eager", "openvino", "ncnn")]


def installed(text: str) -> Target:
    target = Target.parse(text)
    missing = RUNTIMES[target.runtime].why_unavailable(target.device)
    if missing is not None:
        pytest.skip(f"{missing.reason}; {missing.remedy}")
    return target


def prepared(config: NetworkConfig, target: Target) -> tuple[nn.Module, Prepared]:
    torch.manual_seed(0)
    network = build_network(config)
    try:
        return network, prepare_checked(network, target)
    except ValueError as error:
        if target.precision == "bfloat16" and "by the processor" in str(error):
            pytest.skip(str(error))
        raise


FAMILIES = {"splitsr": SPLITSR, "seemore": SEEMORE}
BLOCKS = {
    kind: SPLITSR.replace(block_kind=kind, expansion=2)
    for kind in get_args(BlockKind)
    if kind != "split"
}
HYBRID = HybridConfig(scale=2, channels=16, groups=("split", "experts", "masked"), recursion=1)
HYBRIDS = {
    f"hybrid_{kind}": HYBRID.replace(active_channels=4, dense_kind=kind)
    for kind in get_args(DenseKind)
}
CASES = [
    *product(FAMILIES, [*FLOAT32, *BFLOAT16]),
    *product((*BLOCKS, *HYBRIDS), [f"{name}:{ODD}" for name in EXPORTING]),
]
SLOW_CASES = [
    pytest.param(name, f"compile:{ODD}", marks=pytest.mark.slow)
    for name in (*FAMILIES, "hybrid_dense")
]


@pytest.mark.parametrize(("name", "text"), [*CASES, *SLOW_CASES])
def test_output_is_eagers_and_the_difference_is_told(name: str, text: str) -> None:
    target, config = installed(text), {**FAMILIES, **BLOCKS, **HYBRIDS}[name]
    network, ready = prepared(config, target)
    assert network.training
    assert all(p.requires_grad for p in network.parameters())
    assert_output_is_eagers(network, ready, target)
    assert torch.as_tensor(ready.call()).shape == (2, 3, config.scale * 17, config.scale * 23)
    assert min(ready.prepare_seconds, ready.first_ms) > 0


class Beside(nn.Module):
    """Networks beside each other, of which a compiler compiles equal parts once."""

    def __init__(self, configs: Iterable[NetworkConfig]) -> None:
        super().__init__()
        self.networks = nn.ModuleList(map(build_network, configs))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.cat([network(images) for network in self.networks])


@pytest.mark.slow
def test_compile_takes_every_kind_of_block() -> None:
    target = installed(f"compile:{ODD}")
    torch.manual_seed(0)
    networks = Beside(BLOCKS.values())
    assert_output_is_eagers(networks, prepare_checked(networks, target), target)


def assert_output_is_eagers(network: nn.Module, ready: Prepared, target: Target) -> None:
    with torch.no_grad():
        expected = network.eval()(sample_images(target))
    output = torch.as_tensor(ready.call())
    assert output.shape == expected.shape
    unit = max(1.0, float(expected.abs().max()))
    found = float((output.float() - expected).abs().max()) / unit
    assert found <= TOLERANCES[target.precision]
    assert ready.max_difference == pytest.approx(found, abs=1e-5)


def test_openvino_computes_in_the_precision_asked_for() -> None:
    target = installed(f"openvino:{ODD}")
    _, exact = prepared(SPLITSR, target)
    _, rounded = prepared(SPLITSR, replace(target, precision="bfloat16"))
    assert exact.max_difference < 1e-5 < rounded.max_difference


@pytest.mark.parametrize("text", ["eager", *EXPORTING])
def test_one_thread_is_the_calling_thread(text: str) -> None:
    """So processor time is the time of the call, see profilers/agent/timing/clock.py."""
    target = installed(f"{text}:threads=1,lr=64x64")
    call = prepare_checked(ReferenceNetwork(), target).call
    in_process, in_thread = processor_seconds(call)
    assert in_process == pytest.approx(in_thread, rel=0.1)


@pytest.mark.parametrize("text", EXPORTING)
def test_two_threads_share_the_work(text: str) -> None:
    if usable_cores() < 2:
        pytest.skip("needs two processors")
    # Where other programs have the processors, a second thread comes too late for short calls,
    # whose work the calling thread takes over: these last long enough for it to get its turn.
    target = installed(f"{text}:threads=2,lr=256x256")
    call = prepare_checked(ReferenceNetwork(), target).call
    shares = (processor_seconds(call) for _ in range(5))
    assert any(in_process > 1.2 * in_thread for in_process, in_thread in shares)


def processor_seconds(call: object) -> tuple[float, float]:
    """What this process, and this thread alone, used during some calls."""
    assert callable(call)
    process, thread = time.process_time(), time.thread_time()
    for _ in range(20):
        call()
    return time.process_time() - process, time.thread_time() - thread


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
@pytest.mark.parametrize("threads", [1, 3])
def test_onnx_runtime_starts_no_thread_beyond_the_targets(threads: int) -> None:
    target = installed(f"onnxruntime:threads={threads},lr=16x16")
    prepare_checked(ReferenceNetwork(), replace(target, threads=1))
    before = len(os.listdir("/proc/self/task"))
    ready = prepare_checked(ReferenceNetwork(), target)
    assert len(os.listdir("/proc/self/task")) - before == threads - 1
    del ready


def test_signals_can_be_handled_after_openvino() -> None:
    target = installed("openvino:lr=8x8")
    first = prepare_checked(ReferenceNetwork(), target)
    second = prepare_checked(ReferenceNetwork(), target)
    del first
    del second
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_openvino_refuses_threads_that_it_would_not_use() -> None:
    target = installed("openvino:threads=100000,lr=8x8")
    with pytest.raises(ValueError, match=r"threads must be at most \d+ .* got 100000$"):
        prepare_checked(ReferenceNetwork(), target)


@pytest.mark.parametrize(
    ("module", "extras"),
    [
        ("onnx", {"onnxruntime": "onnx", "openvino": "openvino"}),
        ("onnxscript", {"onnxruntime": "onnx", "openvino": "openvino"}),
        ("onnxruntime", {"onnxruntime": "onnx"}),
        ("openvino", {"openvino": "openvino"}),
        ("executorch.runtime", {"xnnpack": "executorch"}),
        ("ncnn", {"ncnn": "ncnn"}),
        ("pnnx", {"ncnn": "ncnn"}),
    ],
)
def test_an_absent_library_is_named_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, module: str, extras: dict[str, str]
) -> None:
    for name in extras:
        installed(name)
    monkeypatch.setitem(sys.modules, module, None)
    for name, extra in extras.items():
        missing = RUNTIMES[name].why_unavailable("cpu")
        assert missing is not None
        assert missing.reason == f"{module} is not installed"
        assert missing.remedy == f"pip install 'paretosr[{extra}]'"
        with pytest.raises(ValueError, match=f"cannot be used here: {module} is not installed"):
            LatencyMeter(Target.parse(name))


class Peaks(nn.Module):
    """An operator that ExecuTorch has no kernel of."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return nn.functional.adaptive_max_pool2d(images, 4)


def test_executorch_names_the_operator_it_lacks() -> None:
    target = installed("xnnpack:lr=16x16")
    with pytest.raises(ProfilingFailed, match=r"to ExecuTorch: .*adaptive_max_pool2d") as caught:
        prepare_checked(Peaks(), target)
    assert "\n" not in str(caught.value)


class Sorted(nn.Module):
    """Two operators that ncnn has no layer of."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.round(images.sort(dim=3).values)


def test_ncnn_is_asked_for_no_layer_that_it_lacks() -> None:
    target = installed("ncnn:lr=16x16")
    with pytest.raises(ProfilingFailed, match=r"^ncnn has no layer .*sort") as caught:
        prepare_checked(Sorted(), target)
    assert "\n" not in str(caught.value)


class Brighter(nn.Module):
    """Begins with what ncnn computes in place, so that a second call would see other images."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * 255


def test_ncnn_leaves_the_images_as_they_are() -> None:
    ready = prepare_checked(Brighter(), installed("ncnn:batch=2,lr=16x16"))
    first, again = (as_array(ready.call()) for _ in range(2))
    assert (first == again).all()


class Spread(nn.Module):
    """An operator outside the core set that ExecuTorch has a kernel of all the same (IMDN)."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + images.std(dim=(2, 3), keepdim=True)


def test_executorch_runs_what_it_has_kernels_of() -> None:
    assert prepare_checked(Spread(), installed("xnnpack:lr=16x16")).max_difference < 1e-6


def test_compile_needs_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    missing = RUNTIMES["compile"].why_unavailable("cpu")
    assert missing is not None
    assert "no-such-compiler" in missing.reason
    assert "CXX" in missing.remedy


class Coarse(nn.Module):
    """Loses in bfloat16, which steps by 4 there, what it adds to 1000."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images + 1000) - 1000


class Large(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * 1000


def test_the_unit_of_a_difference_is_the_output_where_random_weights_make_it_large() -> None:
    ready = prepare_checked(Large(), Target.parse("eager:precision=bfloat16,lr=8x8"))
    # Two roundings to 8 bits.
    assert 2**-10 < ready.max_difference <= 2 * 2**-8


class Undefined(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images * torch.nan


class Shrinking(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images[:, :, 1:] if images.dtype == torch.bfloat16 else images


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (Coarse(), r"within 0\.05 in bfloat16, got a largest difference of 0\.\d+$"),
        (Undefined(), r"got a largest difference of nan$"),
        (Shrinking(), r"shape \(1, 3, 8, 8\), got \(1, 3, 7, 8\)$"),
    ],
)
def test_another_output_than_eagers_is_refused(network: nn.Module, message: str) -> None:
    with pytest.raises(ProfilingFailed, match=message):
        prepare_checked(network, Target.parse("eager:precision=bfloat16,lr=8x8"))


def test_an_interrupt_that_became_an_error_remains_one() -> None:
    class Interrupted(nn.Module):
        def forward(self, lr: torch.Tensor) -> torch.Tensor:
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                raise RuntimeError("trying to pop from empty mode stack")

    with pytest.raises(KeyboardInterrupt):
        prepare_checked(Interrupted(), Target.parse("eager:lr=8x8"))


def test_the_refusal_is_the_answer_of_a_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(TOLERANCES, "bfloat16", 1e-9)
    target = Target.parse("eager:precision=bfloat16,lr=8x8")
    question = Measure(Subject(SPLITSR).design(), max_seconds=0.1)
    answer = Service(Networks(target), Partner([])).answer(question)
    assert isinstance(answer, Failure)
    assert answer.reason.startswith("the output must be eager's within 1e-09")


@pytest.mark.parametrize("name", EXPORTING)
def test_worker_processes_measure_and_a_crash_is_contained(name: str) -> None:
    target = installed(f"{name}:lr=16x16")
    with LatencyMeter(target) as meter:
        calibration = meter.calibrate(max_seconds=0.1)
        latency = meter.measure(Subject(SPLITSR), calibration, max_seconds=0.1)
        assert latency.prepare_seconds is not None
        assert latency.prepare_seconds > 0
        assert latency.max_difference is not None
        assert 0 < latency.max_difference <= TOLERANCES["float32"]
        pid = meter._child.pid
        assert pid is not None
        crash = threading.Timer(1.0, os.kill, (pid, signal.SIGSEGV))
        crash.start()
        with pytest.raises(ProfilingFailed, match=r"the process died \(SIGSEGV\)"):
            meter.calibrate(max_seconds=60.0)
        crash.join()
        assert meter.calibrate(max_seconds=0.1).repeats >= 3


@pytest.mark.parametrize("name", EXPORTING)
def test_peak_memory_holds_the_images_of_the_output(name: str) -> None:
    target = installed(f"{name}:lr=256x256")
    output_mib = 3 * 512 * 512 * 4 / 2**20
    assert measure_peak_memory_mib(Subject(SPLITSR), target) >= output_mib


class Choosing(nn.Module):
    """Takes one of two ways, depending on the values of its images."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images if images.sum() > 0 else -images


@pytest.mark.gpu
@pytest.mark.slow
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize("runtime", ["eager", "compile", "eager_cudagraph", "compile_cudagraph"])
def test_pytorch_on_cuda(runtime: str, precision: str) -> None:
    target = installed(f"{runtime}:device=cuda,precision={precision},{ODD}")
    _, ready = prepared(SEEMORE, target)
    assert ready.max_difference <= TOLERANCES[precision]
    assert ready.first_ms > 0
    first, again = (as_array(ready.call()) for _ in range(2))
    assert first == pytest.approx(again, abs=TOLERANCES[precision])
    output_mib = 2 * 3 * 3 * 17 * 3 * 23 * (4 if precision == "float32" else 2) / 2**20
    assert measure_peak_memory_mib(Subject(SEEMORE), target) >= output_mib


@pytest.mark.gpu
def test_a_network_that_waits_for_the_gpu_is_not_recorded_and_harms_nothing() -> None:
    target = installed(f"eager_cudagraph:{ODD}")
    with pytest.raises(ProfilingFailed, match="cannot be recorded as a CUDA graph"):
        prepare_checked(Choosing(), target)
    assert prepare_checked(ReferenceNetwork(), target).max_difference == 0


def test_compile_refuses_a_choice_by_value_and_leaves_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with pytest.raises(Exception, match="Data-dependent branching"):
        prepare_checked(Choosing(), installed("compile:lr=8x8"))
    assert not list(tmp_path.rglob("tmp*"))


@pytest.mark.slow
def test_compile_takes_more_networks_than_torch_keeps_versions_of_a_function() -> None:
    target = installed("compile:lr=8x8")
    torch._dynamo.reset()
    with torch._dynamo.config.patch(recompile_limit=1, fail_on_recompile_limit_hit=True):
        calls = [
            prepare_checked(nn.Sequential(nn.Conv2d(3, width, 1)), target).call
            for width in (1, 2, 3)
        ]
        for call in calls:
            call()
