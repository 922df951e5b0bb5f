"""Files named by their SHA-256, complete or absent; an interrupted transfer can be resumed."""

import hashlib
import os
from pathlib import Path

from profilers.agent.failure import ProfilingFailed

# Room for about a hundred networks with their images; the least recently used go first.
LIMIT_BYTES = 2**30


class Store:
    """The files in `folder`, called `SHA256.SUFFIX`."""

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    def path(self, name: str) -> Path:
        """Return the path of the file once it is complete."""
        return self._folder / name

    def append(self, name: str, size_bytes: int, content: bytes) -> int:
        """Append to a file that will have `size_bytes`, and return how many it has now.

        Raises:
            ProfilingFailed: the file is complete, but its hash is not the one in its name.
        """
        whole = self.path(name)
        if whole.exists():
            whole.touch()
            return size_bytes
        part = self.path(f"{name}.part")
        with part.open("ab") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        stored_bytes = part.stat().st_size
        if stored_bytes >= size_bytes:
            self._finish(part, whole)
        return stored_bytes

    def _finish(self, part: Path, whole: Path) -> None:
        if hashlib.sha256(part.read_bytes()).hexdigest() != whole.stem:
            part.unlink()
            raise ProfilingFailed(f"{whole.name} arrived damaged and was removed; send it again")
        part.replace(whole)
        self._remove_oldest()

    def _remove_oldest(self) -> None:
        files = [(path, path.stat()) for path in self._folder.iterdir()]
        excess_bytes = sum(status.st_size for _, status in files) - self._limit_bytes
        for path, status in sorted(files, key=lambda file: file[1].st_mtime_ns)[:-1]:
            if excess_bytes <= 0:
                break
            path.unlink(missing_ok=True)
            excess_bytes -= status.st_size
