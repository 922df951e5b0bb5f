import pytest

from profilers.predictor.additive_model import AdditiveModel


def test_exact_sums_give_the_costs_back() -> None:
    works = [{"a": 1.0}, {"a": 2.0, "b": 1e9}, {"b": 3e9}]
    model = AdditiveModel.fitted(works, [2.0, 9.0, 15.0], [1.0, 0.5, 1.0])
    assert model.cost == pytest.approx({"a": 2.0, "b": 5e-9})
    assert model.ratio({"a": 3.0, "b": 2e9}) == pytest.approx(16.0)


def test_no_work_is_found_to_save_time() -> None:
    # Least squares alone would give b a cost of -1.
    model = AdditiveModel.fitted([{"a": 2.0}, {"a": 2.0, "b": 1.0}], [2.0, 1.0], [1.0, 1.0])
    assert model.cost["b"] == 0
    # Relative errors a - 1 and 2 a - 1: their squares add up to least at a = 0.6.
    assert model.cost["a"] == pytest.approx(0.6)


def test_an_error_counts_as_its_weight_says() -> None:
    # The squares of 2 (a - 1) and a / 2 - 1 add up to least at a = 18 / 17.
    model = AdditiveModel.fitted([{"a": 1.0}, {"a": 1.0}], [1.0, 2.0], [2.0, 1.0])
    assert model.cost["a"] == pytest.approx(18 / 17)


def test_without_measurements_there_is_no_model() -> None:
    with pytest.raises(ValueError, match="at least one measurement"):
        AdditiveModel.fitted([], [], [])
