"""Values from outside: checked strictly, kept frozen, and refused in one clear line."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    model_validator,
)
from pydantic_core import ErrorDetails

from foundation.messages import one_line

Count = Annotated[int, Field(ge=1, strict=True)]
"""A whole number of things that are there: 1 or more, never a bool or a string."""

T = TypeVar("T")


class FrozenConfig(BaseModel):
    """A validated, immutable value; unknown keys and non-finite numbers are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True
    )

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown_keys(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        # Only here are both the unknown key and the known ones at hand.
        if isinstance(data, Mapping):
            known = [field.alias or name for name, field in cls.model_fields.items()]
            for key in data:
                if key not in known:
                    raise ValueError(f"unknown key {key!r}{nearest(key, known)}")
        config: Self = handler(data)
        return config


def parse_config(config_type: type[T] | TypeAdapter[T], data: object, where: str) -> T:
    """Validate outside data.

    `where` names the source of the data (a file, an option) and opens the message.

    Raises:
        ValueError: one line with the place, the rule and the value that broke it.
    """
    adapter = config_type if isinstance(config_type, TypeAdapter) else TypeAdapter(config_type)
    try:
        return adapter.validate_python(data)
    except ValidationError as error:
        found = error.errors(include_url=False)
        # What is left of a list without its wrong items may be too short: no problem of its own.
        problems = [problem for problem in found if problem["type"] != "too_short"] or found
    others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    raise ValueError(f"{where}: {_describe(problems[0], data)}{others}")


def nearest(name: object, known: Iterable[str], *, none: str | None = None) -> str:
    """A hint for a misspelt name: the nearest known one; without one `none`, or all of them."""
    names = list(known)
    matches = difflib.get_close_matches(str(name), names, n=1)
    if matches:
        return f"; did you mean {matches[0]!r}?"
    return f"; known: {', '.join(names)}" if none is None else none


def _describe(problem: ErrorDetails, data: object) -> str:
    """One line for one pydantic error."""
    place = _place(problem, data)
    context = problem.get("ctx", {})
    match problem["type"]:
        case "missing":
            return f"{place} is required but missing"
        case "union_tag_not_found":
            key = context["discriminator"].strip("'")
            return f"{_join(place, key)} is required but missing"
        case "union_tag_invalid":
            key, tag = context["discriminator"].strip("'"), context["tag"]
            known = [name.strip("'") for name in context["expected_tags"].split(", ")]
            return f"{_join(place, key)} {tag!r} is unknown{nearest(tag, known)}"
        case "value_error":
            message = str(context["error"])
            return f"{place}: {message}" if place else message
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{place} should be a mapping, got {_shortened(problem['input'])}".strip()
    message = problem["msg"].replace("Input should", "should", 1)
    return f"{place} {message}, got {_shortened(problem['input'])}".strip()


def _place(problem: ErrorDetails, data: object) -> str:
    """The path to the value, without the union tags that pydantic mixes into it."""
    place = ""
    parts = problem["loc"]
    for number, part in enumerate(parts, start=1):
        is_absent_key = problem["type"] == "missing" and number == len(parts)
        try:
            data = data[part]  # type: ignore[index]  # failing is how a union tag shows
        except (KeyError, IndexError, TypeError):
            if not is_absent_key:
                continue
        place = f"{place}[{part}]" if isinstance(part, int) else _join(place, part)
    return place


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _shortened(value: object, limit: int = 80) -> str:
    text = one_line(repr(value))
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
