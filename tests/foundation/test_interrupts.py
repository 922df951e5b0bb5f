import signal

import pytest

from foundation import raise_interrupt, was_interrupted


def error_of_an_interrupt(*, handled_first: bool) -> Exception:
    """What is raised where a Ctrl-C comes within a clean-up that then fails itself."""
    try:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            try:
                if handled_first:
                    raise KeyError("another clean-up")
            finally:
                raise RuntimeError("trying to pop from empty mode stack")
    except RuntimeError as error:
        return error


@pytest.mark.parametrize("handled_first", [False, True])
def test_an_interrupt_is_known_behind_the_errors_it_led_to(handled_first: bool) -> None:
    error = error_of_an_interrupt(handled_first=handled_first)
    assert was_interrupted(error)
    with pytest.raises(KeyboardInterrupt):
        raise_interrupt(error)


def test_an_error_of_its_own_is_no_interrupt() -> None:
    assert not was_interrupted(RuntimeError("the worker died"))
    raise_interrupt(RuntimeError("the worker died"))
