"""A document as HTML: what is escaped, and what a browser may do with it."""

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.page.rendering import PLOTLY, asset, number_writer, script_json, text_writer


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner)))
def test_json_in_a_script_is_the_same_value_and_ends_nothing(value: object) -> None:
    written = script_json({"a": value, "<!--</script>": "\u2028"})
    assert not set(written) & set("<>&\u2028\u2029")
    assert json.loads(written) == {"a": value, "<!--</script>": "\u2028"}


def test_a_number_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        script_json([float("inf")])


def test_numbers_and_texts_say_where_they_come_from() -> None:
    document = {"a": [{"macs": 1_234_500_000}], 'b"': "<b>"}
    assert number_writer(document)("{:,.2f}", "a", 0, "macs", divisor=1e9) == (
        '<data value="1234500000" data-path="[&#34;a&#34;, 0, &#34;macs&#34;]" '
        'data-divisor="1000000000.0">1.23</data>'
    )
    assert text_writer(document)('b"') == (
        '<span data-path="[&#34;b\\&#34;&#34;]">&lt;b&gt;</span>'
    )


def test_the_policy_names_the_scripts_by_their_digests(full_page: Path) -> None:
    html = (full_page / "report.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', html)
    digests = {base64.b64encode(hashlib.sha256(it.encode()).digest()).decode() for it in scripts}
    assert set(re.findall(r"sha256-([^&']+)", policy)) == digests
    assert "default-src &#39;none&#39;" in policy and "unsafe-eval" not in policy


def test_the_library_is_kept_with_its_version_and_licence() -> None:
    head = asset(PLOTLY)[:300]
    assert re.search(r"plotly\.js \(basic - minified\) v\d+\.\d+\.\d+", head)
    assert "MIT" in head and "Permission is hereby granted" in asset("plotly.LICENSE")
