"""Tables of networks for papers, and the same rows as data."""

import io
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from foundation import write_bytes_atomically, write_text_atomically
from paretosr.answers.gathering import Systems
from reports.papers.systems import frame_of, systems_of

if TYPE_CHECKING:
    import pandas as pd

TextFormat = Literal["latex", "markdown", "csv"]
Format = Literal[TextFormat, "parquet"]
_SUFFIXES: dict[str, Format] = {
    ".tex": "latex",
    ".md": "markdown",
    ".csv": "csv",
    ".parquet": "parquet",
}


def table(
    frame: "pd.DataFrame | Systems",
    format: TextFormat = "latex",
    *,
    caption: str = "",
    label: str = "",
    cite: bool = False,
) -> str:
    """Return networks side by side, as the field prints them or as data.

    LaTeX and Markdown have a row for each network and scale: parameters, MACs at 1280x720, and
    PSNR and SSIM on every data set, the best bold, the second underlined; of a run the networks on
    its front. CSV has every row with all its columns and hyperparameters.

    Args:
        frame: what `gather` returned, its `frame` or a part of it, or the `trials` of a run.
        format: "latex" (a `table*` for the package booktabs), "markdown" or "csv".
        caption: of the table, for LaTeX.
        label: by which the text refers to it, for LaTeX.
        cite: whether published models are cited by the keys of `bibliography`, for LaTeX.

    Raises:
        ValueError: no such format, or no row that a paper's table can show.

    Examples:
        >>> import paretosr as psr
        >>> systems = psr.gather("published:Set5:IMDN,RLFN", scale=4)
        >>> print(psr.table(systems, "markdown").splitlines()[2])
        | RLFN | ×4 | 544 | 29.8\\* | **32.24**/**0.8952** |
    """
    from reports.papers.markup import latex_table, markdown_table
    from reports.papers.table import paper_table

    if format not in get_args(TextFormat):
        raise ValueError(
            f"a format must be one of {', '.join(get_args(TextFormat))}, got {format!r}"
        )
    rows = frame.rows if isinstance(frame, Systems) else systems_of(frame)
    if format == "csv":
        data = frame_of(rows) if isinstance(frame, Systems) else frame
        return data.to_csv(index=False, lineterminator="\n")
    built = paper_table(rows)
    if format == "markdown":
        return markdown_table(built)
    return latex_table(built, caption=caption, label=label, cite=cite)


def bibliography(frame: "pd.DataFrame | Systems") -> str:
    """Return the BibTeX entries of the published models in a table, each paper once.

    A model whose paper is not listed has no entry, and no citation in the table.

    Raises:
        ValueError: a value of the table has the wrong type.

    Examples:
        >>> import paretosr as psr
        >>> systems = psr.gather("published:Set5:IMDN", scale=4)
        >>> psr.bibliography(systems).splitlines()[0]
        '@inproceedings{hui2019imdn,'
    """
    from reports.papers.references import bibliography as entries

    rows = frame.rows if isinstance(frame, Systems) else systems_of(frame)
    return entries(row.model for row in rows if row.model is not None)


def format_of(path: Path | None, chosen: str | None) -> Format:
    """The format that was chosen, or that the suffix of a file names; LaTeX without either.

    Raises:
        ValueError: no such format, or a suffix that names none.
    """
    if chosen is not None:
        known = {name: name for name in _SUFFIXES.values()}
        if chosen not in known:
            raise ValueError(f"--format must be one of {', '.join(known)}, got {chosen!r}")
        return known[chosen]
    if path is None:
        return "latex"
    if path.suffix.lower() not in _SUFFIXES:
        raise ValueError(
            f"a table's name must end in one of {', '.join(_SUFFIXES)}, or name --format; "
            f"got {path.name!r}"
        )
    return _SUFFIXES[path.suffix.lower()]


def write_parquet(path: Path, frame: "pd.DataFrame") -> None:
    """Write a table as Parquet, wholly or not at all.

    Raises:
        ValueError: the library that writes it is missing.
        OSError: the file cannot be written.
    """
    if find_spec("pyarrow") is None:
        raise ValueError("Parquet needs pyarrow: pip install 'paretosr[parquet]', or choose csv")
    content = io.BytesIO()
    frame.to_parquet(content, engine="pyarrow", index=False)
    write_bytes_atomically(path, content.getvalue())


def write_text(path: Path, text: str) -> None:
    """Write a table or its references, wholly or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    write_text_atomically(path, text)
