"""The clock for calls on a target."""

import torch

from profilers.agent.timing.clock import Clock, cpu_clock
from profilers.runtimes.targets import Target


def clock_of(target: Target) -> tuple[str, Clock]:
    """Return the name ("cpu", "cuda" or "wall") and the clock, in seconds, for calls on `target`.

    Calls on a GPU are timed by its own clock, those on a CPU as `cpu_clock` says.
    """
    return ("cuda", EventClock()) if target.device == "cuda" else cpu_clock(target.threads)


class EventClock:
    """Waits for the work queued on the GPU and returns when it was done, in the GPU's own seconds.

    An event is a marker in a stream of work; the GPU records the time when it reaches it. So the
    time between two readings excludes what the processor does after the last kernel. It starts on
    an idle GPU and thus includes the launch of the first kernel.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._last: torch.cuda.Event | None = None

    def __call__(self) -> float:
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        event.synchronize()
        if self._last is not None:
            # The time between two events is a float32; summed from one to the next it stays exact.
            self._seconds += self._last.elapsed_time(event) / 1000
        self._last = event
        return self._seconds
