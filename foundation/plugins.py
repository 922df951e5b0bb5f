"""Modules outside this project that register networks of their own.

A plug-in registers its families while it is imported. Processes that are started to measure
networks import the same plug-ins first.
"""

import importlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from foundation.messages import one_line

WORKER_VARIABLE = "PARETOSR_WORKER_PLUGINS"
"""The environment variable that tells a worker process what to import."""

_loaded: dict[str, Path] = {}
"""The plug-ins by the names of their modules, with the folders that these were found in."""


def load_plugins(modules: Iterable[str], folder: Path | None = None) -> None:
    """Import modules, also from a folder, by default the current one.

    Raises:
        ValueError: there is no such module, or it raised while it was imported.
    """
    for module in modules:
        _load(module, Path.cwd() if folder is None else folder)


def loaded_plugins() -> Mapping[str, Path]:
    """The plug-ins by the names of their modules, with the folders that these were found in."""
    return dict(_loaded)


def note_plugin(module: str) -> None:
    """Remember an imported module as one that worker processes need.

    Raises:
        ValueError: other processes cannot import it.
    """
    if module in _loaded:
        return
    file = getattr(sys.modules.get(module), "__file__", None)
    if module == "__main__" or file is None:
        raise ValueError(
            "a family must be defined in a module that other processes can import, since networks "
            f"are measured in one, got {module}: move it into a file of its own and import that"
        )
    path = Path(file).resolve()
    path = path.parent if path.name == "__init__.py" else path
    _loaded[module] = path.parents[module.count(".")]


def worker_environment() -> Mapping[str, str]:
    """The environment variables by which a worker process imports what this one has imported."""
    if not _loaded:
        return {}
    return {
        WORKER_VARIABLE: json.dumps({module: str(folder) for module, folder in _loaded.items()})
    }


def load_plugins_of_parent() -> None:
    """Import, in a worker process, the plug-ins of the process that started it."""
    for module, folder in json.loads(os.environ.get(WORKER_VARIABLE, "{}")).items():
        _load(module, Path(folder))


def _load(module: str, folder: Path) -> None:
    # At the end, so that no file there can stand in for a module of ours or of a library.
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    importlib.invalidate_caches()
    try:
        importlib.import_module(module)
    except Exception as error:
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == module
        reason = "there is none" if is_absent else f"{type(error).__name__}: {error}"
        raise ValueError(
            "a plug-in must be a module on Python's path or in the current folder, got "
            f"{module!r}: {one_line(reason)}"
        ) from error
    note_plugin(module)
