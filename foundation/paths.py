"""Files as a user names them."""

from pathlib import Path


def has_suffix(path: Path, *suffixes: str) -> bool:
    """Whether a file's name ends in one of `suffixes`, such as .json, in any case."""
    return path.suffix.lower() in suffixes


def require_file(path: Path) -> None:
    """Check that there is a file to read.

    Raises:
        ValueError: there is nothing, or a folder.
    """
    if path.is_dir():
        raise ValueError(f"a file is needed, but {path} is a folder")
    if not path.exists():
        raise ValueError(f"no such file: {path}")
