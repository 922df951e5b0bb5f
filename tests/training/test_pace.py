"""How long a training takes, by a clock that is known."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.monitor import Watch, usual_interval
from training.pace import Pace, duration, steps_within

SECONDS = st.floats(1e-3, 10)


def test_a_training_without_validations_fills_its_time() -> None:
    assert steps_within(60, step=0.125, validation=0) == 480
    assert steps_within(60, step=0.125, validation=0, validate_every=1) == 480


def test_validations_are_a_part_of_the_time() -> None:
    # One after every 250 steps: 500 steps of 0.1 s and two of 5 s are a minute.
    assert steps_within(60, step=0.1, validation=5) == 500
    # 20 validations in a longer training: 3,600 s are 20 of 30 s and 10,000 steps of 0.3 s.
    assert steps_within(3600, step=0.3, validation=30) == 10_000
    assert steps_within(60, step=1, validation=2, validate_every=4) == 40
    assert steps_within(1, step=0.5, validation=2) == 0


@given(SECONDS, SECONDS, st.floats(1, 1e5))
def test_what_fits_is_within_the_time(step: float, validation: float, seconds: float) -> None:
    steps = steps_within(seconds, step=step, validation=validation)
    validations = -(-steps // usual_interval(steps))
    assert steps * step + validations * validation <= seconds


class Clock:
    """Stands for the time that passes between two calls."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_pace_is_said_after_twelve_steps_and_after_a_validation() -> None:
    clock = Clock()
    watch = Watch(validation=None, validate_every=100, log_every=1)  # type: ignore[arg-type]
    pace = Pace(watch, 1000, clock)
    said = {}
    for step in range(1, 1001):
        # The first steps are slow, and each validation takes 20 s.
        clock.now += 5.0 if step <= 3 else 0.5 + 20 * (step % 100 == 0)
        if (text := pace.after(step)) is not None:
            said[step] = text
    assert said == {
        12: "about 8 min at 500 ms a step",  # 988 of them are 494 s
        100: "about 10 min at 500 ms a step and 9 validations of 20 s",  # 450 s and 180 s
    }


def test_a_training_that_goes_on_says_what_is_left() -> None:
    clock = Clock()
    watch = Watch(validation=None, validate_every=1000, log_every=1)  # type: ignore[arg-type]
    pace = Pace(watch, 1000, clock)
    texts = []
    for step in range(901, 1001):
        clock.now += 0.1
        texts.append(pace.after(step))
    assert [text for text in texts if text] == ["about 8.8 s at 100 ms a step"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (12.4, "12 s"), (3480, "58 min"), (12_000, "3 h 20 min"), (60, "1 min")],
)
def test_durations_are_short(seconds: float, text: str) -> None:
    assert duration(seconds) == text
