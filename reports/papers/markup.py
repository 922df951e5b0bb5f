"""A paper's table as LaTeX and as Markdown: best numbers bold, second ones underlined."""

import re
from collections.abc import Callable, Iterator

from reports.figures.words import target_in_words
from reports.papers.references import reference_of
from reports.papers.table import Number, PaperRow, PaperTable, Quality

_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "×": r"$\times$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
}


def escape_latex(text: str) -> str:
    """A text that LaTeX prints as it is."""
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split()))


def escape_markdown(text: str) -> str:
    """A text that Markdown and the HTML it becomes show as it is, inside a cell of a table."""
    escaped = re.sub(r"([\\`*_{}\[\]<>#|!~&$])", r"\\\1", " ".join(text.split()))
    return escaped.replace("\\<", "&lt;").replace("\\>", "&gt;").replace("\\&", "&amp;")


def latex_table(table: PaperTable, *, caption: str = "", label: str = "", cite: bool) -> str:
    """A `table*` with the rules of the package booktabs; `cite` adds the keys of references."""
    above, below = ["", "", "Params", "MACs"], ["Method", "Scale", "(K)", "(G)"]
    if table.target is not None:
        above, below = [*above, "Latency"], [*below, "(ms)"]
    first, last = len(below) + 1, len(below) + len(table.datasets)
    # So that five data sets fit the two columns of a page.
    size = "\\footnotesize" if len(table.datasets) <= 3 else "\\scriptsize"
    lines = [
        "% Needs \\usepackage{booktabs}.",
        "\\begin{table*}[t]",
        f"\\centering{size}\\setlength{{\\tabcolsep}}{{3pt}}",
        *([f"\\caption{{{escape_latex(caption)}}}"] if caption else []),
        *([f"\\label{{{label}}}"] if label else []),
        f"\\begin{{tabular}}{{lc{'r' * (len(below) - 2)}{'c' * len(table.datasets)}}}",
        "\\toprule",
        _latex_line(
            [*above, f"\\multicolumn{{{len(table.datasets)}}}{{c}}{{PSNR (dB)/SSIM on Y}}"]
        ),
        f"\\cmidrule(lr){{{first}-{last}}}",
        _latex_line([*below, *map(escape_latex, table.datasets)]),
    ]
    for scale, group in table.groups.items():
        lines.append("\\midrule")
        for place, row in enumerate(group):
            if row.is_ours and place and not group[place - 1].is_ours:
                lines.append("\\midrule")
            lines.append(_latex_line(_latex_cells(row, scale, table, cite)))
    notes = " ".join(escape_latex(note) for note in notes_of(table, _LATEX_MARK))
    return "\n".join(
        [
            *lines,
            "\\bottomrule",
            "\\end{tabular}",
            "",
            f"\\vspace{{2pt}}{{\\scriptsize {notes}}}",
            "\\end{table*}",
            "",
        ]
    )


def markdown_table(table: PaperTable) -> str:
    """The table in GitHub's Markdown, with its notes below it."""
    columns = ["method", "scale", "params (K)", "MACs at 1280×720 (G)"]
    columns += ["latency (ms)"] * (table.target is not None)
    heads = [*columns, *(f"{escape_markdown(it)}, PSNR (dB)/SSIM" for it in table.datasets)]
    rules = [":--", ":-:"] + ["--:"] * (len(columns) - 2) + [":-:"] * len(table.datasets)
    lines = [_markdown_line(heads), _markdown_line(rules)]
    for scale, group in table.groups.items():
        for row in group:
            counted = _MARKDOWN_MARK if row.is_counted else ""
            cells = [escape_markdown(row.name), f"×{scale}", row.params_k, row.giga_macs + counted]
            cells += [row.latency_ms] * (table.target is not None)
            qualities = [_quality(it, _markdown_number) for it in row.qualities]
            lines.append(_markdown_line([*(cell or "-" for cell in cells), *qualities]))
    notes = [escape_markdown(note) for note in notes_of(table, "*")]
    return "\n".join([*lines, "", " ".join(notes), ""])


_LATEX_MARK = "*"
_MARKDOWN_MARK = "\\*"


def notes_of(table: PaperTable, mark: str) -> Iterator[str]:
    """What a reader must know of the numbers, sentence by sentence."""
    yield "Best bold, second underlined, for each scale."
    yield "MACs at an output of 1280×720."
    if any(row.is_counted for row in table.rows):
        yield f"{mark} Not printed in the paper: counted like ours."
    if table.conventions:
        yield "Other published MACs are counted as their papers do."
    if table.target is not None:
        words = " or ".join(target_in_words(part) for part in table.target.split(" | "))
        yield f"Latency on {words}."


def _latex_cells(row: PaperRow, scale: int, table: PaperTable, cite: bool) -> list[str]:
    reference = reference_of(row.model) if cite else None
    name = escape_latex(row.name) + ("" if reference is None else f"~\\cite{{{reference.key}}}")
    macs = row.giga_macs + ("\\rlap{$^*$}" if row.is_counted else "")
    cells = [name, f"$\\times${scale}", row.params_k, macs]
    cells += [row.latency_ms] * (table.target is not None)
    qualities = [_quality(quality, _latex_number) for quality in row.qualities]
    return [*(cell or "--" for cell in cells), *qualities]


def _quality(quality: Quality, shown: Callable[[Number], str]) -> str:
    if not (quality.psnr.text or quality.ssim.text):
        return shown(quality.psnr)
    return f"{shown(quality.psnr)}/{shown(quality.ssim)}"


def _latex_number(number: Number) -> str:
    commands = {"best": "\\textbf{{{}}}", "second": "\\underline{{{}}}"}
    return commands.get(number.rank, "{}").format(number.text) if number.text else "--"


def _markdown_number(number: Number) -> str:
    marks = {"best": "**{}**", "second": "<u>{}</u>"}
    return marks.get(number.rank, "{}").format(number.text) if number.text else "-"


def _latex_line(cells: list[str]) -> str:
    return " & ".join(cells) + " \\\\"


def _markdown_line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
