"""What every network configuration shares: validation, canonical form, identity, clear errors."""

import difflib
import hashlib
import json
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar

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

Scale = Literal[2, 3, 4]
Count = Annotated[int, Field(ge=1, strict=True)]
"""A whole number of things that are there: 1 or more, never a bool or a string."""

T = TypeVar("T")


class FrozenConfig(BaseModel):
    """A validated, immutable value; unknown keys and non-finite numbers are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _name_unknown_keys(cls, data: Any, handler: ValidatorFunctionWrapHandler) -> Self:
        # Only here are both the unknown key and the known ones at hand.
        if isinstance(data, Mapping):
            for key in data:
                if key not in cls.model_fields:
                    raise ValueError(f"unknown key {key!r}{nearest(key, cls.model_fields)}")
        config: Self = handler(data)
        return config


class NetworkConfigBase(FrozenConfig):
    """What the rest of the suite knows about any network's configuration."""

    family: str
    scale: Scale

    whole_image_parts: ClassVar[str] = ""
    """What makes an output pixel depend on the whole image, where the radius is None."""

    is_input_adaptive: ClassVar[bool] = False
    """Whether trained weights decide how much is computed, so that random ones say nothing of it.

    Not so where they choose among parts of about the same cost, as SeemoRe's experts are.
    """

    @abstractmethod
    def canonical(self) -> Self:
        """The one configuration that stands for all that build the same network."""

    @property
    @abstractmethod
    def minimum_size_px(self) -> int:
        """The smallest height and width, in low-resolution pixels, the network accepts."""

    @property
    @abstractmethod
    def receptive_field_radius_px(self) -> int | None:
        """How many low-resolution pixels away an output pixel depends on, to each side.

        None: on the whole image, or on where in the image it lies.
        """

    @property
    def arch_id(self) -> str:
        """A stable name of the network: family, scale and a hash of the canonical form."""
        canonical = json.dumps(self.canonical().model_dump(mode="json"), sort_keys=True)
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        return f"{self.family}-x{self.scale}-{digest[:10]}"

    def replace(self, **changes: object) -> Self:
        """A copy with some fields changed, validated like any other configuration."""
        return type(self).model_validate({**self.model_dump(), **changes})


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
        problems = error.errors(include_url=False)
    others = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    raise ValueError(f"{where}: {_describe(problems[0], data)}{others}")


def nearest(name: object, known: Iterable[str]) -> str:
    """A hint for a misspelt name: the nearest known one, or all of them if none is near."""
    names = list(known)
    matches = difflib.get_close_matches(str(name), names, n=1)
    return f"; did you mean {matches[0]!r}?" if matches else f"; known: {', '.join(names)}"


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
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else f"{text[: limit - 3]}..."
