"""The photographs that come with scikit-image are there, and judge nothing they taught."""

from typing import get_args

import pytest

from imaging.bundled_photographs import PHOTOGRAPHS, Purpose, bundled_photographs


@pytest.mark.parametrize("purpose", get_args(Purpose))
def test_every_photograph_is_a_file_in_its_order(purpose: Purpose) -> None:
    paths = bundled_photographs(purpose)
    assert all(path.is_file() for path in paths)
    assert tuple(path.name for path in paths) == PHOTOGRAPHS[purpose]


def test_no_photograph_is_trained_on_and_validated_with() -> None:
    assert not set(PHOTOGRAPHS["training"]) & set(PHOTOGRAPHS["validation"])


def test_a_photograph_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "imaging.bundled_photographs.PHOTOGRAPHS", {"timing": ("coffee.png", "tea.png")}
    )
    with pytest.raises(ValueError, match=r"lacks tea\.png: install scikit-image"):
        bundled_photographs("timing")
