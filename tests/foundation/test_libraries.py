"""Libraries are looked for, not imported."""

import subprocess
import sys

import pytest

from foundation.libraries import missing_library


def test_what_is_there_is_not_imported() -> None:
    code = (
        "import sys; from foundation.libraries import missing_library as missing\n"
        "assert missing('wsgiref', 'wsgiref.simple_server', 'xml.dom') is None\n"
        "assert missing('wsgiref', 'xml.nothing') == 'xml.nothing is not installed'\n"
        "assert missing('no_such_library.part') == 'no_such_library.part is not installed'\n"
        "assert not {'wsgiref', 'xml'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_what_is_kept_from_being_imported_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert missing_library("json") is None
    monkeypatch.setitem(sys.modules, "json", None)
    assert missing_library("json") == "json is not installed"
