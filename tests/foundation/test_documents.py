"""YAML and JSON files: plain values as the libraries read them, and no key twice."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from foundation.documents import parse_json, read_json, read_yaml


def yaml_file(folder: Path, text: str) -> Path:
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ("seed: 1\nscale: 2\nseed: 3\n", "seed", "1 and 3"),
        ("a:\n  b:\n    - c: 1\n      d: 2\n      c: 3\n", "c", "3 and 5"),
        ("a: {b: 1,\n  'b': 2}\n", "b", "1 and 2"),
        ("a: {}\n\n# a comment\n'a': 1\n", "a", "1 and 4"),
        ("{x: 1, x: 1}\n", "x", "1 and 1"),
        ("a: &a {x: 1}\nb:\n  <<: *a\n  y: 1\n  <<: *a\n", "<<", "3 and 5"),
        ("? [1, {k: 1,\n  k: 2}]\n: 1\n", "k", "1 and 2"),
    ],
)
def test_a_yaml_key_given_twice_is_named_with_both_lines(
    tmp_path: Path, text: str, key: str, lines: str
) -> None:
    path = yaml_file(tmp_path, text)
    with pytest.raises(ValueError) as caught:
        read_yaml(path)
    expected = f"key '{key}' is given twice, on lines {lines}: keep one"
    assert str(caught.value) == f"{path} must be a YAML file: {expected}"


def test_keys_of_different_mappings_and_merged_ones_may_be_equal(tmp_path: Path) -> None:
    text = """
list: [{a: 1}, {a: 2}]
first: {inside: {base: &base {a: 1, b: 2}, more: &more {<<: *base, b: 3}}}
merged: {<<: *more, a: 4}
both: {<<: [*base, *more], c: 5}
"""
    read = read_yaml(yaml_file(tmp_path, text))
    assert read == yaml.safe_load(text)
    assert read["merged"] == {"a": 4, "b": 3}


@pytest.mark.parametrize(
    "text",
    ["a: [1", "\x00", "a: !!bool perhaps", "a: !!timestamp x", "a: 2001-13-41", "[" * 5000,
     "a: !!python/object/apply:os.getcwd []", "{[1]: 2}"],
)  # fmt: skip
def test_what_is_not_yaml_is_one_line_that_names_the_file(tmp_path: Path, text: str) -> None:
    path = yaml_file(tmp_path, text)
    with pytest.raises(ValueError) as caught:
        read_yaml(path)
    assert str(caught.value).startswith(f"{path} must be a YAML file: ")
    assert "\n" not in str(caught.value)


def test_bytes_that_are_not_text_are_neither_yaml_nor_json(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(b"\xff\xfe\x80")
    for read in (read_yaml, read_json):
        with pytest.raises(ValueError, match=r"file\.yaml must be a (YAML|JSON) file"):
            read(path)


@pytest.mark.parametrize(
    ("text", "key", "lines"),
    [
        ('{"a": 1, "b": 2, "a": 3}', "a", "1 and 1"),
        ('{\n "a": {"b": [{"c": 1,\n\n "c" : 2}]}\n}', "c", "2 and 4"),
        ('{"a": {"b": 1},\n"c": ["}", "{", "b"],\n"\\u0061": 2}', "a", "1 and 3"),
        ('{"quo\\"te": 1,\n"quo\\"te": 2}', 'quo"te', "1 and 2"),
    ],
)
def test_a_json_key_given_twice_is_named_with_both_lines(text: str, key: str, lines: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_json(text)
    assert str(caught.value) == f"key {key!r} is given twice, on lines {lines}: keep one"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON, st.sampled_from([None, 1]))
def test_what_python_writes_as_json_is_read_back(value: Any, indent: int | None) -> None:
    assert parse_json(json.dumps(value, indent=indent)) == value


@pytest.mark.parametrize("text", ["", "{", "{'a': 1}", "[1] 2", "[" * 100_000])
def test_what_is_not_json_is_one_line_that_names_the_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"file\.json must be a JSON file: ") as caught:
        read_json(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("file.yaml", "a: 1\nb: c: d\n", "a YAML file: error at line 2, column 5"),
        ("file.yaml", "a: [1,\n", "a YAML file: error at line 2, column 1"),
        ("file.yaml", "a: \x00", "a YAML file: it holds a character that YAML does not allow"),
        ("file.yaml", "a: 2001-13-41", "a YAML file: it holds a value that is not of its type"),
        ("file.yaml", "[" * 5000, "a YAML file: it is nested too deeply to be read"),
        ("file.json", '{"a": 1,\n"b" 2}', "a JSON file: error at line 2, column 5"),
        ("file.json", "[" * 100_000, "a JSON file: it is nested too deeply to be read"),
    ],
)
def test_what_is_wrong_is_said_in_our_words(
    tmp_path: Path, name: str, text: str, problem: str
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        (read_yaml if path.suffix == ".yaml" else read_json)(path)
    assert str(caught.value).startswith(f"{path} must be {problem}")
