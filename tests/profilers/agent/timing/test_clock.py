"""What the clocks of a CPU count."""

import time

from profilers.agent.timing.clock import cpu_clock


def test_waiting_takes_no_processor_time() -> None:
    name, clock = cpu_clock(threads=1)
    started = clock()
    time.sleep(0.2)
    assert name == "cpu"
    assert clock() - started < 0.1
