"""Reading YAML and JSON strictly: a repeated key, of which libraries keep the last, is an error."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

# PyYAML raises any of these for a scalar that does not fit its tag, such as `!!bool x`.
_YAML_ERRORS = (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError)

_STRING = r'"(?:[^"\\]|\\.)*"'
_KEY_OR_BRACE = re.compile(rf"(?P<key>{_STRING})\s*:|{_STRING}|[{{}}]")


def read_yaml(path: Path) -> Any:
    """Return what a YAML file holds, as plain values.

    Raises:
        ValueError: the file is not YAML, or a mapping in it gives a key twice.
        OSError: the file cannot be read.
    """
    try:
        # The loader is a SafeLoader: it makes plain values only.
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeyLoader)
    except _RepeatedKeyError as error:
        raise ValueError(f"{path} must be a YAML file: {error}") from error
    except _YAML_ERRORS as error:
        raise ValueError(f"{path} must be a YAML file: {_yaml_problem(error)}") from error


def read_json(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        ValueError: the file is not JSON, or an object in it gives a key twice.
        OSError: the file cannot be read.
    """
    try:
        return parse_json(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} must be a JSON file: it is no text in UTF-8") from error
    except ValueError as error:
        raise ValueError(f"{path} must be a JSON file: {error}") from error


def parse_json(text: str) -> Any:
    """Return the value of one JSON document.

    Raises:
        ValueError: it is not JSON, or an object in it gives a key twice.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"error at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply to be read") from error
    _check_json_keys(text)
    return value


def _check_json_keys(text: str) -> None:
    """Look for repeated keys in a valid document; `json` would not give their lines."""
    lines_of_objects: list[dict[str, int]] = []
    for match in _KEY_OR_BRACE.finditer(text):
        if match["key"] is not None:
            key, line = json.loads(match["key"]), text.count("\n", 0, match.start()) + 1
            _check_new(lines_of_objects[-1], key, line)
        elif match[0] == "{":
            lines_of_objects.append({})
        elif match[0] == "}":
            lines_of_objects.pop()


class _RepeatedKeyError(ValueError):
    """A key is given twice."""


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which refuses a mapping that gives a key twice."""

    # Before anchors are merged in: those keys may well be given again.
    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode):
                _check_new(lines, key.value, key.start_mark.line + 1)
        return node


def _check_new(lines: dict[str, int], key: str, line: int) -> None:
    if key in lines:
        raise _RepeatedKeyError(
            f"key {key!r} is given twice, on lines {lines[key]} and {line}: keep one"
        )
    lines[key] = line


def _yaml_problem(error: Exception) -> str:
    """What is wrong, in our words: PyYAML's are those of a parser's author."""
    if isinstance(error, UnicodeDecodeError):
        return "it is no text in UTF-8"
    if isinstance(error, yaml.reader.ReaderError):
        return "it holds a character that YAML does not allow"
    if isinstance(error, RecursionError):
        return "it is nested too deeply to be read"
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return "it holds a value that is not of its type, such as a 13th month"
    return f"error at line {mark.line + 1}, column {mark.column + 1}"
