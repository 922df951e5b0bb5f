"""Other libraries' log lines and deprecations are kept back, their errors and our warnings not."""

import logging
import warnings

import pytest

from foundation.library_messages import quiet_libraries


def speak() -> None:
    logging.getLogger("exporter").warning("no GPU")
    logging.getLogger("exporter").error("no operator")
    for category in (DeprecationWarning, FutureWarning, UserWarning):
        warnings.warn(category.__name__, category, stacklevel=2)


def test_what_is_kept_back(caplog: pytest.LogCaptureFixture) -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with quiet_libraries():
            speak()
    assert [warning.category for warning in heard] == [UserWarning]
    assert caplog.messages == ["no operator"]


def test_afterwards_all_is_as_before(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(ZeroDivisionError), quiet_libraries():
        raise ZeroDivisionError
    with pytest.warns(DeprecationWarning), pytest.warns(FutureWarning), pytest.warns(UserWarning):
        speak()
    assert caplog.messages == ["no GPU", "no operator"]
