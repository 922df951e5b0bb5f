"""The runner as one file: those modules of this package that need no PyTorch, zipped."""

import io
import zipfile
from functools import cache
from importlib.resources import files

_MODULES = (
    "checking",
    "clock",
    "cores",
    "crossover",
    "failure",
    "fastest_variant",
    "json_process",
    "machine",
    "onnx_loaders",
    "onnx_runtime",
    "openvino_runtime",
    "partner",
    "prepared",
    "probes",
    "ratio",
    "resident",
    "service",
    "serving",
    "simultaneous",
    "slices",
    "sustained",
    "targets",
    "timing",
    "remote/runner",
    "remote/store",
    "remote/stored_networks",
)


@cache
def runner_archive() -> bytes:
    """Return a zip file to import `profilers.remote.runner` from; the same code, the same bytes."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for package in ("profilers", "profilers/remote"):
            _add(file, f"{package}/__init__.py", b"")
        for module in _MODULES:
            source = files("profilers").joinpath(f"{module}.py").read_bytes()
            _add(file, f"profilers/{module}.py", source)
    return archive.getvalue()


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A ZipInfo has a fixed date, where writing by name takes the time of day.
    file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
