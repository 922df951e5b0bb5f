"""Searches: started, continued, and read when they are done or still going on."""

import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from foundation.listener import SILENT, Listener
from paretosr.answers.continuing import continuable, fresh_directory
from paretosr.config_files import find_config
from paretosr.results import Result, Table
from reports.columns import row_values
from reports.compression.compressed import CompressedNetwork, read_compressed
from reports.compression.networks import (
    ComparedNetwork,
    changes_in_words,
    compared_networks,
    compression_rows,
    why_off_the_front,
)
from reports.compression.table import NETWORK, UNIT, compression_columns, why_empty
from reports.ladder import LadderFacts, family_columns, family_rows, ladder_values, write_ladder
from reports.nothing_trained import bounds_of, why_nothing_trained
from reports.page.run_page import write_page
from reports.pareto import front
from reports.records import TrialRecord
from reports.run_report import ReportPaths, RunHypervolume, run_hypervolume, write_report
from reports.run_settings import RunSettings
from reports.tables import TEXT_HEADINGS, front_columns, trials_table
from search.insights.facts import run_facts
from search.report import course_in_words, phase_seconds, run_settings
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run
from search.storage.warm_started import WarmStarted

# What follows loads torch, which a run that is only read does not need.
if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from blocks.models import Model
    from paretosr.answers.picking import Pick
    from search.config import SearchConfig

_READ_ONLY = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@dataclass(frozen=True, repr=False)
class Run(Result):
    """A search and what it has found; a table in a notebook.

    Example:
        >>> import paretosr as psr
        >>> run = psr.open_run("runs/mine")  # doctest: +SKIP
        >>> run.front[["trial", "psnr_y_db", "latency_ms"]]  # doctest: +SKIP

    Attributes:
        path: the run directory.
        settings: how the numbers came about.
        baseline: the record of bicubic enlargement; None before it was measured.
        records: one for each trial that has ended, in their order.
        warm_started: what was taken over from each earlier run that it began with.
        ladder: what a search with a ladder has found beside its trials; None without one.
        ended: what ended the search, in words; None for a run that was only opened.
        compressed: networks that were pruned from those of the run or taught by them, as
            `judge_compressed` judged them.
        unkept: why no trained network keeps every bound, with the nearest value and what would
            help; None where one does.
        files: the tables and figures that were written; None before `report`, and where the run
            directory is read-only.
        preparation_seconds: what all its sessions took before their first trials.
    """

    path: Path
    settings: RunSettings
    baseline: TrialRecord | None
    records: tuple[TrialRecord, ...]
    warm_started: tuple[WarmStarted, ...] = ()
    ladder: LadderFacts | None = None
    ended: str | None = None
    files: ReportPaths | None = None
    unkept: str | None = None
    preparation_seconds: float = 0.0
    compressed: tuple[CompressedNetwork, ...] = ()

    @property
    def rows(self) -> tuple[TrialRecord, ...]:
        """The record of bicubic, if it is known, and those of the trials."""
        return self.records if self.baseline is None else (self.baseline, *self.records)

    @property
    def trials(self) -> "pd.DataFrame":
        """One row for each trial and bicubic first, if it is known: what trials.csv holds."""
        return trials_table(self.rows)

    @property
    def front(self) -> "pd.DataFrame":
        """The rows of `trials` that are on the Pareto front, cheapest first."""
        return trials_table(front(self.rows, self.settings.objectives))

    @property
    def compared(self) -> tuple[ComparedNetwork, ...]:
        """The networks that were judged in several precisions, pruned, or distilled."""
        return compared_networks(self.records, self.compressed)

    @property
    def hypervolume(self) -> RunHypervolume | None:
        """What the front dominates; None before a network was trained."""
        return run_hypervolume(self.rows, self.settings)

    def plot(self, x: str = "macs", y: str = "psnr_y_db") -> "Figure":
        """Return a figure of the trials and their front, of any two columns.

        `x` and `y` are psnr_y_db, ssim_y, macs, params, size_kib, activation_mib, peak_memory_mib
        or latency_ms. psnr_y_db against macs is drawn as papers do, beside the published models.
        `plot_front` draws several runs, other networks, and at other sizes.

        Raises:
            ValueError: an unknown column, twice the same, or one that no trained trial has.

        Examples:
            >>> import paretosr as psr
            >>> figure = psr.open_run("runs/mine").plot(x="latency_ms")  # doctest: +SKIP
            >>> figure.savefig("front.pdf")  # doctest: +SKIP
        """
        from paretosr.answers.gathering import gather_for_plot
        from paretosr.answers.plotting import plot_front

        return plot_front(gather_for_plot([self], (x, y)), x=x, y=y)

    def model(self, trial: int | str) -> "Model":
        """Return the network of a trial with its trained weights, if they are still there.

        `trial` is the number of the trial or the id of its architecture, as in `trials`.

        Raises:
            ValueError: the run has no such trial.

        Examples:
            >>> import paretosr as psr
            >>> run = psr.open_run("runs/mine")  # doctest: +SKIP
            >>> net = run.model(run.front["arch_id"].iloc[-1])  # doctest: +SKIP
        """
        from paretosr.models import load

        return load(f"{self.path}:{trial}")

    def pick(
        self, selector: str = "knee", *, by: str = "psnr_y_db", listener: Listener = SILENT
    ) -> "Pick":
        """Return the network that `selector` asks for, and remember it as "RUN_DIR:pick".

        `selector` is "knee", the number of a trial, the id of an architecture, or bounds such as
        "latency_ms<=15 and macs<=2e9", between which column `by` decides.

        Raises:
            ValueError: the selector means nothing, or no trained network is what is asked for.
            OSError: the pick cannot be written, because the disk is full for instance.

        Examples:
            >>> import paretosr as psr
            >>> psr.open_run("runs/mine").pick("macs<=5e9").model  # doctest: +SKIP
        """
        from paretosr.answers.picking import pick

        return pick(self.path, selector, by=by, listener=listener)

    def report(self, *, listener: Listener = SILENT) -> "Run":
        """Write the tables, the figures and the page of the run; return it with their paths.

        Each file is written wholly or not at all. Where the directory is read-only none is, and
        `listener` is warned.

        Raises:
            ValueError: a file that the search left for the page is corrupt.
            OSError: a file cannot be written, because the disk is full for instance.
        """
        try:
            files = write_report(self.path, self.rows, self.settings, self.compressed)
            families, curves = write_ladder(self.path, self.records, self.ladder)
            files = replace(files, families_csv=families, curves_csv=curves)
            facts = run_facts(RunDirectory(self.path).read_settings())
            page, document = write_page(self.path, self.rows, self.settings, facts, self.ladder)
        except OSError as error:
            if error.errno not in _READ_ONLY:
                raise
            listener.warning(
                "the run directory cannot be written to: no tables and figures were saved"
            )
            return self
        return replace(self, files=replace(files, report_html=page, report_json=document))

    def to_dict(self) -> Mapping[str, object]:
        chosen, volume = front(self.rows, self.settings.objectives), self.hypervolume
        return {
            "objectives": self.settings.objectives,
            "trials": len(self.records),
            "front": [dict(row_values(record)) for record in chosen],
            "unkept": self.unkept,
            "hypervolume": None if volume is None else asdict(volume),
            **ladder_values(self.records, self.ladder),
            "compression": compression_rows(self.compared),
            "warm_start": [one.to_json() for one in self.warm_started],
            "bicubic": None if self.baseline is None else dict(row_values(self.baseline)),
            "files": {name: str(path) for name, path in self._files},
            "seconds": self._seconds,
        }

    def tables(self) -> Sequence[Table]:
        columns, _ = front_columns(
            self.rows, self.settings.objectives, bounds_of(self.settings.bounds)
        )
        headings = tuple(heading.replace("\n", " ") for heading in columns)
        front_table = Table(
            headings,
            tuple(zip(*columns.values(), strict=True)),
            numeric=frozenset(headings) - TEXT_HEADINGS,
            title="Pareto front",
        )
        front_tables = () if self.unkept else (front_table,)
        return (*front_tables, *self._families(), *self._compression())

    def _families(self) -> Iterator[Table]:
        """What became of the proposals of each family."""
        rows = family_rows(self.records, self.ladder)
        if rows:
            columns = family_columns(rows)
            cells = tuple(zip(*columns.values(), strict=True))
            numeric = frozenset(columns) - {"family"}
            yield Table(tuple(columns), cells, numeric=numeric, title="Proposals")

    def _compression(self) -> Iterator[Table]:
        """What became of the networks that are compared, if there are any."""
        if self.compared:
            columns = compression_columns(self.compared)
            rows = tuple(zip(*columns.values(), strict=True))
            numeric = frozenset(columns) - {NETWORK, UNIT}
            yield Table(tuple(columns), rows, numeric=numeric, title="Compression")

    def sentences(self) -> Sequence[str]:
        found = [str(one) for one in self.warm_started]
        if self.unkept is not None:
            found.append(self.unkept)
        if self.hypervolume is not None:
            found.append(str(self.hypervolume))
        if any(record.source == "replayed" for record in self.records):
            found.append(f"nothing was trained here: {self.settings.training_data}")
        if self.ladder is not None:
            found.append(str(self.ladder))
        found += [*changes_in_words(self.compared), *why_empty(self.compared)]
        found += why_off_the_front(self.rows, self.settings.objectives)
        return [
            *found,
            course_in_words(self.records, self._seconds),
            *(str(path) for _, path in self._files),
            *(f"open {page.resolve().as_uri()} to see it all" for page in self._page),
        ]

    @property
    def _seconds(self) -> Mapping[str, float]:
        return {"preparation": self.preparation_seconds, **phase_seconds(self.records)}

    @property
    def _page(self) -> Iterator[Path]:
        if self.files is not None and self.files.report_html is not None:
            yield self.files.report_html

    @property
    def _files(self) -> Iterator[tuple[str, Path]]:
        files = asdict(self.files) if self.files is not None else {}
        yield from ((name, path) for name, path in files.items() if path is not None)


def search(
    config: "str | Path | Mapping[str, object] | SearchConfig",
    out: str | Path | None = None,
    *,
    warm_start: str | Path | Sequence[str | Path] = (),
    replay: str | Path | None = None,
    listener: Listener = SILENT,
) -> Run:
    """Run a search to its end and return what it found, with its tables and figures written.

    `config` is a YAML file, the name of one that comes with ParetoSR ("quickstart"), or a mapping
    of the same keys. `out` is the run directory to create; by default
    runs/CONFIG-DATE-TIME. Whatever interrupts the search, `resume` continues it.

    `warm_start` names the directories of earlier runs. Their networks become trials of this one,
    outside its budget, where they were trained alike; `Run.warm_started` says what was taken over,
    and what not for which reasons.

    With `replay`, the folder of a table such as benchmarks/tabular, nothing is trained or measured:
    what the search would train is looked up, in seconds, and every record says "replayed".

    Raises:
        ValueError: the config is not valid, the directory holds a run, no architecture can keep
            the constraints, the photographs cannot be used, an earlier run is of another scale or
            of other photographs, or the table lacks what the config asks for.
        FileNotFoundError: there is no such config.
        RuntimeError: several candidates in a row failed.

    Examples:
        >>> import paretosr as psr
        >>> run = psr.search("quickstart", out="runs/mine")  # doctest: +SKIP
        >>> run.front[["arch_id", "psnr_y_db", "latency_ms"]]  # doctest: +SKIP
    """
    from search.config import SearchConfig, load_search_config, parse_search_config
    from search.listening import as_search_listener
    from search.session import replay_search, start_search

    name = "search"
    if isinstance(config, str | Path):
        path = find_config(config)
        name, config = path.stem, load_search_config(path)
    elif not isinstance(config, SearchConfig):
        config = parse_search_config(config, "config")
    run_dir = Path(out) if out is not None else fresh_directory(name)
    with continuable(run_dir):
        earlier = (warm_start,) if isinstance(warm_start, str | Path) else tuple(warm_start)
        if replay is None:
            ended = start_search(config, run_dir, as_search_listener(listener), warm_start=earlier)
        else:
            ended = replay_search(config, Path(replay), run_dir, as_search_listener(listener))
    return replace(open_run(run_dir).report(listener=listener), ended=ended)


def resume(
    run_dir: str | Path,
    *,
    config: str | Path | None = None,
    trials: int | None = None,
    minutes: float | None = None,
    data: str | None = None,
    validation: str | None = None,
    workers: int | None = None,
    listener: Listener = SILENT,
) -> Run:
    """Run the rest of a search, as if nothing had interrupted it, and return what it found.

    A search whose budget is spent ends at once; `trials` and `minutes` change the budget of the
    whole run, `workers` how many candidates are trained at a time. `data` and `validation` name
    the folders in which the images are now; they must be the images that the search began with.
    `config`, if it is given, must be that of the run.

    Raises:
        ValueError: not a run directory, another config, a corrupt journal, or settings or images
            that are not those the search began with.
        RuntimeError: several candidates in a row failed.

    Examples:
        >>> import paretosr as psr
        >>> run = psr.resume("runs/mine", trials=40)  # doctest: +SKIP
    """
    from search.config import load_search_config
    from search.listening import as_search_listener
    from search.session import resume_search
    from search.storage.changes import Changes

    directory = Path(run_dir)
    expected = None if config is None else load_search_config(find_config(config))
    with continuable(directory):
        ended = resume_search(
            directory,
            as_search_listener(listener),
            changes=Changes(trials, minutes, data, validation, workers),
            expected=expected,
        )
    return replace(open_run(directory).report(listener=listener), ended=ended)


def open_run(run_dir: str | Path) -> Run:
    """Return what a search has found, also while it goes on; nothing is written, no torch loaded.

    Raises:
        ValueError: not a run directory, or its settings or its journal are corrupt.

    Examples:
        >>> import paretosr as psr
        >>> run = psr.open_run("runs/mine")  # doctest: +SKIP
        >>> run.trials.groupby("family")["psnr_y_db"].max()  # doctest: +SKIP
    """
    path = Path(run_dir)
    contents = read_run(path)
    settings, rows = run_settings(contents.settings), contents.records
    why = why_nothing_trained(rows, settings) if rows or contents.unkept else None
    return Run(
        path,
        settings,
        contents.baseline,
        rows,
        contents.warm_started,
        ladder=contents.ladder,
        unkept=why and (contents.unkept or why),
        preparation_seconds=contents.preparation_seconds,
        compressed=read_compressed(path),
    )
