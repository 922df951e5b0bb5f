"""From a trained network to the int8 program that loses least, and its folder."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path

from blocks import SuperResolutionNetwork, save_checkpoint
from blocks.checkpoints import weights_digest
from compressors.artefacts import (
    CHECKPOINT_FILE,
    MANIFEST_FILE,
    Artefact,
    EngineName,
    Manifest,
    Trial,
    versions_of,
)
from compressors.attempts import Attempt, Attempts, check_crops
from compressors.crops import Crops
from compressors.engines import find_engine
from compressors.quantiser import KIB, ProgramRunner
from compressors.schemes import InstructionSet, Scheme
from compressors.sensitivity import loss_alone_db
from foundation import atomic_folder, write_bytes_atomically, write_text_atomically
from foundation.listener import SILENT, Listener

_FLOAT_BYTES = 4
_MOST_KEPT_FLOAT = 0.5
"""Of the layers: a program with more of them in float is no int8 program any more."""


class LossTooHigh(RuntimeError):  # noqa: N818 - the name says what happened
    """No program loses as little as was asked for; `tried` is what each of them lost."""

    def __init__(self, max_loss_db: float, tried: Sequence[Trial]) -> None:
        self.tried = tuple(tried)
        best = min(self.tried, key=lambda trial: trial.loss_db)
        super().__init__(
            f"int8 must lose at most {max_loss_db:g} dB on the held-out crops, but the best of "
            f"{len(self.tried)} programs lost {best.loss_db:.3f} dB: allow more, or calibrate on "
            "other images"
        )


def quantise(
    network: SuperResolutionNetwork,
    engine: EngineName,
    crops: Crops,
    run: ProgramRunner,
    instruction_set: InstructionSet,
    out: Path,
    *,
    schemes: Sequence[Scheme] | None = None,
    max_loss_db: float | None = None,
    metadata: Mapping[str, str] | None = None,
    listener: Listener = SILENT,
) -> Artefact:
    """Write the int8 program that loses least on the held-out crops, as the new folder `out`.

    Each of `schemes`, by default the engine's few, is tried on the target, where `run` runs it.
    Where the best loses more than `max_loss_db`, the layers that lose most by themselves stay in
    float, as few as will do and at most half. The folder holds the float network too, with this
    `metadata`; it is written wholly or not at all.

    Raises:
        ValueError: `out` is not new, the engine is not installed, the crops do not suit the
            network, or a bound is negative.
        ExportFailed: the network cannot become a program.
        QuantisationFailed: the engine refuses the network.
        LossTooHigh: every program loses more than `max_loss_db`.
        OSError: the folder cannot be written.
    """
    _require_new(out)
    check_crops(network, crops)
    planned = find_engine(engine).schemes(instruction_set) if schemes is None else tuple(schemes)
    if not planned:
        raise ValueError("quantising needs at least one scheme, got none")
    if max_loss_db is not None and not max_loss_db >= 0:
        raise ValueError(f"the most that may be lost must be 0 dB or more, got {max_loss_db:g}")
    listener.status(f"exporting {network.config.family} for {engine}")
    with Attempts.at(network, engine, crops, run, instruction_set) as attempts:
        tried: list[Attempt] = []
        listener.status(f"quantising {network.config.family} for {engine}")
        for scheme in planned:
            listener.progress(len(tried), len(planned), scheme.name)
            tried.append(attempts.attempt(scheme))
        listener.progress(len(planned), len(planned), "")
        chosen = min(tried, key=lambda attempt: attempt.trial.loss_db)
        if max_loss_db is not None and chosen.trial.loss_db > max_loss_db:
            tried += _with_layers_in_float(attempts, chosen, max_loss_db, listener)
            sufficient = [it for it in tried if it.trial.loss_db <= max_loss_db]
            if not sufficient:
                raise LossTooHigh(max_loss_db, [attempt.trial for attempt in tried])
            chosen = min(sufficient, key=lambda attempt: len(attempt.trial.kept_float))
        manifest = Manifest(
            engine=engine,
            arch_id=network.config.arch_id,
            weights_digest=weights_digest(network.state_dict()),
            crops_digest=crops.digest,
            instruction_set=instruction_set.name,
            versions=versions_of(*attempts.engine.libraries),
            chosen=chosen.trial,
            tried=tuple(attempt.trial for attempt in tried),
            quantised_layers=chosen.quantised,
            float_layers=attempts.float_layers(chosen),
            float_psnr_y_db=attempts.float_psnr_y_db,
            float_weights_kib=_float_weights_kib(network),
        )
        with atomic_folder(out) as folder:
            for file in chosen.folder.iterdir():
                write_bytes_atomically(folder / file.name, file.read_bytes())
            save_checkpoint(
                folder / CHECKPOINT_FILE, network.state_dict(), network.config, metadata or {}
            )
            write_text_atomically(folder / MANIFEST_FILE, manifest.model_dump_json(indent=1) + "\n")
    return Artefact(out, manifest)


def _with_layers_in_float(
    attempts: Attempts, best: Attempt, max_loss_db: float, listener: Listener
) -> list[Attempt]:
    """What was tried to find the fewest layers in float with which the loss is small enough."""
    scheme, names = best.trial.scheme, attempts.quantisable
    losses_db = {}
    for done, name in enumerate(names):
        listener.progress(done, len(names), f"sensitivity of {name}")
        losses_db[name] = loss_alone_db(attempts, scheme, name)
    worst_first = sorted(names, key=lambda name: -losses_db[name])
    tried: list[Attempt] = []

    def is_enough(count: int) -> bool:
        listener.status(f"keeping {count} of {len(names)} layers in float")
        tried.append(attempts.attempt(scheme, worst_first[:count]))
        return tried[-1].trial.loss_db <= max_loss_db

    # The loss falls with every layer but for noise, so that halving finds where it is enough.
    bisect_left(range(1, 1 + int(_MOST_KEPT_FLOAT * len(names))), True, key=is_enough)
    return tried


def _float_weights_kib(network: SuperResolutionNetwork) -> float:
    numbers: int = sum(tensor.numel() for tensor in network.state_dict().values())
    return numbers * _FLOAT_BYTES / KIB


def _require_new(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ValueError(f"an int8 network is written as a new folder, but {out} is there already")
