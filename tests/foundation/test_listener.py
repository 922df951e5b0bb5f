"""Without a listener of one's own, work is silent and warns the way Python libraries do."""

import warnings

import pytest

from foundation.listener import SILENT, ParetoSRWarning


def work() -> None:
    SILENT.status("at work")
    SILENT.progress(1, 2)
    SILENT.warning("the machine was noisy")


def caller_of_work() -> None:
    work()


def test_a_warning_names_the_line_that_called_the_work(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        caller_of_work()
    (warning,) = caught
    assert (warning.category, str(warning.message)) == (ParetoSRWarning, "the machine was noisy")
    assert warning.filename == __file__
    assert warning.lineno == caller_of_work.__code__.co_firstlineno + 1
    assert capfd.readouterr() == ("", "")
