"""What a ladder and a bound refuse."""

import pytest

from search.allocation.state import Bound, Ladder


@pytest.mark.parametrize("rungs", [(), (0, 5), (5, 5), (5, 3), (-1,)])
def test_a_ladder_ascends_from_above_zero(rungs: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="rungs must ascend from above 0"):
        Ladder(rungs)


def test_the_next_rung_is_the_first_above() -> None:
    ladder = Ladder((5, 10, 20))
    assert [ladder.after(steps) for steps in (0, 5, 7, 10, 20)] == [5, 10, 10, 20, None]
    assert ladder.full_steps == 20


def test_a_bound_keeps_what_lies_on_it() -> None:
    bound = Bound(min=1.0, max=2.0)
    assert [bound.kept_by(value) for value in (0.9, 1.0, 2.0, 2.1)] == [False, True, True, False]
    assert Bound().kept_by(1e9)
