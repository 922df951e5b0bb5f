"""The papers of published models, as BibTeX."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Reference:
    """One entry of references.bib."""

    key: str
    entry: str
    """The whole entry, ready to be written into a file."""


def reference_of(model: str) -> Reference | None:
    """The paper of a published model; None for one whose paper is not listed."""
    return _references().get(model)


def bibliography(models: Iterable[str]) -> str:
    """The entries of the papers of these models, each once, in the order of the models."""
    found = (reference_of(model) for model in models)
    entries = dict.fromkeys(reference.entry for reference in found if reference is not None)
    return "\n\n".join(entries) + ("\n" if entries else "")


@cache
def _references() -> dict[str, Reference]:
    text = (resources.files("reports") / "published" / "references.bib").read_text("utf-8")
    references: dict[str, Reference] = {}
    entries = re.findall(r"^% ([^\n]+)\n(@\w+\{(\w+),\n.*?^\})$", text, re.MULTILINE | re.DOTALL)
    for names, entry, key in entries:
        references |= {name: Reference(key, entry) for name in names.split(", ")}
    return references
