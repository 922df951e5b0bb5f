"""What a search decides once, before its first trial, and keeps in run.yaml."""

import datetime
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, TypeVar

import torch
from pydantic import BeforeValidator, TypeAdapter

from blocks.networks.registry import NetworkConfig, build_network
from compressors.crops import CropSettings, draw_crops
from compressors.engines import find_engine
from foundation.configs import parse_config
from foundation.listener import Listener
from imaging.evaluation import (
    ValidationPair,
    bicubic_upscaler,
    evaluate_quality,
    exact_by_bicubic,
    prepare_validation,
)
from imaging.image_sets import ImageSets
from imaging.images import Image, load_images
from profilers.agent.machine import Description
from profilers.host.device import computes_in_bfloat16, describe_device
from profilers.host.latency import Calibration, LatencyMeter, with_present_names
from profilers.host.subject import Bicubic
from profilers.predictor import CalibrationFile
from profilers.runtimes.registry import require_available
from profilers.runtimes.targets import Target
from reports.records import BASELINE_FAMILY, TrialRecord
from search.candidates.candidate import INT8
from search.candidates.cheapest_target import CalibratedTarget
from search.candidates.evaluation import Workbench, latency_costs
from search.candidates.latency_filter import stored_calibration
from search.candidates.patches import CandidatePatches
from search.candidates.programs import TargetPrograms
from search.config import Quantisation, SearchConfig
from search.sampler import population_size
from search.storage.changes import config_in
from search.storage.run_directory import RunDirectory
from training.data.patches import PatchSampler
from training.precision import choose_precision
from training.step import Precision
from training.teacher import Teacher, teacher_of

CALIBRATION_SECONDS = 5.0
STORED_CALIBRATION: TypeAdapter[Calibration] = TypeAdapter(
    Annotated[Calibration, BeforeValidator(with_present_names)]
)
_CALIBRATIONS: TypeAdapter[Mapping[str, Calibration]] = TypeAdapter(Mapping[str, Calibration])

_PRECISION: TypeAdapter[Mapping[str, Precision]] = TypeAdapter(Mapping[str, Precision])

T = TypeVar("T")


def initial_settings(
    config: SearchConfig, workers: int, warm_start: Sequence[str] = ()
) -> dict[str, object]:
    """The settings of a run that has not begun; `warm_start` names the runs it begins with."""
    return {
        "config": config.model_dump(mode="json", exclude_none=True),
        "train_steps": config.steps,
        "population": population_size(config.budget.trials),
        "workers": workers,
        "target": asdict(config.target),
        **({"warm_start": list(warm_start)} if warm_start else {}),
        "created": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "device": describe_device(),
    }


@dataclass(frozen=True)
class Photographs:
    """What the candidates of a search are trained on, and judged by."""

    training: tuple[Image, ...]
    validation: tuple[ValidationPair, ...]
    digests: ImageSets


def load_photographs(config: SearchConfig, listener: Listener) -> Photographs:
    """The photographs that a config names; nothing is written.

    Raises:
        ValueError: a folder or an image cannot be used, or bicubic restores a validation image
            exactly, so that nothing can be compared by it.
    """
    training = load_images(config.data.training, split="training", listener=listener)
    validation = load_images(config.data.validation, split="validation", listener=listener)
    for note in (*training.notes, *validation.notes):
        listener.warning(note)
    pairs = prepare_validation(validation.images, config.scale)
    if exact := exact_by_bicubic(pairs):
        raise ValueError(
            "validation images must have a finite PSNR, but bicubic restores some exactly, as it "
            f"does any image of a single colour: remove {', '.join(exact)} from "
            f"{config.data.validation}"
        )
    digests = ImageSets.of(training.images, validation.images)
    return Photographs(training.images, pairs, digests)


def prepare(
    config: SearchConfig,
    run: RunDirectory,
    photographs: Photographs,
    stack: ExitStack,
    listener: Listener,
    *,
    has_begun: bool,
) -> Workbench:
    """Decide, or read back, what holds for every candidate.

    The latency meter's process ends with `stack`. Of a run that `has_begun` the photographs are
    compared with those it began with.

    Raises:
        ValueError: a device is missing, a photograph is too small, run.yaml cannot be used, or the
            photographs are others than before.
    """
    for target in (config.target, *config.other_targets):
        require_available(target)
    if INT8 in config.precisions:
        find_engine(config.target.runtime)
    # Training runs in eager mode, whatever runtime the candidates are measured on.
    require_available(Target(runtime="eager", device=config.training.device))
    torch.set_num_threads(config.training.threads)
    settings = run.read_settings()
    _warn_of_another_device(settings, listener)
    _check_images(photographs.digests, run, listener, has_begun)
    patches = _patches(config, photographs)
    precision = decided(_PRECISION, "precision", run) or {}
    for space in config.space.families:
        typical = space.typical(config.scale)
        # Asked for in any case, so that photographs too small for it are found now.
        sampler = patches.sampler(typical, config.seed)
        teacher = teacher_of(sampler.recipe, typical, device=config.training.device)
        if teacher is not None:
            _check_teacher(teacher, run)
            settings["teacher"] = teacher.identity
        if space.family not in precision:
            chosen = _precision_of(typical, config, sampler, listener)
            precision = {**precision, space.family: chosen}
            settings["precision"] = precision
            run.write_settings(settings)

    targets, stored = _calibrated_targets(config, run, settings, stack, listener)
    return Workbench(config, run, patches, photographs.validation, precision, targets, stored)


def _calibrated_targets(
    config: SearchConfig,
    run: RunDirectory,
    settings: dict[str, Any],
    stack: ExitStack,
    listener: Listener,
) -> tuple[Mapping[str, tuple[CalibratedTarget, ...]], CalibrationFile | None]:
    """What times networks, by precision, and the calibration file that the run names.

    What is decided here is written beside the other `settings`.
    """
    targets: dict[str, tuple[CalibratedTarget, ...]] = {}
    if "latency_ms" not in config.columns:
        return targets, None
    meter = stack.enter_context(LatencyMeter(config.target, listener))
    device = decided(Description, "target_device", run) or meter.describe_device()
    stored = stored_calibration(config, device, listener)
    calibration = decided(STORED_CALIBRATION, "calibration", run)
    if calibration is None:
        calibration = _calibration(stored, meter, listener)
        settings |= {"target_device": device, "calibration": asdict(calibration)}
        run.write_settings(settings)
    targets[config.target.precision] = (CalibratedTarget(meter, calibration),)
    known = decided(_CALIBRATIONS, "other_calibrations", run)
    others: dict[str, Calibration] = {} if known is None else dict(known)
    for target in config.other_targets:
        meter = stack.enter_context(LatencyMeter(target, listener))
        if target.of_reference == config.target.of_reference:  # which differ in int8 alone
            others[str(target)] = replace(calibration, target=str(target))
        elif str(target) not in others:
            others[str(target)] = _calibration(None, meter, listener)
            settings["other_calibrations"] = {
                name: asdict(calibration) for name, calibration in others.items()
            }
            run.write_settings(settings)
        place = target.precision if config.judges_programs else config.target.precision
        timed = CalibratedTarget(meter, others[str(target)])
        targets[place] = (*targets.get(place, ()), timed)
    return targets, stored


def target_programs(
    bench: Workbench, photographs: Photographs, listener: Listener
) -> TargetPrograms | None:
    """What runs the trained candidates on the target; None where the training judges them.

    Raises:
        ValueError: the calibration images cannot be used, or are others than when the run began.
    """
    config = bench.config
    if not config.judges_programs:
        return None
    if INT8 not in config.precisions:
        return TargetPrograms(bench, crops=None)
    quantisation = config.quantisation or Quantisation()
    images = photographs.training
    if quantisation.images is not None:
        loaded = load_images(quantisation.images, split="training")
        for note in loaded.notes:
            listener.warning(note)
        images = loaded.images
    least_px = max(space.typical(config.scale).minimum_size_px for space in config.space.families)
    settings = CropSettings(crops=quantisation.crops, seed=config.seed)
    crops = draw_crops(images, config.scale, least_px, settings)
    before = decided(str, "calibration_crops", bench.run)
    if before not in (None, crops.digest):
        raise ValueError(
            "every int8 program must be calibrated with the same images, but this run began with "
            f"crops {before}, and those of {quantisation.images or config.data.training} are "
            f"{crops.digest}: restore the images, or start a new search"
        )
    bench.run.write_settings({**bench.run.read_settings(), "calibration_crops": crops.digest})
    return TargetPrograms(bench, crops)


def _check_teacher(teacher: Teacher, run: RunDirectory) -> None:
    """Check that all candidates of a run have the same teacher.

    Raises:
        ValueError: its weights are others than when the run began.
    """
    before = decided(str, "teacher", run)
    if before not in (None, teacher.identity):
        raise ValueError(
            f"every candidate must have the same teacher, but this run began with {before}, and "
            f"the file that training.recipe names holds {teacher.identity}: restore it, or start "
            "a new search"
        )


def training_bench(run: RunDirectory, listener: Listener) -> Workbench:
    """What trainings need of what `prepare` has decided, in another process that measures nothing.

    Raises:
        ValueError: run.yaml cannot be used, or the photographs are others than it began with.
    """
    config = config_in(run.read_settings(), f"{run.settings}, config")
    photographs = load_photographs(config, listener)
    _check_images(photographs.digests, run, listener, has_begun=True)
    return workbench(config, run, photographs)


def judging_bench(
    config: SearchConfig, run: RunDirectory, stack: ExitStack, listener: Listener
) -> Workbench:
    """What judges other networks as the run judged its own; nothing is decided anew.

    The processes of the latency meters end with `stack`.

    Raises:
        ValueError: a target is missing, or the photographs are others than the run began with.
    """
    for target in (config.target, *config.other_targets):
        require_available(target)
    settings = run.read_settings()
    _warn_of_another_device(settings, listener)
    bench = training_bench(run, listener)
    targets, stored = _calibrated_targets(config, run, settings, stack, listener)
    return replace(bench, targets=targets, calibration_file=stored)


def workbench(config: SearchConfig, run: RunDirectory, photographs: Photographs) -> Workbench:
    """The same where the photographs are known to be the right ones."""
    torch.set_num_threads(config.training.threads)
    return Workbench(
        config,
        run,
        _patches(config, photographs),
        photographs.validation,
        decided(_PRECISION, "precision", run) or {},
        targets={},
        calibration_file=None,
    )


def _patches(config: SearchConfig, photographs: Photographs) -> CandidatePatches:
    return CandidatePatches(
        photographs.training, config.scale, config.training.recipe, config.training.device
    )


def decided(kind: type[T] | TypeAdapter[T], key: str, run: RunDirectory) -> T | None:
    """What run.yaml says was decided by an earlier session; None where it says nothing.

    Raises:
        ValueError: it says something that cannot be.
    """
    value = run.read_settings().get(key)
    return None if value is None else parse_config(kind, value, f"{run.settings}, {key}")


def measured_baseline(bench: Workbench) -> TrialRecord:
    """The bicubic baseline: what enlarging without any network gives, and what it costs."""
    config, target = bench.config, bench.config.target
    upscale = bicubic_upscaler(config.scale)
    started = time.perf_counter()
    quality = evaluate_quality(upscale, bench.validation)
    validation_seconds = time.perf_counter() - started
    baseline = TrialRecord(
        trial=None,
        arch_id=f"{BASELINE_FAMILY}-x{config.scale}",
        family=BASELINE_FAMILY,
        scale=config.scale,
        state="trained",
        params=0,
        macs=0,
        size_kib=0.0,
        psnr_y_db=quality.psnr_y_db,
        ssim_y=quality.ssim_y,
        target=str(target),
        lr_height_px=target.lr_height_px,
        lr_width_px=target.lr_width_px,
        validation_seconds=validation_seconds,
    )
    targets = bench.targets.get(target.precision)
    if not targets or target.host:  # only networks are sent to another machine
        return baseline
    latency = targets[0].meter.measure(
        Bicubic(config.scale), targets[0].calibration, max_seconds=config.timing_seconds
    )
    return latency_costs(latency).in_record(baseline)


def _check_images(
    images: ImageSets, run: RunDirectory, listener: Listener, has_begun: bool
) -> None:
    if not has_begun:
        images.record(run.path)
    elif note := images.check(
        run.path,
        remedy="restore them, name the folder they are in now with --data or --validation, or "
        "start a new search",
    ):
        listener.warning(note)


def _precision_of(
    typical: NetworkConfig, config: SearchConfig, patches: PatchSampler, listener: Listener
) -> Precision:
    if config.training.precision != "auto":
        return config.training.precision
    listener.status(f"timing training steps of {typical.family}, to choose its precision")
    precision = choose_precision(
        lambda: build_network(typical),
        patches,
        patches.recipe,
        computes_in_bfloat16=computes_in_bfloat16(config.training.device),
        device=config.training.device,
    )
    listener.status(
        f"{typical.family} trains in {precision}, chosen by timed steps (to choose it yourself: "
        "training.precision in the config)"
    )
    return precision


def _calibration(
    stored: CalibrationFile | None, meter: LatencyMeter, listener: Listener
) -> Calibration:
    """The stored one, with which predicted and measured milliseconds agree, or a new one."""
    if stored is not None:
        return stored.header.calibration
    listener.status(f"timing the reference network on {meter.target}")
    return meter.calibrate(CALIBRATION_SECONDS)


def _warn_of_another_device(settings: Mapping[str, Any], listener: Listener) -> None:
    before, now = settings.get("device"), describe_device()
    if isinstance(before, dict) and before.get("cpu_model") != now.get("cpu_model"):
        listener.warning(
            f"this run began on {before.get('cpu_model')} and goes on on {now.get('cpu_model')}: "
            "latencies measured before and after cannot be compared"
        )
