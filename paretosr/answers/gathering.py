"""Networks from everywhere in one table: runs, checkpoints evaluated here, published models."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from foundation import nearest
from foundation.listener import SILENT, Listener
from paretosr.results import Result, Table
from paretosr.runs import Run, open_run
from reports.columns import row_values
from reports.papers.systems import (
    System,
    counted_alike,
    frame_of,
    published_systems,
    systems_of_run,
)
from reports.published import BENCHMARKS

# Only networks that are evaluated need torch.
if TYPE_CHECKING:
    import pandas as pd

    from blocks.models import Model

PUBLISHED = "published"


@dataclass(frozen=True, repr=False)
class Systems(Result):
    """Networks side by side, a row for each network and data set.

    Example:
        >>> import paretosr as psr
        >>> systems = psr.gather("published:Set5", scale=4)
        >>> systems.frame.set_index("name").loc["IMDN", "psnr_y_db"].item()
        32.21

    Attributes:
        rows: the networks, in the order of their sources.
        bounds: the least and the largest value that the runs allow of a column; None where
            there is no such bound.
    """

    rows: tuple[System, ...]
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)

    @property
    def frame(self) -> "pd.DataFrame":
        """The rows as a table, with a column `config.NAME` for each hyperparameter."""
        return frame_of(self.rows)

    def caption(self, x: str = "macs", y: str = "psnr_y_db", *, bubbles: bool | None = None) -> str:
        """Return what belongs below the figure that `plot_front` draws of these networks.

        That is what is shown, how it was trained and counted, and what is not drawn.

        Raises:
            ValueError: an unknown column.
        """
        from reports.figures.paper.caption import caption
        from reports.figures.paper.front import FrontOptions

        return caption(self.rows, FrontOptions(x=x, y=y, bubbles=bubbles))

    def to_dict(self) -> Mapping[str, object]:
        return {
            "systems": [dict(row_values(system)) for system in self.rows],
            "bounds": {name: list(bound) for name, bound in self.bounds.items()},
        }

    def tables(self) -> Sequence[Table]:
        headings = ("system", "scale", "data", "PSNR (dB)", "SSIM", "params (K)", "GMACs", "source")
        numeric = frozenset(headings[3:7])
        rows = tuple(
            (
                system.name,
                "" if system.scale is None else f"x{system.scale}",
                system.data or "",
                _shown(system.psnr_y_db, "{:.2f}"),
                _shown(system.ssim_y, "{:.4f}"),
                _shown(system.params, "{:,.1f}", 1e3),
                _shown(system.macs, "{:,.2f}", 1e9),
                system.source,
            )
            for system in self.rows
            if system.state == "trained"
        )
        return (Table(headings, rows, numeric),)


def gather(
    *sources: "str | Path | Run | Model",
    evaluate: "str | Path | Sequence[str | Path]" = (),
    scale: int | None = None,
    names: Mapping[str, str] | None = None,
    counted: bool = False,
    listener: Listener = SILENT,
) -> Systems:
    """Return networks of all kinds as the rows of one table, for a figure or a table of a paper.

    Args:
        sources: each is a run or its directory, with all its trials; a trained model or a
            reference to one, which is evaluated on the folders of `evaluate`; the JSON file that
            `paretosr evaluate --json` printed; or "published", whose rows can be chosen:
            "published:Set5", "published:Set5,B100:IMDN,RLFN". Without a choice of models those of
            more than 1,000 GMACs are left out, and `listener` hears which.
        evaluate: folder of images, or several; a folder's name is the name of the data set.
        scale: of the published rows, and of models that do not say it; by default that of the
            other sources.
        names: what figures and tables call a source or a published model, by what it is here.
        counted: whether published MACs and parameters are those that this project counts, where
            it has the network, instead of the printed ones.
        listener: hears of progress and of what was left out.

    Raises:
        ValueError: a source is none of these, a model has no weights or no folder to be evaluated
            on, or a name stands for nothing.
        OSError: a file cannot be read.

    Examples:
        >>> import paretosr as psr
        >>> systems = psr.gather("published:Set5:IMDN,RLFN", scale=4)
        >>> [row.name for row in systems.rows]
        ['IMDN', 'RLFN']
    """
    folders = [evaluate] if isinstance(evaluate, str | Path) else list(evaluate)
    if not sources:
        raise ValueError(
            "a source is needed: RUN_DIR, a checkpoint with --evaluate FOLDER, or published:Set5"
        )
    chosen = dict(names or {})
    rows: list[System] = []
    runs: list[Run] = []
    later = [source for source in sources if _is_published(source)]
    for source in sources:
        if isinstance(source, Run) or _is_run(source):
            run = source if isinstance(source, Run) else open_run(str(source))
            runs.append(run)
            rows += systems_of_run(
                run.rows, run.settings, chosen.get(_key(source)) or run.path.name
            )
        elif not _is_published(source):
            rows += _rows_of_model(source, folders, scale, chosen.get(_key(source)), listener)
    scales = {row.scale for row in rows if row.scale is not None}
    for source in later:
        wanted = scale if scale is not None or len(scales) != 1 else next(iter(scales))
        rows += _rows_of_papers(str(source), wanted, listener)
    rows = [replace(row, name=chosen.get(row.name, row.name)) for row in rows]
    _check_names(chosen, sources, rows)
    if counted:
        rows = [counted_alike(row) if not row.is_ours else row for row in rows]
    return Systems(tuple(rows), _shared_bounds(runs))


def gather_for_plot(
    sources: "Sequence[str | Path | Run | Model]", axes: tuple[str, str], **options: Any
) -> Systems:
    """Like `gather`, but a run alone, PSNR against MACs, gets published models beside it."""
    found = gather(*sources, **options)
    alone = len(sources) == 1 and (isinstance(sources[0], Run) or _is_run(sources[0]))
    if not alone or axes != ("macs", "psnr_y_db"):
        return found
    beside, _ = published_systems(found.rows[0].scale if found.rows else None, ("Set5",))
    return replace(found, rows=(*found.rows, *beside))


def _is_published(source: object) -> bool:
    return isinstance(source, str) and source.partition(":")[0] == PUBLISHED


def _is_run(source: object) -> bool:
    return isinstance(source, str | Path) and Path(source).joinpath("run.yaml").exists()


def _key(source: "str | Path | Run | Model") -> str:
    """What a source is called where it is given a name."""
    if isinstance(source, Run):
        return str(source.path)
    return str(source) if isinstance(source, str | Path) else source.name


def _rows_of_papers(source: str, scale: int | None, listener: Listener) -> list[System]:
    _, _, rest = source.partition(":")
    data, _, models = rest.partition(":")
    datasets = _listed(data) or list(BENCHMARKS)
    found, beyond = published_systems(scale, datasets, _listed(models))
    if beyond:
        listener.warning(f"left out, beyond any axis: {', '.join(beyond)}; name them to have them")
    if not found:
        raise ValueError(f"nothing is published of {source} at x{scale}")
    return found


def _rows_of_model(
    source: "str | Path | Model",
    folders: "Sequence[str | Path]",
    scale: int | None,
    name: str | None,
    listener: Listener,
) -> Iterator[System]:
    evaluation = _evaluation_in(source)
    if evaluation is not None:
        called = name or Path(str(source)).stem
        yield _evaluated(evaluation, called, _named_model(evaluation, str(source)))
        return
    if isinstance(source, str | Path) and Path(source).is_dir():
        # What is wrong with a folder that should be a run, or a quantised network.
        _require_artefact(Path(source))
    from paretosr.evaluating import evaluate
    from paretosr.models import load

    model = load(source, scale, listener=listener)
    called = name or _short_name(model.name)
    if not folders:
        raise ValueError(
            f"{model.name} must be evaluated to be shown: name its images with --evaluate FOLDER"
        )
    for folder in folders:
        document = evaluate(model, folder, listener=listener).to_dict()
        yield _evaluated(document, called, model)


def _require_artefact(folder: Path) -> None:
    from compressors import is_artefact

    if not is_artefact(folder):
        open_run(folder)


def _evaluation_in(source: object) -> Mapping[str, Any] | None:
    """The document of `evaluate --json`, if the source is one."""
    if not isinstance(source, str | Path) or Path(source).suffix.lower() != ".json":
        return None
    path = Path(source)
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return None  # `load` says what is wrong with it
    keys = {"model", "scale", "data", "psnr_y_db", "ssim_y"}
    return document if isinstance(document, Mapping) and keys <= document.keys() else None


def _named_model(evaluation: Mapping[str, Any], source: str) -> "Model":
    from paretosr.models import load

    try:
        return load(str(evaluation["model"]), int(evaluation["scale"]), listener=None)
    except (ValueError, OSError) as error:
        raise ValueError(
            f"the model of {source} must still be where it was, to be counted: {error}"
        ) from error


def _evaluated(document: Mapping[str, Any], name: str, model: "Model") -> System:
    """The row of an evaluation, with what its network costs."""
    shared: dict[str, Any] = {
        "name": name,
        "kind": "checkpoint",
        "scale": int(document["scale"]),
        "data": Path(str(document["data"])).name or str(document["data"]),
        "psnr_y_db": document["psnr_y_db"],
        "ssim_y": document["ssim_y"],
        "target": document.get("target"),
        "origin": str(document["model"]),
    }
    if model.config is None:
        return System(**{**shared, "family": "bicubic", "name": "bicubic"})
    from profilers import Target
    from profilers.counting.analytic_cost import analytic_cost

    # Live activations depend on a target's input, and are not taken over.
    cost = analytic_cost(model.config, Target.parse("eager"))
    is_quantised = model.artefact is not None
    return System(
        **shared,
        arch_id=model.config.arch_id,
        family=model.config.family,
        params=cost.params,
        macs=float(cost.macs),
        macs_counted=float(cost.macs),
        size_kib=None if is_quantised else cost.size_kib,
        precision="int8" if is_quantised else "float32",
        config=model.config.model_dump(mode="json"),
    )


def _short_name(reference: str) -> str:
    """What a model is called if nobody names it: its file, or the folder of a plain model file."""
    path = Path(reference)
    if path.suffix == ".safetensors":
        return path.parent.name if path.stem == "model" and path.parent.name else path.stem
    return path.name


def _shared_bounds(runs: Sequence[Run]) -> dict[str, tuple[float | None, float | None]]:
    """The bounds that all runs have; none where they differ."""
    found = [dict(run.settings.bounds) for run in runs]
    if not found:
        return {}
    return {
        name: bound
        for name, bound in found[0].items()
        if all(it.get(name) == bound for it in found)
    }


def _check_names(
    names: Mapping[str, str], sources: "Sequence[str | Path | Run | Model]", rows: Sequence[System]
) -> None:
    known = [*map(_key, sources), *(row.name for row in rows)]
    for old, new in names.items():
        if old not in known and new not in known:
            raise ValueError(f"a name must be for a source or a row, got {old!r}"
                             + nearest(old, known))  # fmt: skip


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _shown(value: float | None, form: str, divisor: float = 1.0) -> str:
    return "" if value is None else form.format(value / divisor)
