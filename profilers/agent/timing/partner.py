"""A second process like this one, which runs networks at the same time as this one does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any

from profilers.agent.cores import current_core, on_core
from profilers.agent.failure import ProfilingFailed
from profilers.agent.serving.json_process import JsonProcess, ProcessEndedError
from profilers.agent.serving.messages import (
    Answer,
    Done,
    MakeReady,
    Ready,
    Repeat,
    Stop,
    expected,
)
from profilers.agent.timing.clock import Clock
from profilers.agent.timing.concurrent_calls import Calls, over_after, repeat
from profilers.agent.timing.probes import Probe


class Partner:
    """A process that `command` starts, from its first use on; it answers as a `Service` does.

    Every method raises ProfilingFailed if that process reports an error or dies; the next use
    starts another.
    """

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: JsonProcess[Answer] | None = None

    def start(self) -> None:
        """Start the process, unless it runs."""
        with self._running():
            pass

    def make_ready(self, request: MakeReady[Any]) -> None:
        """Let the process prepare the networks of `request`, in the variants that it names."""
        with self._running() as process:
            process.send(request)
            expected(Done, process.receive())

    def follow(
        self, call: Callable[[], object], network: str, *, seconds: float, clock: Clock
    ) -> tuple[Calls, Calls, list[Probe]]:
        """Return the calls here for `seconds`, at least one, and those of `network` meanwhile.

        Last come the probes of the machine between their slices.
        """
        probes: list[Probe] = []
        with self._beside(network, None, probes) as process:
            ours = repeat(call, clock, over_after(seconds))
            process.send(Stop())
            theirs = expected(Calls, process.receive())
        return ours, theirs, probes

    def lead(
        self, call: Callable[[], object], network: str, *, seconds: float, clock: Clock
    ) -> tuple[Calls, Calls, list[Probe]]:
        """Return the calls of `network` for `seconds`, at least one, and those here meanwhile.

        Last come the probes, as from `follow`.
        """
        probes: list[Probe] = []
        with self._beside(network, seconds, probes) as process:
            ours = repeat(call, clock, process.has_answered)
            theirs = expected(Calls, process.receive())
        return theirs, ours, probes

    @contextmanager
    def _beside(
        self, network: str, seconds: float | None, probes: list[Probe]
    ) -> Iterator[JsonProcess[Answer]]:
        """Let both processes run in slices of one core while the other repeats `network`.

        In the end `probes` of the machine are added.
        """
        with self._running() as process:
            core = current_core()
            process.send(Repeat(network, seconds, core))
            with on_core(core), _slices(probes, os.getpid(), process.pid):
                yield process

    @contextmanager
    def _running(self) -> Iterator[JsonProcess[Answer]]:
        """End the process after a failure: it may still be working on an abandoned request."""
        try:
            if self._process is None:
                self._process = JsonProcess(self._command, {})
                expected(Ready, self._process.receive())
            yield self._process
        except BaseException as error:
            process, self._process = self._process, None
            if process is not None:
                process.end()
            if isinstance(error, ProcessEndedError):
                raise ProfilingFailed(f"{error}, beside the one that asked it") from None
            raise


@contextmanager
def _slices(probes: list[Probe], *processes: int) -> Iterator[None]:
    """Let `processes` run in turn, and collect `probes` of the machine; see slices.py."""
    source = files("profilers.agent.timing").joinpath("slices.py").read_text(encoding="utf-8")
    command = [sys.executable, "-I", "-S", "-c", source, *map(str, processes)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as slices:
        yield  # leaving closes its standard input, and waits for its end
        output, _ = slices.communicate()
    probes += map(tuple, json.loads(output))
