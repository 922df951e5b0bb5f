"""Counts the published networks anew, into the file that `paretosr models` shows.

python tools/count_catalogue.py
"""

import csv
import io
from dataclasses import asdict, fields

from blocks import CATALOGUE
from foundation import write_text_atomically
from paretosr.measuring.catalogue import CATALOGUE_FILE, CatalogueRow


def main() -> None:
    """Replace the file."""
    text = io.StringIO()
    names = [field.name for field in fields(CatalogueRow)]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(CatalogueRow.of(entry)) for entry in CATALOGUE)
    write_text_atomically(CATALOGUE_FILE, text.getvalue())


if __name__ == "__main__":
    main()
