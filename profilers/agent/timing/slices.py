"""Lets two processes run in turn, some milliseconds each: `python -c SOURCE PID PID`.

It ends when standard input closes and then lets both run on, so that neither stays stopped if
the process that started it dies. Between two slices, while both are stopped, it probes the speed
of the machine; at the end it prints all probes as JSON. probes.py explains what they show.

Noise on a machine lasts from milliseconds to minutes, and two networks that run within the same
few milliseconds meet the same noise. Measured on a busy virtual machine, with a network against
itself whose calls take 1.2 s: after one minute the ratio had a standard error of 1.5 % with whole
calls in turn, and of 0.2 % with slices. The length of a slice is random, so that periodic noise
cannot hit only one of the two; much shorter slices would be spent on refilling the caches.
"""

import json
import os
import random
import select
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from itertools import cycle

SHORTEST_SECONDS = 0.005
LONGEST_SECONDS = 0.025
PROBE_COUNT = 4000
PROBE_BYTES = 4 * 2**20
"""More than fits into a core's own caches. A whole probe takes half a millisecond."""


def main(processes: Sequence[int]) -> None:
    """Stop all but one of `processes`, one after the other, until standard input closes."""
    source, destination = bytearray(PROBE_BYTES), bytearray(PROBE_BYTES)
    probes: list[tuple[float, float, float]] = []
    try:
        for process in processes:
            os.kill(process, signal.SIGSTOP)
        for process in cycle(processes):
            probes.append(probe(source, destination))
            os.kill(process, signal.SIGCONT)
            seconds = random.uniform(SHORTEST_SECONDS, LONGEST_SECONDS)
            if select.select([sys.stdin], [], [], seconds)[0]:
                return
            os.kill(process, signal.SIGSTOP)
    except ProcessLookupError:
        return  # one has died, and whoever waits for it will say so
    finally:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGCONT)
        with suppress(BrokenPipeError), open(sys.stdout.fileno(), "w", encoding="ascii") as output:
            json.dump(probes, output)


def probe(source: bytearray, destination: bytearray) -> tuple[float, float, float]:
    """Return the time, and the processor milliseconds of a computation and of copying `source`."""
    sum(range(PROBE_COUNT // 8))  # fetches what the slice before has pushed out of the caches
    started = time.thread_time()
    sum(range(PROBE_COUNT))
    computed = time.thread_time()
    destination[:] = source
    copied = time.thread_time()
    return time.monotonic(), 1000 * (computed - started), 1000 * (copied - computed)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]])
