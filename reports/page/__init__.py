"""One self-contained HTML page for each run: its document, and how it is written."""
