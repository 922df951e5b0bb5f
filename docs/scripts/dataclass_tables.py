"""Dataclasses as tables of JSON keys: what each field is called, holds and means."""

import ast
import dataclasses
import inspect
import re
import textwrap
import types
from collections.abc import Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import reports.columns
from reports.columns import columns_of

_WORDS: Mapping[object, str] = {
    int: "integer",
    float: "number",
    str: "text",
    bool: "boolean",
    Path: "text",
    types.NoneType: "`null`",
}


def keys_table(name: str) -> str:
    """Return a row for each field of the dataclass of this dotted name."""
    module, _, attribute = name.rpartition(".")
    table = getattr(import_module(module), attribute)
    meanings = meanings_of(table)
    hints = get_type_hints(table, include_extras=True)
    rows = ["| key | type | meaning |", "|---|---|---|"]
    rows += [
        f"| `{field.name}` | {_type(hints[field.name])} | {meanings.get(field.name, '')} |"
        for field in dataclasses.fields(table)
    ]
    return "\n".join(rows)


def meanings_of(table: type) -> dict[str, str]:
    """Return what each field of a dataclass means, as far as the source says."""
    meanings: dict[str, str] = {}
    for base in reversed(inspect.getmro(table)):
        if dataclasses.is_dataclass(base):
            meanings |= _written(base)
    for column in columns_of(table):
        more = meanings.get(column.name, "")
        meanings[column.name] = f"{column.label}. {more}" if more else column.label
    return meanings


def _written(table: type) -> dict[str, str]:
    """Return what the source says below the fields, or under *Attributes*."""
    section = re.search(r"Attributes:\n((?:    .*\n|\n)+)", inspect.getdoc(table) or "")
    found: dict[str, str] = {}
    for block in re.split(r"\n(?=    \w)", section[1].rstrip()) if section else ():
        names, _, meaning = block.partition(":")
        found |= dict.fromkeys(re.findall(r"\w+", names), _sentence(meaning))
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(table))).body
    assert isinstance(definition, ast.ClassDef)
    types_of_columns = _docstrings(ast.parse(inspect.getsource(reports.columns)).body)
    for statement in definition.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            kind = ast.unparse(statement.annotation).removesuffix(" | None")
            if kind in types_of_columns:
                found[statement.target.id] = types_of_columns[kind]
    return found | _docstrings(definition.body)


def _docstrings(statements: Sequence[ast.stmt]) -> dict[str, str]:
    """Return the strings that stand below assignments, by the names assigned to."""
    found = {}
    for statement, following in pairwise(statements):
        target = (
            statement.target
            if isinstance(statement, ast.AnnAssign)
            else statement.targets[0]
            if isinstance(statement, ast.Assign)
            else None
        )
        if not isinstance(following, ast.Expr) or not isinstance(following.value, ast.Constant):
            continue
        if isinstance(target, ast.Name):
            found[target.id] = _sentence(ast.literal_eval(following.value))
    return found


def _sentence(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _type(hint: Any) -> str:
    """Return in words what JSON has for a value of this type."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _type(arguments[0])
    if origin in (Union, types.UnionType):
        return " or ".join(map(_type, arguments))
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in arguments)
    if origin is tuple:
        return "list"
    return _WORDS.get(hint, "object")
