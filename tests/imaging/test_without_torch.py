"""Images are decoded, compared and written without torch and without what stands above imaging."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_no_module_of_imaging_needs_torch() -> None:
    names = [f"imaging.{path.stem}" for path in ROOT.joinpath("imaging").glob("[!_]*.py")]
    code = f"import sys, {', '.join(names)}\nprint(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"imaging.metrics", "numpy"} <= set(loaded)
    assert not {"torch", "blocks"} & set(loaded)
