"""From the picks of a run to networks that are trained, judged, exported and described."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from foundation import write_text_atomically
from foundation.listener import SILENT, Listener
from foundation.plugins import load_plugins
from paretosr.answers.finalist import PAGE, Finalist, Protocol, bicubic_quality, check_parent
from paretosr.answers.model_card import ModelCard
from paretosr.answers.picking import directory_of, record_of
from paretosr.measuring.subjects import as_target
from paretosr.models import Model, load, trial_model
from paretosr.results import Result, Table
from paretosr.runs import Run
from profilers import Target, require_available
from search.storage.study import RunContents, read_run
from training import Precision
from training.recipes.choice import RecipeChoice
from training.recipes.registry import check_family

RECIPE = "medium"
TABLE_FILE = "finalists.csv"
_COLUMNS = (
    "trial", "arch_id", "start", "parent", "teacher", "recipe", "steps", "steps_with_ancestors",
    "train_seconds", "params", "macs", "target", "latency_ms", "latency_ci_low_ms",
    "latency_ci_high_ms", "data", "computed_by", "psnr_y_db", "ssim_y", "bicubic_psnr_y_db",
)  # fmt: skip


@dataclass(frozen=True, repr=False)
class Finalists(Result):
    """The picks of a run, trained by one protocol, with what each gives and takes."""

    run: Path
    """The run directory."""
    folder: Path
    """A folder for each finalist, trial-N, and finalists.csv."""
    cards: tuple[ModelCard, ...]

    @property
    def table(self) -> Path:
        """finalists.csv, a row for each finalist and data set."""
        return self.folder / TABLE_FILE

    def checkpoint(self, trial: int) -> Path:
        """The trained network of a trial."""
        return folder_of(self.folder, trial) / "model.safetensors"

    def to_dict(self) -> Mapping[str, object]:
        return {
            "run": str(self.run),
            "folder": str(self.folder),
            "finalists": [card.to_dict() for card in self.cards],
            "table": str(self.table),
        }

    def tables(self) -> Sequence[Table]:
        numeric = (
            "trial",
            "steps",
            "params (K)",
            "GMACs",
            "latency (ms)",
            "PSNR (dB)",
            "to bicubic",
        )
        rows = [
            (
                str(card.trial),
                card.arch_id,
                f"{card.origin.steps:,}",
                f"{card.params / 1e3:,.1f}",
                f"{card.macs / 1e9:,.2f}",
                _latency(card),
                Path(quality.data).name or quality.data,
                quality.computed_by,
                f"{quality.psnr_y_db:.2f}",
                f"{quality.psnr_y_db - quality.bicubic_psnr_y_db:+.2f}",
            )
            for card in self.cards
            for quality in card.quality
        ]
        heads = (
            "trial", "architecture", "steps", "params (K)", "GMACs", "latency (ms)", "data",
            "computed by", "PSNR (dB)", "to bicubic",
        )  # fmt: skip
        return (Table(heads, tuple(rows), frozenset(numeric), "Finalists"),)

    def sentences(self) -> Sequence[str]:
        cards = [str(folder_of(self.folder, card.trial) / PAGE) for card in self.cards]
        return [*cards, str(self.table)]


def finalize(
    run: Run | str | Path,
    out: str | Path,
    picks: str | Sequence[str] = "pick",
    *,
    recipe: str = RECIPE,
    settings: Mapping[str, object] | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    parent: Model | str | Path | None = None,
    teacher: str | Path | None = None,
    data: str | Path | None = None,
    validation: str | Path | None = None,
    evaluate: Sequence[str | Path] = (),
    target: Target | str | None = None,
    max_seconds: float = 20.0,
    seed: int = 0,
    device: str = "cpu",
    precision: Precision = "float32",
    threads: int = 1,
    listener: Listener = SILENT,
) -> Finalists:
    """Train the picks of a run for use, judge and time them, export them, and write their cards.

    All picks are trained alike. Each has a folder trial-N in `out`: model.safetensors, the files of
    the target's format and ONNX, the course of the training, and card.md with card.json, the model
    card: what it is, on which device, how it was trained, and what it is not good for. The same
    call goes on where one was interrupted, and passes over what is finished.

    Args:
        run: a run or its directory.
        out: the folder.
        picks: what `pick` takes, one or several; by default the last pick, or else the knee.
        recipe: of the trainings, as of `train`.
        settings: fields of the recipe that are set otherwise.
        steps: optimizer steps of each training; by default the recipe's.
        minutes: instead of `steps`, how long each training may take.
        parent: a trained network of the same family, whose weights all picks inherit; by default
            they start from random ones.
        teacher: checkpoint of a trained network whose images are learned beside the originals.
        data: folder of training images, or "bundled"; by default that of the run.
        validation: likewise, of those that are validated on the way.
        evaluate: folders of images that the trained networks are judged on; by default the
            validation images.
        target: what they are timed on and exported for; by default that of each pick in the run.
        max_seconds: for timing each.
        seed: of the weights and the patches.
        device: "cpu" or "cuda", of the trainings.
        precision: number format of the activations in all trainings, float32 or bfloat16.
        threads: of the processor that train.
        listener: hears of progress, and of what should be known about the results.

    Returns:
        The cards, with one table of all.

    Raises:
        ValueError: no trained network is what a pick asks for, a setting does not fit, a library or
            the target is missing, or a folder holds another training; nothing was trained then.
        TrainingDiverged: a RuntimeError: a loss or the weights are no longer finite.
        KeyboardInterrupt: stopped by the user; finished finalists are whole.
        OSError: a file cannot be read or written; the error names it.

    Examples:
        >>> import paretosr as psr
        >>> found = psr.finalize("runs/mine", "runs/final", "knee")  # doctest: +SKIP
        >>> found.cards[0].cost.latency_ms  # doctest: +SKIP
    """
    run_dir, folder = directory_of(run), Path(out)
    contents = read_run(run_dir)
    load_plugins(contents.plugins)
    images = contents.settings["config"]["data"]
    training_data, validation_data = (
        str(data or images["training"]),
        str(validation or images["validation"]),
    )
    ancestor = None if parent is None else load(parent, listener=listener)
    protocol = Protocol(
        recipe=recipe,
        settings=settings or {},
        steps=steps,
        minutes=minutes,
        parent=None if ancestor is None else ancestor.weights,
        teacher=None if teacher is None else Path(teacher),
        data=training_data,
        validation=validation_data,
        evaluated_on=tuple(map(str, evaluate)) or (validation_data,),
        seed=seed,
        device=device,
        precision=precision,
        threads=threads,
        max_seconds=max_seconds,
    )
    asked_for = [picks] if isinstance(picks, str) else list(picks)
    finalists = _finalists(run_dir, contents, asked_for, target, folder, listener)
    if ancestor is not None:
        check_parent(ancestor, [finalist.model for finalist in finalists])
    _check(protocol, finalists)
    cards = []
    for number, finalist in enumerate(finalists, start=1):
        place = f"finalist {number} of {len(finalists)}, trial {finalist.trial}: "
        try:
            cards.append(finalist.finished(protocol, _Placed(listener, place)))
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"stopped at trial {finalist.trial}, {len(cards)} of {len(finalists)} finished; "
                f"the same command goes on in {folder}"
            ) from None
    found = Finalists(run_dir, folder, tuple(cards))
    write_text_atomically(found.table, _csv(found.cards))
    return found


def folder_of(folder: Path, trial: int) -> Path:
    """Where a finalist is."""
    return folder / f"trial-{trial}"


def _finalists(
    run_dir: Path,
    contents: RunContents,
    picks: Sequence[str],
    target: Target | str | None,
    folder: Path,
    listener: Listener,
) -> list[Finalist]:
    """What the picks stand for, each once, in their order.

    Raises:
        ValueError: there is no pick, or no trained network is what one asks for.
    """
    records = [record_of(run_dir, contents, name, listener) for name in picks]
    if not records:
        raise ValueError("finalize needs a pick, such as knee or 'latency_ms<=15', got none")
    unique = {record.trial: record for record in records if record.trial is not None}
    configured = contents.settings["config"]["target"]
    usual = configured if isinstance(configured, str) else configured[0]
    return [
        Finalist(
            run_dir,
            trial,
            # Only the design is used, so that an int8 trial is the network that it was made of.
            trial_model(run_dir, contents.records, record.arch_id),
            as_target(target or record.target or usual),
            folder_of(folder, trial),
        )
        for trial, record in unique.items()
    ]


def _check(protocol: Protocol, finalists: Sequence[Finalist]) -> None:
    """Check before hours of training what would be noticed only after them.

    Raises:
        ValueError: a recipe, a folder, a library or a target does not fit or is missing.
    """
    choice = RecipeChoice(protocol.recipe, protocol.settings)
    require_available(Target(runtime="onnxruntime"))
    for finalist in finalists:
        assert finalist.model.config is not None  # it is a trial
        check_family(choice.recipe, finalist.model.config)
        require_available(finalist.target)
    if protocol.teacher is not None:
        load(protocol.teacher, finalists[0].model.scale, listener=None)
    for data in protocol.evaluated_on:
        if math.isinf(bicubic_quality(data, finalists[0].model.scale).psnr_y_db):
            raise ValueError(
                f"{data} must have an image of finite PSNR, but bicubic restores exactly all that "
                "there are: add photographs"
            )


@dataclass(frozen=True)
class _Placed:
    """A listener that says, too, which of the finalists the work is for."""

    listener: Listener
    place: str

    def status(self, text: str) -> None:
        self.listener.status(f"{self.place}{text}")

    def warning(self, text: str) -> None:
        self.listener.warning(f"{self.place}{text}")

    def progress(self, done: int, total: int, text: str = "") -> None:
        self.listener.progress(done, total, text)


def _latency(card: ModelCard) -> str:
    if (cost := card.cost) is None:
        return ""
    return f"{cost.latency_ms:,.4g} [{cost.latency_ci_low_ms:,.4g}, {cost.latency_ci_high_ms:,.4g}]"


def _csv(cards: Sequence[ModelCard]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for card in cards:
        origin, cost = card.origin, card.cost
        for quality in card.quality:
            writer.writerow(
                {
                    "trial": card.trial,
                    "arch_id": card.arch_id,
                    "start": origin.start,
                    "parent": origin.parent,
                    "teacher": origin.teacher,
                    "recipe": origin.recipe,
                    "steps": origin.steps,
                    "steps_with_ancestors": origin.steps_with_ancestors,
                    "train_seconds": origin.seconds,
                    "params": card.params,
                    "macs": card.macs,
                    "target": cost and cost.target,
                    "latency_ms": cost and cost.latency_ms,
                    "latency_ci_low_ms": cost and cost.latency_ci_low_ms,
                    "latency_ci_high_ms": cost and cost.latency_ci_high_ms,
                    "data": quality.data,
                    "computed_by": quality.computed_by,
                    "psnr_y_db": quality.psnr_y_db,
                    "ssim_y": quality.ssim_y,
                    "bicubic_psnr_y_db": quality.bicubic_psnr_y_db,
                }
            )
    return text.getvalue()
