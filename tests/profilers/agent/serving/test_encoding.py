"""Messages arrive as they were sent, and what is none is refused (also covers
profilers.agent.serving.messages).

Covers profilers.agent.failure and profilers.agent.runtimes.settings.
"""

import json
from typing import Any, TypeAlias, get_args

import numpy as np
import pytest

from profilers import Target
from profilers.agent.failure import ProfilingFailed
from profilers.agent.fastest_variant import OtherVariant
from profilers.agent.runtimes.settings import Settings
from profilers.agent.serving.encoding import (
    NotAMessageError,
    decode,
    decode_array,
    encode,
    encode_array,
)
from profilers.agent.serving.messages import (
    Answer,
    Calibrate,
    Compare,
    ComparedTimes,
    Describe,
    Described,
    Done,
    Enlarge,
    Enlarged,
    Failure,
    MakeReady,
    Measure,
    Measured,
    MeasureMemory,
    NotExported,
    OneVariant,
    PeakMemory,
    Ready,
    Repeat,
    Request,
    StartPartner,
    Stop,
    Stored,
    StoredGraph,
    StoredNetwork,
    StoredVariant,
    StoreFile,
    Sustain,
    Sustained,
    expected,
)
from profilers.agent.timing.calls_in_turn import TimeEstimate
from profilers.agent.timing.concurrent_calls import Calls
from profilers.agent.timing.ratio import RatioEstimate
from profilers.agent.timing.sustained_times import SustainedTimes, Window
from profilers.host.subject import Design

# What a configuration holds is the sender's affair, also where it looks like a message.
DESIGN = Design({"family": "x", "blocks": [{"type": "Stop"}, None, 0.1]}, None, "plain")
GRAPH = StoredGraph("a.xml", "a.bin")
STORED = StoredVariant(StoredGraph("a.onnx"), "b.npy", None, 0.25)
NETWORK = StoredNetwork({"plain": STORED, "folded": NotExported("größer\n")})
ESTIMATE = RatioEstimate(0.1 + 0.2, 1e-300, 2.0, 3.0, 4.0, 5.0, 6.0, 7, 0.0, quiet_share=None)

Local: TypeAlias = Request[Design]
Remote: TypeAlias = Request[StoredNetwork] | StoreFile | Enlarge | Stop

REQUESTS: list[tuple[Any, Any]] = [
    (Local, Describe()),
    (Local, StartPartner()),
    (Local, Calibrate(1.5)),
    (Local, Measure(DESIGN, 2)),
    (Local, Compare(DESIGN, DESIGN, 0.1)),
    (Local, Sustain(DESIGN, 60.0)),
    (Local, MeasureMemory(DESIGN)),
    (Local, MakeReady(OneVariant(DESIGN, "plain"), OneVariant(DESIGN, "folded"))),
    (Local, Repeat("candidate", None, 3)),
    (Remote, Calibrate(1.5, STORED)),
    (Remote, Measure(NETWORK, 2.0, STORED)),
    (Remote, MakeReady(OneVariant(NETWORK, "plain"), reference=STORED)),
    (Remote, StoreFile("c.npy", 3, "AAAA")),
    (Remote, Enlarge(GRAPH, "AAAA")),
    (Remote, Stop()),
]
ANSWERS = [
    Ready(),
    Failure("why\nnot"),
    Done(),
    Described({"cpu_model": "x", "cpu_cores": 2}),
    TimeEstimate(1.0, 3, 0.5),
    Measured(ESTIMATE, 0.5, 0.0, "plain", (OtherVariant("folded", None, "does not run"),)),
    ComparedTimes(ESTIMATE, "plain", "folded"),
    Sustained("plain", SustainedTimes(1.0, 0.9, 1.1, 30, (Window(0.5, 2.0), Window(1.0, 2.5)))),
    PeakMemory(12.5),
    Calls([0.0, 1.0], [0.5, 1.5], [500.0, 500.0]),
    Enlarged("AAAA"),
    Stored(3),
]


@pytest.mark.parametrize(("kind", "request_"), REQUESTS)
def test_requests_arrive_as_they_were_sent(kind: Any, request_: object) -> None:
    line = encode(request_)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert decode(kind, line) == request_


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda answer: type(answer).__name__)
def test_answers_arrive_as_they_were_sent(answer: object) -> None:
    assert decode(Answer, encode(answer)) == answer


def test_every_answer_is_among_them() -> None:
    assert {type(answer) for answer in ANSWERS} == set(get_args(Answer))


def test_arrays_arrive_as_they_were_sent() -> None:
    array = np.random.default_rng(0).random((1, 3, 5, 7), dtype=np.float32)
    arrived = decode_array(encode_array(array))
    np.testing.assert_array_equal(arrived, array)
    assert arrived.dtype == np.float32


def test_one_type_needs_no_union() -> None:
    settings = Target.parse("openvino:threads=2,precision=bfloat16").settings
    assert decode(Settings, encode(settings)) == settings == Settings("openvino", 2, "bfloat16")


@pytest.mark.parametrize(
    "line",
    [
        b"Welcome to the board!\n",
        b"",
        b"5\n",
        b"null\n",
        b"[]\n",
        b"{}\n",
        b'{"type": "Unknown"}\n',
        b'{"type": "Failure"}\n',
        b'{"type": "Failure", "reason": "x", "more": 1}\n',
        b'{"type": "Measured", "estimate": {"type": "Failure", "reason": "x"}}\n',
        b"\xff\xfe\n",
    ],
)
def test_what_is_no_message_is_refused(line: bytes) -> None:
    with pytest.raises(NotAMessageError) as caught:
        decode(Answer, line)
    assert caught.value.line == line.decode(errors="replace").strip()


def test_the_bootstrap_program_writes_failures_as_this_does() -> None:
    """It runs on any Python 3, before it has this package."""
    by_hand = json.dumps({"type": "Failure", "reason": "no numpy"}).encode() + b"\n"
    assert encode(Failure("no numpy")) == by_hand


def test_another_answer_than_expected_is_a_failed_measurement() -> None:
    assert expected(Stored, Stored(3)) == Stored(3)
    with pytest.raises(ProfilingFailed, match=r"^full disk$"):
        expected(Stored, Failure("full disk"))
    with pytest.raises(ProfilingFailed, match="Stored was expected, got Done"):
        expected(Stored, Done())
