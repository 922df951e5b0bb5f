"""How a run is shown once its tables and figures are written."""

from paretosr.cli.output import write_json, write_line, write_table
from paretosr.runs import Run
from reports.block_kinds import bands, bands_table
from reports.compression.table import compression_table
from reports.ladder import family_rows, family_table
from reports.nothing_trained import bounds_of
from reports.tables import front_table


def write_run(run: Run, *, as_json: bool) -> None:
    """Write the front or why there is none, the paths of the files, and how long each part took."""
    if as_json:
        write_json(run.to_dict())
        return
    if run.unkept is None:
        bounds = bounds_of(run.settings.bounds)
        write_table(front_table(run.rows, run.settings.objectives, bounds))
    if found := bands(run.rows):
        write_table(bands_table(found))
    if proposed := family_rows(run.records, run.ladder):
        write_table(family_table(proposed))
    if run.compared:
        write_table(compression_table(run.compared))
    for sentence in run.sentences():
        write_line(sentence)
