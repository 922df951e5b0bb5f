"""The clock of a GPU, by CUDA events."""

import torch


class EventClock:
    """Waits for what is queued on the GPU and tells when it was done, in the GPU's own seconds.

    An event is a mark among the work of a stream; the GPU notes the time when it comes to it. So
    the time between two readings has nothing of what the processor does after the last kernel.
    It begins with an idle GPU: that the processor must launch the first kernel belongs to it.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._last: torch.cuda.Event | None = None

    def __call__(self) -> float:
        event = torch.cuda.Event(enable_timing=True)  # type: ignore[no-untyped-call]
        event.record()
        event.synchronize()
        if self._last is not None:
            # Events tell their distance in float32: added up from one to the next, it is exact.
            self._seconds += self._last.elapsed_time(event) / 1000
        self._last = event
        return self._seconds
