import numpy as np
import pytest

from profilers.predictor.conformal_interval import error_bound


def test_the_bound_is_a_quantile_of_the_absolute_errors() -> None:
    assert error_bound([(-1) ** n * n for n in range(1, 20)], 0.9) == pytest.approx(18)
    assert error_bound(range(1, 30), 0.9) == pytest.approx(27)
    assert error_bound(range(1, 10), 0.9) == pytest.approx(9)
    # 37 x 0.9 = 33.3.
    assert error_bound(range(1, 37), 0.9) == pytest.approx(33.3)


def test_too_few_errors_bound_nothing() -> None:
    with pytest.raises(ValueError, match=r"0\.9 needs at least 9 .* got 8"):
        error_bound([0.0] * 8, 0.9)
    with pytest.raises(ValueError, match="between 0 and 1, got 1"):
        error_bound([0.0] * 8, 1)


def test_new_errors_stay_within_the_bound_as_often_as_said() -> None:
    # For n = 39 a new error lies within the 36th smallest with probability 36 / 40.
    errors = np.random.default_rng(0).standard_cauchy((4000, 40))
    within = [abs(new) <= error_bound(known, 0.9) for *known, new in errors.tolist()]
    # Four standard deviations of a mean of 4000 draws.
    assert np.mean(within) == pytest.approx(0.9, abs=4 * (0.09 / 4000) ** 0.5)
