"""Peak memory of real processes, resident (profilers.agent.resident_memory) on the CPU."""

import sys

import pytest

from blocks import SplitSRConfig
from profilers import Subject, Target, analytic_cost, measure_peak_memory_mib

SMALL = SplitSRConfig(
    scale=2, channels=8, groups=1, blocks=1, active_channels=8, hybrid_index=0, upsampler="one_step"
)


def test_peak_holds_the_live_activations_and_repeats() -> None:
    target = Target.parse("eager:lr=512x512")
    peaks_mib = [measure_peak_memory_mib(Subject(SMALL), target) for _ in range(2)]
    analytic = analytic_cost(SMALL, target)
    # The images exist before the first pass, so they count in the analytic set only.
    images_mib = 3 * 512 * 512 * 4 / 2**20
    assert min(peaks_mib) >= analytic.activation_mib - images_mib
    if sys.platform == "linux":
        assert peaks_mib[0] == pytest.approx(peaks_mib[1], abs=1.0)
