"""Tables of the reference pages: the columns of a trial and the keys of a search config."""

import types
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic
import yaml
from dataclass_tables import meanings_of

from profilers import Target
from reports.records import COLUMNS, TrialRecord
from search.config import Quantisation, SearchConfig
from search.ladder.choice import Rungs
from search.space import SPACES, Families
from search.workers.wanted import OnRay, PerDevice
from training.recipes.choice import RecipeChoice

REQUIRED = {
    "scale": 2,
    "families": {"seemore": {}},
    "objectives": ["psnr_y_db"],
    "budget": {"trials": 1},
}
END = "...\n"
"""After which PyYAML says that a lone value is over."""
EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def columns_table() -> str:
    """Return a row for each column of the trial table."""
    rows = ["| column | type | meaning | as an objective |", "|---|---|---|---|"]
    meanings = meanings_of(TrialRecord)
    for column in COLUMNS:
        use = {None: "", "minimise": "minimised", "maximise": "maximised"}[column.direction]
        meaning = meanings[column.name]
        rows.append(f"| `{column.name}` | {column.kind.__name__} | {meaning} | {use} |")
    return "\n".join(rows)


def quickstart() -> str:
    """Return the example config that explains every key."""
    return f"```yaml\n{(EXAMPLES / 'quickstart.yaml').read_text('utf-8').strip()}\n```"


def plugin() -> str:
    """Return the example of a network from outside."""
    source = (EXAMPLES / "plugin_network" / "edge_network.py").read_text("utf-8")
    return f"```python\n{source.strip()}\n```"


def config_table() -> str:
    """Return a row for each key of a search config, without the families."""
    rows = ["| key | values | default |", "|---|---|---|"]
    # Unlike the fields' own, these are as a config file spells them.
    defaults = SearchConfig.model_validate(REQUIRED).model_dump(mode="json")
    for name, field in _fields(SearchConfig):
        values = _values(field.annotation, field.metadata)
        default = "required" if field.is_required() else _flow(_at(defaults, name))
        if name == "budget.trials":  # which REQUIRED sets
            default = ""
        rows.append(f"| `{name}` | {values} | {default} |")
    return "\n".join(rows)


def families_tables() -> str:
    """Return for each family its hyperparameters with the ranges that hold where none is given."""
    parts = []
    for name, searched in SPACES.items():
        defaults = searched.space_type().model_dump(mode="json")
        rows = [f"### `{name}`", "| hyperparameter | searched by default |\n|---|---|"]
        rows[1] += "".join(f"\n| `{key}` | {_flow(value)} |" for key, value in defaults.items())
        parts += rows
    return "\n\n".join(parts)


def _fields(
    model: type[pydantic.BaseModel], prefix: str = ""
) -> Iterator[tuple[str, pydantic.fields.FieldInfo]]:
    for name, field in model.model_fields.items():
        inner: Any = field.annotation
        is_group = isinstance(inner, type) and issubclass(inner, pydantic.BaseModel)
        if is_group and inner is not Families:
            yield from _fields(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{field.alias or name}", field


def _at(values: Any, path: str) -> Any:
    """Return what stands in nested mappings under a name such as `training.seeds`."""
    for key in path.split("."):
        values = values[key]
    return values


def _values(annotation: Any, metadata: Any = ()) -> str:
    """Return in words what a key may be."""
    if annotation is Families:
        return "a mapping, see below"
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(arguments[0], arguments[1:])
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin in (Union, types.UnionType):
        return " or ".join(_values(one) for one in arguments if one is not types.NoneType)
    if origin is tuple and Target in arguments:
        return "a target, or a list of them"
    if origin is tuple:
        return f"a list of {_values(arguments[0])}s"
    if origin is dict:
        return "a mapping of columns to `{min: ..., max: ...}`"
    if annotation is RecipeChoice:
        return "a recipe's name, or `{name: ..., FIELD: ...}`"
    if annotation is Quantisation:
        return "`{images: FOLDER, crops: COUNT}`"
    if annotation is Rungs:
        return "`{rungs: [STEPS, ...]}`"
    if annotation is PerDevice:
        return "`{per_device: K}`"
    if annotation is OnRay:
        return "`{ray: ADDRESS}`"
    if annotation is Target:
        return "a target"
    kind = {int: "whole number", float: "number", str: "text", bool: "`true` or `false`"}
    least = [bound for bound in metadata if hasattr(bound, "gt") or hasattr(bound, "ge")]
    words = kind.get(annotation, "")
    if least and annotation in (int, float):
        bound = least[0]
        words += f" above {bound.gt}" if hasattr(bound, "gt") else f" from {bound.ge}"
    return "column" if "_known_column" in repr(metadata) else words


def _flow(value: Any) -> str:
    """Return a value as a config file would hold it in one line."""
    if value is None or value == {}:
        return ""
    if isinstance(value, str):
        return f"`{value}`"
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000)
    return f"`{text.removesuffix(END).strip()}`"
