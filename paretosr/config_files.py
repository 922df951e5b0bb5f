"""Search configs as files: those that come with ParetoSR, and a new one to start from."""

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from foundation import write_text_atomically
from reports.records import objective

if TYPE_CHECKING:
    from profilers.runtimes.targets import Target

TEMPLATE = "quickstart"
_SEARCHES = re.compile(r"^families:", re.MULTILINE)
_FIRST_COMMENT = re.compile(r"\A(?:#.*\n)+")
_CONSTRAINTS = re.compile(r"(?:^#.*\n)+^constraints:\n(?:^ +.*\n)+", re.MULTILINE)
_TARGET = re.compile(r"^target: .*$", re.MULTILINE)


def bundled_configs() -> Mapping[str, Path]:
    """The example configs of searches by their names, such as quickstart."""
    folder = Path(str(files("paretosr").joinpath("examples")))
    found = {path.stem: path for path in sorted(folder.glob("*.yaml"))}
    return {name: path for name, path in found.items() if _SEARCHES.search(path.read_text("utf-8"))}


def find_config(reference: str | Path) -> Path:
    """Return the file `reference`, or else the example config of that name.

    Raises:
        FileNotFoundError: there is neither; the message names the examples.
        IsADirectoryError: it is a folder.
    """
    path, bundled = Path(reference), bundled_configs()
    if path.is_dir() and str(reference) not in bundled:
        is_run = (path / "run.yaml").exists()
        remedy = f"continue it with --resume {path}" if is_run else "give its YAML file"
        raise IsADirectoryError(
            f"a config must be a file, but {path} is a {'run' if is_run else 'folder'}: {remedy}"
        )
    if path.exists() or (path.suffix and str(reference) not in bundled):
        return path
    if str(reference) not in bundled:
        raise FileNotFoundError(
            f"no such config: {reference}; give a YAML file, or one that comes with ParetoSR: "
            f"{', '.join(bundled)}"
        )
    return bundled[str(reference)]


def write_config(
    path: str | Path = "search.yaml",
    *,
    target: "str | Target | None" = None,
    bounds: Mapping[str, float] | None = None,
) -> Path:
    """Write a commented search config to start from, the quickstart's, and return its path.

    `target` is what latency is measured on. `bounds` replace the quickstart's constraints: by the
    name of a column, in its unit, the most allowed of a cost such as latency_ms, and the least of a
    quality such as psnr_y_db.

    Raises:
        ValueError: the file exists already, or a target or a column is unknown.
        OSError: the file cannot be written.

    Examples:
        >>> import paretosr as psr
        >>> psr.write_config("phone.yaml", target="eager:threads=4", bounds={"latency_ms": 20})
        PosixPath('phone.yaml')
    """
    from profilers.runtimes.targets import Target
    from search.config import parse_search_config

    path = Path(path)
    if path.exists():
        raise ValueError(f"a new config must not replace a file, but {path} exists: name another")
    text = bundled_configs()[TEMPLATE].read_text(encoding="utf-8")
    text = _FIRST_COMMENT.sub(f"# A search config: paretosr search {path}\n", text, count=1)
    if target is not None:
        Target.parse(str(target))
        text = _TARGET.sub(lambda _: f"target: {target}", text, count=1)
    if bounds:
        text = _CONSTRAINTS.sub(lambda _: _constraints(bounds), text, count=1)
    parse_search_config(yaml.safe_load(text), str(path))
    write_text_atomically(path, text)
    return path


def _constraints(bounds: Mapping[str, float]) -> str:
    lines = ["# What is not worth training, or not worth keeping.", "constraints:"]
    for name, bound in bounds.items():
        end = "max" if objective(name).direction == "minimise" else "min"
        lines.append(f"  {name}: {{{end}: {bound!r}}}")
    return "\n".join([*lines, ""])
