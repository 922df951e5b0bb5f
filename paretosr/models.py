"""Models by their references."""

from collections.abc import Sequence
from pathlib import Path

from blocks import load_checkpoint, parse_network_config
from blocks.models import Model as Model
from blocks.models import check_scale, did_you_mean, resolve_model
from compressors import is_artefact, read_artefact
from foundation.listener import SILENT, Listener
from foundation.plugins import load_plugins
from paretosr.answers.picking import PICK, trial_named
from reports.records import TrialRecord
from reports.selection import KNEE
from search.candidates.candidate import INT8
from search.storage.run_directory import ARTEFACT_FOLDER, RunDirectory
from search.storage.study import read_run
from training.state import unfinished_note


def load(
    reference: Model | str | Path,
    scale: int | None = None,
    *,
    listener: Listener | None = SILENT,
) -> Model:
    """Return the model that `reference` stands for; no weights are read yet.

    `reference` is a name of the catalogue (`catalogue()` lists them), a config (.json, .yaml),
    a checkpoint (.safetensors), the folder of a quantised network (`compress` writes it), a trial
    of a search, "bicubic", or a model, which is returned as it is. A trial is "RUN_DIR:TRIAL", by
    its number or the id of its architecture, or by what `pick` takes: "RUN_DIR:knee" or
    "RUN_DIR:latency_ms<=15"; "RUN_DIR:pick" is the last that was picked, or else the knee.
    `scale`, 2, 3 or 4, is needed for names of the catalogue and bicubic; the others say it
    themselves.

    `listener` is warned of weights whose training has not ended; None stands for a use of the
    design alone.

    Raises:
        ValueError: the reference is unknown, needs a scale or contradicts it, or its file is not
            what its name says.
        OSError: its file cannot be read.

    Examples:
        >>> import paretosr as psr
        >>> net = psr.load("seemore-t", scale=2)
        >>> net.scale, net.config.channels, net.weights
        (2, 36, None)
    """
    if isinstance(reference, Model):
        check_scale(reference, scale)
        return reference
    folder = Path(reference)
    if is_artefact(folder):
        model = _quantised_model(folder)
        check_scale(model, scale)
    else:
        model = resolve_model(str(reference), scale, lambda trial: _trial(trial, listener))
    note = None if model.weights is None else unfinished_note(model.weights)
    if listener is not None and note is not None:
        listener.warning(note)
    return model


def trial_model(run_dir: Path, records: Sequence[TrialRecord], trial: int | str) -> Model:
    """Return a candidate of the run in `run_dir`, with the weights of its first training seed.

    `trial` is its number, which may be that of an int8 program, or the id of its architecture.

    Raises:
        ValueError: the run has no such trial, or a plug-in of its families cannot be imported.
    """
    name, reference = str(trial), f"{run_dir}:{trial}"
    built = [record for record in records if record.config]
    found = next((record for record in built if name in (record.arch_id, str(record.trial))), None)
    if found is None or found.config is None:
        trials = f"its trials are 0 to {built[-1].trial}" if built else "it has none yet"
        hint = did_you_mean(name, [KNEE, PICK, *(record.arch_id for record in built)], cutoff=0.6)
        raise ValueError(f"{run_dir} must hold a trial {name!r}: {trials}{hint}")
    config = parse_network_config(found.config, reference)
    weights = next(iter(RunDirectory(run_dir).trainings(found.arch_id)), None)
    if weights is not None and found.precision == INT8 and name == str(found.trial):
        artefact = weights.parent / ARTEFACT_FOLDER
        if is_artefact(artefact):
            weights = read_artefact(artefact).checkpoint
            return Model(reference, config.scale, config, weights, artefact)
    return Model(reference, config.scale, config, weights)


def _quantised_model(folder: Path) -> Model:
    checkpoint = read_artefact(folder).checkpoint
    config = load_checkpoint(checkpoint).config
    return Model(str(folder), config.scale, config, checkpoint, folder)


def _trial(reference: str, listener: Listener | None) -> Model:
    folder, _, name = reference.rpartition(":")
    run_dir = Path(folder)
    run = read_run(run_dir)
    load_plugins(run.plugins)
    return trial_model(run_dir, run.records, trial_named(run_dir, run, name, listener))
