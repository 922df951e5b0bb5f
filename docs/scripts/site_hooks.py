"""What MkDocs calls while it builds the site: tables that are made from the code.

A page says `<!-- generated: NAME -->` where the text of `GENERATORS[NAME]` belongs, and
`<!-- generated: keys of CLASS -->` for the fields of a dataclass.
"""

import logging
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from mkdocs.structure.pages import Page

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from commands import commands_page  # noqa: E402
from dataclass_tables import keys_table  # noqa: E402
from schemas import columns_table, config_table, families_tables, plugin, quickstart  # noqa: E402

GENERATORS: Mapping[str, Callable[[], str]] = {
    "commands": commands_page,
    "columns": columns_table,
    "config": config_table,
    "families": families_tables,
    "plugin": plugin,
    "quickstart": quickstart,
}

_PLACEHOLDER = re.compile(r"^<!-- generated: (?:keys of ([\w.]+)|(\w+)) -->$", re.MULTILINE)
_FETCHED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*(?:src|href)=\"?https?:[^>]*>")
_LOG = logging.getLogger("mkdocs.hooks.site")


def on_page_markdown(markdown: str, **_unused: object) -> str:
    """Return the page with its generated parts."""
    return _PLACEHOLDER.sub(_generated, markdown)


def _generated(placeholder: re.Match[str]) -> str:
    class_name, generator = placeholder.groups()
    return keys_table(class_name) if class_name else GENERATORS[generator]()


def on_post_page(output: str, *, page: Page, **_unused: object) -> str:
    """Warn, which `--strict` makes an error, of what a reader's browser would fetch elsewhere."""
    for element in _FETCHED.findall(output):
        _LOG.warning("%s asks the network for %s", page.file.src_uri, element)
    return output
