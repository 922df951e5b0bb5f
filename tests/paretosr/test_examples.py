"""The examples of the public functions run as they are printed."""

import doctest
import inspect
from pathlib import Path

import pytest
import torch
from torch import Tensor

import paretosr

FUNCTIONS = sorted(name for name in paretosr.__all__ if inspect.isfunction(getattr(paretosr, name)))


# A machine may be noisy while the tests run, and is said to be.
@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_example_runs(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, official_fsrcnn: dict[str, Tensor]
) -> None:
    monkeypatch.chdir(tmp_path)
    if name == "export":
        pytest.importorskip("onnxruntime")
    if name == "import_weights":
        torch.save(official_fsrcnn, "FSRCNN.pth")
    function = getattr(paretosr, name)
    (example,) = doctest.DocTestFinder(recurse=False).find(function, name, globs={})
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0
