"""Dataclasses as lines of JSON, and back by their types; what runs elsewhere has no pydantic."""

import base64
import dataclasses
import io
import json
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

_TYPE = "type"
"""The key beside a dataclass's fields that holds its name."""
_PLAIN = (bool, int, float, str)


class NotAMessageError(ValueError):
    """A line that holds none of the dataclasses that were expected.

    Attributes:
        line: what came instead.
    """

    def __init__(self, line: bytes) -> None:
        self.line = line.decode(errors="replace").strip()
        super().__init__(f"a message was expected, got '{self.line}'")


def encode(message: object) -> bytes:
    """Return a dataclass as a line of JSON.

    Its fields hold numbers, texts, None, other dataclasses, and lists, tuples or dictionaries of
    such; a field of several types holds one of some dataclasses, or a plain value.
    """
    return json.dumps(_jsonable(message)).encode() + b"\n"


def decode(kind: Any, line: bytes) -> Any:
    """Return the dataclass of type `kind`, which may be a union of several, that `encode` wrote.

    Raises:
        NotAMessageError: the line holds something else.
    """
    try:
        data = json.loads(line)
        if not isinstance(data, dict):
            raise TypeError("a dataclass is a JSON object")
        return _decoded(kind, data)
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise NotAMessageError(line) from error


def encode_array(array: NDArray[np.float32]) -> str:
    """Return an array as text, for a field of a message."""
    file = io.BytesIO()
    np.save(file, array)
    return base64.b64encode(file.getbuffer()).decode()


def decode_array(text: str) -> NDArray[np.float32]:
    """Return the array that `encode_array` wrote."""
    array: NDArray[np.float32] = np.load(io.BytesIO(base64.b64decode(text)))
    return array


def _jsonable(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {_TYPE: type(value).__name__, **_jsonable(fields)}
    if isinstance(value, dict):
        return {key: _jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(item) for item in value]
    return value


def _decoded(kind: Any, data: Any) -> Any:
    origin, arguments = get_origin(kind) or kind, get_args(kind)
    if origin in (Union, UnionType):
        # Of dataclasses, which tell their names, or of plain values.
        kinds = {(get_origin(member) or member).__name__: member for member in arguments}
        return _decoded(kinds[data[_TYPE]], data) if isinstance(data, dict) else data
    if origin in (list, tuple):
        item = arguments[0]
        return origin(data if item in _PLAIN else (_decoded(item, value) for value in data))
    if origin is dict and arguments[1:] != (Any,):
        return {key: _decoded(arguments[1], value) for key, value in data.items()}
    if isinstance(origin, type) and dataclasses.is_dataclass(origin):
        return _dataclass(origin, arguments, data)
    return data


def _dataclass(origin: type, arguments: tuple[Any, ...], data: Any) -> Any:
    fields = dict(data)
    if fields.pop(_TYPE) != origin.__name__:
        raise ValueError(f"{origin.__name__} was expected")
    parameters: tuple[Any, ...] = getattr(origin, "__parameters__", ())
    known = dict(zip(parameters, arguments, strict=True))
    hints = get_type_hints(origin)
    return origin(**{name: _decoded(_bound(hints[name], known), fields[name]) for name in fields})


def _bound(hint: Any, known: dict[Any, Any]) -> Any:
    """Return a field's type with the types that stand for its parameters."""
    if isinstance(hint, TypeVar):
        return known[hint]
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(known[parameter] for parameter in parameters)] if parameters else hint
