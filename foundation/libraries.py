"""Optional libraries: whether they are installed, found out without importing them."""

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path


def missing_library(*modules: str) -> str | None:
    """Return which of `modules` is not installed, in words, or None if all are.

    Importing a runtime takes seconds and memory, and some start threads or processes. Only files
    are looked for: a library that is there but cannot be loaded says so when it is used.
    """
    missing = next((module for module in modules if not _is_installed(module)), None)
    return None if missing is None else f"{missing} is not installed"


def _is_installed(module: str) -> bool:
    if module in sys.modules:
        return sys.modules[module] is not None
    package, *inside = module.split(".")
    spec = find_spec(package)
    if spec is None:
        return False
    return not inside or _holds(spec.submodule_search_locations or (), inside)


def _holds(folders: Iterable[str], inside: list[str]) -> bool:
    """Whether one of the folders of a package holds a module inside it."""
    paths = [Path(folder).joinpath(*inside) for folder in folders]
    return any(path.is_dir() or [*path.parent.glob(f"{path.name}.*")] for path in paths)
