"""The target grammar, both ways."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from profilers import Target, list_targets
from profilers.runtimes.cuda_graph import CudaGraphRuntime
from profilers.runtimes.registry import RUNTIMES
from profilers.runtimes.targets import (
    PORTABLE_RUNTIMES,
    RECORDED_RUNTIMES,
    RUNTIME_DEVICES,
    RUNTIME_LAYOUTS,
    RUNTIME_PRECISIONS,
    targets_with,
)

HOSTS = ["", "board", "me@board.example", "me@192.168.1.7:2222", "[fe80::1]:22"]

targets = st.sampled_from(list(RUNTIMES)).flatmap(
    lambda runtime: st.builds(
        Target,
        host=st.sampled_from(HOSTS if runtime in PORTABLE_RUNTIMES else [""]),
        runtime=st.just(runtime),
        device=st.sampled_from(RUNTIME_DEVICES[runtime]),
        threads=st.integers(1, 256),
        precision=st.sampled_from(RUNTIME_PRECISIONS[runtime]),
        layout=st.sampled_from(RUNTIME_LAYOUTS[runtime]),
        batch=st.integers(1, 64),
        lr_height_px=st.integers(1, 4000),
        lr_width_px=st.integers(1, 4000),
    )
)


@given(targets)
def test_text_round_trips(target: Target) -> None:
    assert Target.parse(str(target)) == target


def test_what_is_left_out_takes_the_default() -> None:
    assert Target.parse("eager") == Target()
    assert Target.parse("eager:threads=2, lr=90x160") == Target(
        threads=2, lr_height_px=90, lr_width_px=160
    )


def test_another_machine_comes_first() -> None:
    assert Target.parse(" ssh://me@board:2222/onnxruntime:threads=4") == Target(
        host="me@board:2222", runtime="onnxruntime", threads=4
    )
    assert str(Target(host="board", runtime="openvino")).startswith("ssh://board/openvino:device=")


def test_the_default_device_and_layout_are_the_runtimes() -> None:
    assert Target.parse("onnxruntime") == Target(runtime="onnxruntime", layout="nchw")
    assert Target.parse("eager_cudagraph") == Target(runtime="eager_cudagraph", device="cuda")
    assert Target.parse("compile").layout == "channels_last"


def test_the_canonical_text_spells_everything_out() -> None:
    assert str(Target()) == (
        "eager:device=cpu,threads=1,precision=float32,layout=channels_last,batch=1,lr=180x320"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("eagre", r"unknown runtime 'eagre'; did you mean 'eager'"),
        ("", r"unknown runtime ''"),
        ("eager:device=tpu", r"unknown device 'tpu' for eager; did you mean 'cpu'"),
        ("openvino:device=cuda", r"unknown device 'cuda' for openvino; known: cpu"),
        ("eager:thread=2", r"unknown target key 'thread'.*did you mean 'threads'"),
        ("eager:threads=0", r"threads must be at least 1, got 0"),
        ("eager:threads=two", r"'threads' must be a whole number, got 'two'"),
        ("eager:threads=1,threads=2", r"'threads' must be given once"),
        ("eager:threads", r"key=value, got 'threads'"),
        ("eager:precision=int8", r"unknown precision 'int8'"),
        ("onnxruntime:precision=bfloat16", r"'bfloat16' for onnxruntime; did you mean 'float32'"),
        ("eager:layout=nhwc", r"unknown layout 'nhwc'"),
        ("openvino:layout=channels_last", r"'channels_last' for openvino; known: nchw"),
        ("eager:lr=180", r"HEIGHTxWIDTH like 180x320, got '180'"),
        ("eager:lr=0x320", r"lr_height_px must be at least 1, got 0"),
        ("ssh://me@phone/eager", r"^eager cannot be used on another machine.* on me@phone$"),
        ("ssh://me@phone/xnnpack", r"use onnxruntime, openvino or ncnn"),
        ("ssh://me@phone/openvno", r"unknown runtime 'openvno'.*did you mean 'openvino'"),
        ("ssh://me@phone", r"is ssh://\[USER@\]HOST.*, got 'ssh://me@phone'"),
        ("ssh:///onnxruntime", r"is ssh://\[USER@\]HOST"),
        ("ssh://-oProxyCommand=x/onnxruntime", r"\[USER@\]HOST\[:PORT\], got '-oProxyCommand=x'"),
        ("ssh://a b/onnxruntime", r"\[USER@\]HOST\[:PORT\], got 'a b'"),
    ],
)
def test_mistakes_are_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        Target.parse(text)
    assert "\n" not in str(caught.value)


def test_every_named_runtime_has_code_and_the_other_way_round() -> None:
    assert RUNTIMES.keys() == RUNTIME_DEVICES.keys()
    assert RUNTIMES.keys() == RUNTIME_PRECISIONS.keys() == RUNTIME_LAYOUTS.keys()
    assert {name for name, code in RUNTIMES.items() if isinstance(code, CudaGraphRuntime)} == set(
        RECORDED_RUNTIMES
    )


def test_list_says_what_is_missing_and_what_to_do() -> None:
    statuses = {status.name: status for status in list_targets()}
    assert statuses["eager:device=cpu"].available
    cuda = statuses["eager:device=cuda"]
    assert cuda.available == torch.cuda.is_available()
    assert cuda.available or (cuda.reason and cuda.remedy)
    assert all(Target.parse(name) for name in statuses)


def test_settings_for_every_runtime_leave_out_those_that_lack_them() -> None:
    everything = [(t.runtime, t.device) for t in targets_with("threads=2,lr=8x9")]
    assert everything == [(name, device) for name in RUNTIMES for device in RUNTIME_DEVICES[name]]
    assert {(t.threads, t.lr_width_px) for t in targets_with("threads=2,lr=8x9")} == {(2, 9)}
    assert [str(t).split(",")[0] for t in targets_with("precision=bfloat16,device=cpu")] == [
        "eager:device=cpu",
        "compile:device=cpu",
        "openvino:device=cpu",
        "ncnn:device=cpu",
    ]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("precision=int4", "no runtime takes the settings 'precision=int4'"),
        ("thread=2", "unknown target key 'thread'.*did you mean 'threads'"),
        ("threads=0", "threads must be at least 1, got 0"),
    ],
)
def test_settings_that_nobody_takes_are_refused(settings: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        targets_with(settings)
