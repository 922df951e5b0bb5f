"""The package `profilers.agent` as one file."""

import io
import zipfile
from functools import cache
from pathlib import Path

from profilers import agent


@cache
def agent_archive() -> bytes:
    """Return a zip file to import `profilers.agent` from; the same code, the same bytes."""
    (folder,) = map(Path, agent.__path__)
    root = folder.parents[1]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        # In place of this machine's, which loads PyTorch.
        _add(file, "profilers/__init__.py", b"")
        for path in sorted(folder.rglob("*.py")):
            _add(file, path.relative_to(root).as_posix(), path.read_bytes())
    return archive.getvalue()


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A ZipInfo has a fixed date, where writing by name takes the time of day.
    file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
