"""The comparison with eager: by the largest difference, or in int8 by PSNR."""

from itertools import count

import numpy as np
import pytest

from profilers import INT8_FLOOR_DB, ProfilingFailed
from profilers.agent.output_check import checked, psnr_db

EXPECTED = np.full((1, 3, 4, 4), 0.5, np.float32)


def ticks() -> float:
    return float(next(_COUNT))


_COUNT = count()


def test_psnr_is_that_of_the_definition() -> None:
    # An error of 0.01 everywhere: 20 log10(1 / 0.01) = 40 dB.
    assert psnr_db(EXPECTED + np.float32(0.01), EXPECTED) == pytest.approx(40, abs=1e-3)
    # Ten times the images and the error: the same.
    assert psnr_db(10 * EXPECTED + 0.05, 10 * EXPECTED) == pytest.approx(40, abs=1e-3)
    assert psnr_db(EXPECTED, EXPECTED) == np.inf


@pytest.mark.parametrize(("error", "passes"), [(0.03, True), (0.04, False), (np.nan, False)])
def test_int8_passes_from_the_floor_on(error: float, passes: bool) -> None:
    # 0.03 is 30.5 dB, 0.04 is 28.0 dB.
    output = EXPECTED + np.float32(error)
    if passes:
        ready = checked(lambda: lambda: output, lambda: EXPECTED, "int8", ticks)
        assert ready.max_difference == pytest.approx(error, rel=1e-5)
        return
    with pytest.raises(ProfilingFailed, match=f"at least {INT8_FLOOR_DB:g} dB to eager's"):
        checked(lambda: lambda: output, lambda: EXPECTED, "int8", ticks)


def test_float32_is_held_to_the_largest_difference() -> None:
    output = EXPECTED + np.float32(0.03)
    with pytest.raises(ProfilingFailed, match=r"within 0\.0001 in float32"):
        checked(lambda: lambda: output, lambda: EXPECTED, "float32", ticks)
