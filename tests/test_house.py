"""The rules of the house that no linter knows."""

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from paretosr.__main__ import PACKAGES

ROOT = Path(__file__).resolve().parents[1]
PROJECT: Mapping[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
ROOMS = tuple(PROJECT["tool"]["importlinter"]["root_packages"])
MOST_LINES = 400
MOST_FILES = 15
FEWEST_LINES = 30
# Rooms with one file per member, which a registry imports, and which may be many and short.
ROOMS_OF_MEMBERS = frozenset(
    {
        "blocks/networks",
        "compressors/inheritance/families",
        "paretosr/cli/commands",
        "profilers/runtimes",
        "search/space",
        "training/objectives",
    }
)
HEAVY = frozenset(
    {"torch", "pandas", "matplotlib", "optuna", "scipy", "skimage", "sklearn", "pydantic"}
)


@cache
def modules() -> Mapping[str, Path]:
    """The modules of all rooms by their dotted names; a package is named like its folder."""
    paths = [path for room in ROOMS for path in sorted(ROOT.joinpath(room).rglob("*.py"))]
    return MappingProxyType({dotted(path): path for path in paths if ours(path)})


def ours(path: Path) -> bool:
    return "examples" not in path.parts


def dotted(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def packages() -> Mapping[str, Path]:
    return {name: path for name, path in modules().items() if path.name == "__init__.py"}


def room_of(path: Path) -> str:
    return path.parent.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(path: Path) -> Iterator[str]:
    """The dotted names that a module or a stub imports, and of each name what it comes from."""
    package = dotted(path.parent / "__init__.py")
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(filter(None, (parent, node.module)))
            yield origin
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def test_every_room_is_known_to_all_tools() -> None:
    tool = PROJECT["tool"]
    assert set(tool["setuptools"]["packages"]["find"]["include"]) == {f"{it}*" for it in ROOMS}
    assert set(ROOMS) <= set(tool["mypy"]["files"])
    assert {*PACKAGES, "paretosr"} == set(ROOMS)
    layers, *_ = tool["importlinter"]["contracts"]
    assert set(re.split(r" \| ", " | ".join(layers["layers"]))) | {"reports"} == set(ROOMS)


@pytest.mark.parametrize("name", modules())
def test_a_module_is_short(name: str) -> None:
    assert len(modules()[name].read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_a_room_holds_few_files_unless_each_is_a_member() -> None:
    rooms = {path.parent for path in modules().values()}
    sizes = {room: len([*room.glob("[!_]*.py")]) for room in rooms}
    full = {room.relative_to(ROOT).as_posix() for room in rooms if sizes[room] > MOST_FILES}
    assert full <= ROOMS_OF_MEMBERS


def test_no_short_module_is_there_only_to_be_imported_once() -> None:
    importers = defaultdict(set)
    for name, path in modules().items():
        for target in imported(path):
            importers[target].add(name)
    stubs = [path.with_suffix(".pyi") for path in packages().values()]
    exported = {target for stub in stubs if stub.exists() for target in imported(stub)}
    short = [
        name
        for name, path in modules().items()
        if not path.name.startswith("__")
        and name not in exported
        and room_of(path) not in ROOMS_OF_MEMBERS
        and len(path.read_text(encoding="utf-8").splitlines()) < FEWEST_LINES
    ]
    assert [name for name in short if len(importers[name]) <= 1] == []


@pytest.mark.parametrize("name", packages())
def test_a_package_exports_lazily_or_nothing(name: str) -> None:
    path = packages()[name]
    lazy = "attach_stub" in path.read_text(encoding="utf-8")
    assert lazy == path.with_suffix(".pyi").exists()
    assert set(imported(path)) <= {"lazy_loader"}


def test_importing_any_package_loads_nothing_heavy() -> None:
    code = f"import sys, {', '.join(packages())}\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not HEAVY & set(loaded)


def test_every_module_has_a_test_that_mirrors_it_or_says_that_it_covers_it() -> None:
    tests = sorted(ROOT.joinpath("tests").rglob("test_*.py"))
    said = "\n".join(ast.get_docstring(tree(path)) or "" for path in tests)
    covered = set(re.findall(r"\w+(?:\.\w+)+", said))
    missing = [
        name
        for name, path in modules().items()
        if not path.name.startswith("__")
        and ROOT / "tests" / room_of(path) / f"test_{path.name}" not in tests
        and name not in covered
    ]
    assert missing == []


def test_whoever_says_that_it_covers_a_module_names_one_that_exists() -> None:
    tests = sorted(ROOT.joinpath("tests").rglob("test_*.py"))
    for path in tests:
        names = re.findall(r"\w+(?:\.\w+)+", ast.get_docstring(tree(path)) or "")
        claimed = {name for name in names if name.partition(".")[0] in ROOMS}
        assert claimed <= modules().keys(), path
