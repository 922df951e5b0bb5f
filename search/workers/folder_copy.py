"""Keeping a folder on another machine like this one, by the files that change in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from foundation import write_bytes_atomically


@dataclass(frozen=True)
class Files:
    """What was written and removed in a folder, by the paths inside it.

    Those written are in the order of their writing, so that whoever writes them again in this order
    and is interrupted leaves what an interruption could have left in the folder itself.
    """

    written: Mapping[str, bytes] = field(default_factory=dict)
    removed: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Path, folder: Path) -> "Files":
        """All files below `folder`, by their paths inside `root`."""
        paths = sorted(_files(folder), key=_age)
        return cls({path.relative_to(root).as_posix(): path.read_bytes() for path in paths})

    def apply(self, root: Path) -> None:
        """Do the same to the folder `root`.

        Raises:
            OSError: a file cannot be written or removed.
        """
        for name, content in self.written.items():
            write_bytes_atomically(root / name, content)
        for name in self.removed:
            (root / name).unlink(missing_ok=True)

    def __bool__(self) -> bool:
        return bool(self.written or self.removed)


class WatchedFolder:
    """A folder whose changes are asked for again and again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._known: dict[Path, tuple[int, int]] = {}

    def replace(self, files: Files) -> None:
        """Let the folder hold these files alone; they are no change."""
        for path in _files(self.root):
            path.unlink()
        files.apply(self.root)
        self._known = {path: _age(path) for path in _files(self.root)}

    def changes(self) -> Files:
        """What has changed since this was asked for, or all was replaced."""
        now = {path: _age(path) for path in _files(self.root)}
        changed = sorted((age, path) for path, age in now.items() if self._known.get(path) != age)
        gone = self._known.keys() - now.keys()
        self._known = now
        return Files(
            {self._name(path): path.read_bytes() for _, path in changed},
            tuple(sorted(map(self._name, gone))),
        )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _age(path: Path) -> tuple[int, int]:
    """When it was written, and which file it is: one written atomically is always another."""
    status = path.stat()
    return status.st_mtime_ns, status.st_ino
