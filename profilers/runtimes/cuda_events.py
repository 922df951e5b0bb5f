"""The clock of a GPU, by CUDA events."""

import torch


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
