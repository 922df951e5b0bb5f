"""The rules of the house that no linter knows."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = (
    "foundation", "imaging", "blocks", "training", "profilers", "upscaling", "search", "reports",
    "paretosr",
)  # fmt: skip
MOST_LINES = 400
MOST_FILES = 15
# Rooms with one file per member.
UNLIMITED_ROOMS = frozenset({"blocks/networks", "paretosr/cli/commands"})
HEAVY = frozenset({"torch", "pandas", "matplotlib", "optuna", "scipy", "skimage"})


def modules() -> list[Path]:
    return [path for room in ROOMS for path in sorted(ROOT.joinpath(room).rglob("*.py"))]


def packages() -> list[str]:
    folders = {path.parent for path in modules() if path.name == "__init__.py"}
    return sorted(".".join(folder.relative_to(ROOT).parts) for folder in folders)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_a_room_holds_few_files_unless_each_is_a_member() -> None:
    folders = {path.parent for path in modules()}
    sizes = {name_of(folder): len(list(folder.glob("[!_]*.py"))) for folder in folders}
    full = {room: size for room, size in sizes.items() if size > MOST_FILES}
    assert full.keys() <= UNLIMITED_ROOMS


def test_importing_any_package_loads_nothing_heavy() -> None:
    code = f"import sys, {', '.join(packages())}\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert not HEAVY & set(loaded)


def imported_modules(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def test_every_module_has_a_test_that_mirrors_it_or_names_it() -> None:
    tests = {path: path.read_text(encoding="utf-8") for path in ROOT.joinpath("tests").rglob("*.py")}
    missing = []
    for path in modules():
        if path.name.startswith("__"):
            continue
        relative = path.relative_to(ROOT)
        mirror = ROOT / "tests" / relative.parent / f"test_{relative.name}"
        module = ".".join(relative.with_suffix("").parts)
        if mirror not in tests and not any(
            module in text or relative.as_posix() in text for text in tests.values()
        ):
            missing.append(module)
    assert not missing
