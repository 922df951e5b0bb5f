"""Writing files atomically: a crash leaves the old file or the new one, never half of one."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Add the name of `path` to errors of the block, which writes that file.

    The operating system names a file that it cannot open, but not one that a full disk truncated.

    Raises:
        OSError: as raised in the block; one without a file's name, or with a temporary one, gets
            that of `path`.
    """
    try:
        yield
    except OSError as error:
        if error.errno is None or not _is_of(path, error.filename):
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def _is_of(path: Path, name: object) -> bool:
    return name is None or any(
        part.startswith(_temporary_prefix(path)) for part in Path(str(name)).parts
    )


def _temporary_prefix(path: Path) -> str:
    return f".{path.stem}-"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary file beside `path` that replaces it when the block succeeds.

    The temporary file keeps the suffix of `path`, by which writers choose a format. It is flushed
    to the disk before the replacement; if the block raises, it is removed and `path` stays as it
    was. Not every library reports a full disk: let such a library write into memory, and use
    `write_bytes_atomically`.

    Raises:
        OSError: the folder cannot be written or the disk is full; the error names `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path):
        descriptor, name = tempfile.mkstemp(
            dir=path.parent, prefix=_temporary_prefix(path), suffix=path.suffix
        )
        os.close(descriptor)
        temporary = Path(name)
        try:
            yield temporary
            with temporary.open("rb+") as written:
                os.fsync(written.fileno())
            # mkstemp makes files private; results should be as readable as any other file.
            temporary.chmod(0o666 & ~_umask())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary folder beside `path`, for files, that becomes `path` when the block ends.

    The files are flushed to the disk before. If the block raises, nothing is left.

    Raises:
        OSError: the folder cannot be written, or `path` is there and no empty folder; the error
            names `path`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path):
        temporary = Path(tempfile.mkdtemp(dir=path.parent, prefix=_temporary_prefix(path)))
        try:
            yield temporary
            for file in temporary.iterdir():
                with file.open("rb+") as written:
                    os.fsync(written.fileno())
            temporary.chmod(0o777 & ~_umask())
            temporary.replace(path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def write_bytes_atomically(path: Path, content: bytes) -> None:
    """Replace the contents of `path`, wholly or not at all.

    Raises:
        OSError: the folder cannot be written or the disk is full; the error names `path`.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text_atomically(path: Path, text: str) -> None:
    """Replace the contents of `path` with `text` in UTF-8, as `write_bytes_atomically` does."""
    write_bytes_atomically(path, text.encode())


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
