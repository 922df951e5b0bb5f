"""What the public functions return: frozen results that show themselves as tables."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Table:
    """A small table of text, ready to be shown."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[str] = frozenset()
    """The headings of the columns that are aligned to the right."""
    title: str = ""

    def to_html(self) -> str:
        """The table as HTML, all text escaped."""
        head = "".join(f"<th>{escape(heading)}</th>" for heading in self.headings)
        body = "".join(f"<tr>{self._html_cells(row)}</tr>" for row in self.rows)
        title = f"<caption>{escape(self.title)}</caption>" if self.title else ""
        return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def to_text(self) -> str:
        """The table as aligned lines of text."""
        lines = [self.headings, *self.rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        aligned = (self._aligned(line, widths) for line in lines)
        return "\n".join([self.title] * bool(self.title) + [line.rstrip() for line in aligned])

    def _html_cells(self, row: Sequence[str]) -> str:
        styles = [
            ' style="text-align: right"' if heading in self.numeric else ""
            for heading in self.headings
        ]
        pairs = zip(styles, row, strict=True)
        return "".join(f"<td{style}>{escape(cell)}</td>" for style, cell in pairs)

    def _aligned(self, line: Sequence[str], widths: Sequence[int]) -> str:
        return "  ".join(
            cell.rjust(width) if heading in self.numeric else cell.ljust(width)
            for heading, cell, width in zip(self.headings, line, widths, strict=True)
        )


class Result(ABC):
    """What a public function found; a table in a terminal and in a notebook."""

    @abstractmethod
    def to_dict(self) -> Mapping[str, object]:
        """The result under the names of its JSON document; numbers keep their full precision."""

    @abstractmethod
    def tables(self) -> Sequence[Table]:
        """The result as people read it."""

    def sentences(self) -> Sequence[str]:
        """What is to be said below the tables."""
        return ()

    def __str__(self) -> str:
        return "\n\n".join([*(table.to_text() for table in self.tables()), *self.sentences()])

    def __repr__(self) -> str:
        # What a console shows of a value; subclasses leave it to this one.
        return str(self)

    def _repr_html_(self) -> str:
        paragraphs = (f"<p>{escape(sentence)}</p>" for sentence in self.sentences())
        return "".join([*(table.to_html() for table in self.tables()), *paragraphs])
