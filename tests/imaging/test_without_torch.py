"""Images are decoded, compared and written without torch and without what stands above imaging."""

import subprocess
import sys
from pkgutil import iter_modules

import imaging


def test_no_module_of_imaging_needs_torch() -> None:
    names = [f"imaging.{module.name}" for module in iter_modules(imaging.__path__)]
    code = f"import sys, {', '.join(names)}\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"imaging.metrics", "numpy"} <= set(loaded)
    assert not {"torch", "blocks"} & set(loaded)
