"""What of a model runs on a target: on one with precision int8, a quantised program of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import compressors
from blocks import SuperResolutionNetwork, load_checkpoint
from blocks.checkpoints import weights_digest
from blocks.models import Model
from compressors import (
    Artefact,
    Cache,
    Crops,
    EngineName,
    ProgramRunner,
    draw_crops,
    read_artefact,
    why_stale,
)
from compressors.artefacts import versions_of
from compressors.engines import find_engine
from foundation.listener import Listener
from imaging import BUNDLED
from imaging.images import load_images
from paretosr.measuring.subjects import as_target, subject_of
from profilers import (
    Subject,
    Target,
    instruction_set,
    program_runner,
    program_variant,
    require_available,
    target_program,
)
from upscaling import NamedProgram, require_weights

INT8 = "int8"


@dataclass(frozen=True)
class QuantiserInputs:
    """What `compressors.quantise` and `compressors.sensitivity` need, in this order.

    Attributes:
        network: in float, with its weights.
        engine: the runtime that is quantised for.
        crops: of training images.
        run: runs a program on the target.
        instructions: of the target's processor.
    """

    network: SuperResolutionNetwork
    engine: EngineName
    crops: Crops
    run: ProgramRunner
    instructions: compressors.InstructionSet


def subject_on(
    model: Model,
    target: Target,
    variant: str | None = None,
    *,
    calibration_images: str | Path = BUNDLED,
    listener: Listener,
) -> Subject | None:
    """Return what of `model` runs on `target`; None for bicubic, which is no network.

    On an int8 target that is its quantised program. A model that is not quantised is quantised
    first, by crops of `calibration_images`, and kept in a cache; the listener is told.

    Raises:
        ValueError: the model is quantised for another target, or there is no such variant; of an
            int8 target the engine is not installed or the images do not suit the network.
        ProfilingFailed, ExportFailed, QuantisationFailed: the engine refuses the network.
        OSError: an image or the cache cannot be read, or the cache not written.
    """
    if target.precision != INT8:
        require_float(model, f"{target} does not run")
        return subject_of(model, variant)
    if model.config is None:
        return subject_of(model, variant)
    if variant is not None:
        raise ValueError(
            f"{target} runs a quantised program, which has no variants: leave the variant out, "
            f"got {variant!r}"
        )
    require_available(target)
    if model.artefact is not None:
        artefact = _fitting(read_artefact(model.artefact), target)
    else:
        artefact = _quantised(model, target, calibration_images, listener)
    return Subject(model.config, artefact.checkpoint, program=artefact.program)


@contextmanager
def program_on(
    model: Model,
    target: Target | str | None,
    variant: str | None,
    *,
    calibration_images: str | Path = BUNDLED,
    listener: Listener,
) -> Iterator[NamedProgram | None]:
    """Yield the program by which `target` enlarges images as `model` does; None without target.

    Raises:
        ValueError: the model is bicubic or has no trained weights, or as `subject_on`.
        ProfilingFailed, ExportFailed, QuantisationFailed, OSError: as `subject_on`.
    """
    if target is None:
        require_float(model, "PyTorch does not run")
        yield None
        return
    wanted = as_target(target)
    if model.config is None:
        raise ValueError(
            f"a target runs networks, and bicubic is none: leave the target out, got {wanted}"
        )
    require_weights(model)
    subject = subject_on(
        model, wanted, variant, calibration_images=calibration_images, listener=listener
    )
    assert subject is not None  # the model is a network
    listener.status(f"making {model.name} ready on {wanted}")
    with target_program(subject, wanted) as program:
        yield NamedProgram(program, program_variant(subject, wanted))


@contextmanager
def quantiser_inputs(
    model: Model, target: Target, calibration_images: str | Path
) -> Iterator[QuantiserInputs]:
    """Yield what a model is quantised with for an int8 target.

    Raises:
        ValueError: the target is of another precision or missing here, something that its engine
            needs is not installed, or the images do not suit the network.
        ProfilingFailed: another machine does not answer.
        OSError: an image cannot be read.
    """
    if target.precision != INT8:
        raise ValueError(f"int8 is for a target with precision=int8, got {target}")
    require_available(target)
    find_engine(target.runtime)
    network = model.network()
    images = load_images(str(calibration_images), split="training").images
    crops = draw_crops(images, model.scale, network.config.minimum_size_px)
    with program_runner(network, target) as run:
        engine = cast(EngineName, target.runtime)  # `find_engine` knows it
        yield QuantiserInputs(network, engine, crops, run, _instructions(target))


def require_float(model: Model, why: str) -> None:
    """Check that `model` is not a quantised network, which what is to run it, `why`, cannot.

    Raises:
        ValueError: it is.
    """
    if model.artefact is not None:
        engine = read_artefact(model.artefact).manifest.engine
        raise ValueError(
            f"{model.name} is quantised for {engine}, which {why}: name --target "
            f"{engine}:precision=int8, or give {model.weights} for the network in float"
        )


def _fitting(artefact: Artefact, target: Target) -> Artefact:
    """Return the artefact if it was made for this target, and of what is installed.

    Raises:
        ValueError: it was not; says what differs.
    """
    manifest = artefact.manifest
    if manifest.engine != target.runtime:
        raise ValueError(
            f"{artefact.folder} is quantised for {manifest.engine}, got the target {target}: "
            f"name {manifest.engine}:precision=int8, or compress the network for this target"
        )
    checkpoint = load_checkpoint(artefact.checkpoint)
    stale = why_stale(
        manifest,
        arch_id=checkpoint.config.arch_id,
        weights_digest=weights_digest(checkpoint.tensors),
        instruction_set=_instructions(target).name,
        versions=versions_of(*find_engine(target.runtime).libraries),
    )
    if stale is not None:
        raise ValueError(f"{artefact.folder}: {stale}")
    return artefact


def _quantised(
    model: Model, target: Target, calibration_images: str | Path, listener: Listener
) -> Artefact:
    with quantiser_inputs(model, target, calibration_images) as inputs:
        cached = Cache().quantised(
            inputs.network,
            inputs.engine,
            inputs.crops,
            inputs.run,
            inputs.instructions,
            listener=listener,
        )
    images = (
        "the bundled photographs"
        if str(calibration_images) == BUNDLED
        else f"the images in {calibration_images}"
    )
    chosen = cached.artefact.manifest.chosen
    quality = (
        "its weights are random, so that its latency counts and its quality does not"
        if model.weights is None
        else f"it loses {chosen.loss_db:.3f} dB on held-out crops of them"
    )
    kept = "and kept in the cache" if cached.is_new else "before, and kept in the cache"
    listener.warning(f"{model.name} runs as an int8 program, made with {images} {kept}: {quality}")
    return cached.artefact


def _instructions(target: Target) -> compressors.InstructionSet:
    found = instruction_set(target)
    return compressors.InstructionSet(str(found), found.saturates)
