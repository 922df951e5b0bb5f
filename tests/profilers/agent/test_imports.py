"""What the device under test must have for `profilers.agent`."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from profilers import agent

FOLDER = Path(agent.__path__[0])
RUNTIMES = {
    "runtimes/ncnn_runtime.py": "ncnn",
    "runtimes/onnx_runtime.py": "onnxruntime",
    "runtimes/openvino_runtime.py": "openvino",
}


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.stem)
def test_only_python_numpy_itself_and_one_runtime_in_its_file_are_imported(path: Path) -> None:
    runtime = RUNTIMES.get(path.relative_to(FOLDER).as_posix())
    allowed = {*sys.stdlib_module_names, "numpy", runtime}
    others = {
        name
        for name in imported(path.read_text())
        if name.split(".")[0] not in allowed and not f"{name}.".startswith("profilers.agent.")
    }
    assert not others
