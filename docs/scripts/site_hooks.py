"""What MkDocs calls while it builds the site: tables that are made from the code.

A page says `<!-- generated: NAME -->` where the text of `GENERATORS[NAME]` belongs.
"""

import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[2])]

from commands import commands_page
from schemas import columns_table, config_table, families_tables, quickstart

GENERATORS: Mapping[str, Callable[[], str]] = {
    "commands": commands_page,
    "columns": columns_table,
    "config": config_table,
    "families": families_tables,
    "quickstart": quickstart,
}

_PLACEHOLDER = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_unused: object) -> str:
    """Return the page with its generated parts."""
    return _PLACEHOLDER.sub(lambda match: GENERATORS[match[1]](), markdown)
