"""The clock for calls on a target."""

from profilers.agent.timing.clock import Clock, cpu_clock
from profilers.runtimes.cuda_events import EventClock
from profilers.runtimes.targets import Target


def clock_of(target: Target) -> tuple[str, Clock]:
    """Return the name ("cpu", "cuda" or "wall") and the clock, in seconds, for calls on `target`.

    Calls on a GPU are timed by its own clock, those on a CPU as `cpu_clock` says.
    """
    return ("cuda", EventClock()) if target.device == "cuda" else cpu_clock(target.threads)
