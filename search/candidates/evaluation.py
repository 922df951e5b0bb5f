"""Evaluating one candidate for real: measuring what it costs, training it, validating it."""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from blocks.networks.registry import SuperResolutionNetwork
from blocks.pixels import network_upscaler, to_images
from blocks.random_weights import seeded_network
from blocks.variants.registry import in_variant, variants_of
from compressors import read_artefact
from imaging.evaluation import Quality, ValidationPair, evaluate_quality
from profilers.counting.executed_macs import executed_macs
from profilers.host.latency import Latency
from profilers.host.memory import measure_peak_memory_mib
from profilers.host.subject import Subject
from profilers.host.target_program import program_variant
from profilers.predictor import CalibrationFile
from reports.columns import Precision
from reports.records import TrialRecord
from search.candidates.candidate import INT8, Candidate
from search.candidates.cheapest_target import CalibratedTarget, cheapest
from search.candidates.evaluator import MeasuredCosts, OnStep, TrainedQuality
from search.candidates.patches import CandidatePatches
from search.config import SearchConfig
from search.storage.run_directory import RunDirectory
from training.loop import train
from training.state import MODEL_FILE
from training.step import Precision as TrainingPrecision

Pixels: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class Workbench:
    """What all candidates of a run share, decided once and stored in its settings."""

    config: SearchConfig
    run: RunDirectory
    patches: CandidatePatches
    validation: tuple[ValidationPair, ...]
    precision: Mapping[str, TrainingPrecision]
    """By family."""
    targets: Mapping[str, tuple[CalibratedTarget, ...]]
    """By precision, each in the order of the config; empty where nothing asks for a latency."""
    calibration_file: CalibrationFile | None
    """What latencies are predicted from; None where every one is measured."""


class CandidateEvaluator:
    """The evaluator of real searches.

    Costs are measured before the training, not after it: a candidate that breaks a bound
    on its latency then costs seconds of timing instead of a training, and nothing trains
    while something is timed. Only where trained weights decide how much is computed are those
    of the first seed measured.
    """

    def __init__(
        self, workbench: Workbench, *, between_images: Callable[[], None] = lambda: None
    ) -> None:
        """`between_images` is called before each image of a validation, and may wait."""
        self._bench = workbench
        self._between_images = between_images
        self._known: dict[tuple[str, str | None], MeasuredCosts] = {}

    def remember(self, measured: Iterable[TrialRecord]) -> None:
        """Take the costs of these designs as measured."""
        self._known |= {(it.arch_id, it.precision): MeasuredCosts.of(it) for it in measured}

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        known = self._known.get((candidate.arch_id, candidate.precision))
        if known is not None:
            return known
        return self.measure_subject(self._subject(candidate), candidate.precision)

    def measure_subject(self, subject: Subject, precision: Precision) -> MeasuredCosts:
        """What a network costs, of whatever weights."""
        bench = self._bench
        target = bench.config.target_at(precision)
        costs = MeasuredCosts()
        if targets := bench.targets.get(precision):
            target, latency = cheapest(subject, targets, max_seconds=bench.config.timing_seconds)
            costs = replace(latency_costs(latency), target=str(target))
            subject = replace(subject, variant=latency.variant)
        elif subject.program is not None:
            subject = replace(subject, variant=program_variant(subject, target))
        if "peak_memory_mib" in bench.config.columns:
            peak_memory_mib = measure_peak_memory_mib(subject, target)
            costs = replace(costs, peak_memory_mib=peak_memory_mib)
        if subject.config.is_input_adaptive:
            costs = replace(costs, macs_executed=self._macs_executed(subject))
        return costs

    def _subject(self, candidate: Candidate) -> Subject:
        """What is measured: random weights, or those of the first seed where they matter."""
        run, first_seed = self._bench.run, self._bench.config.training_seeds[0]
        if candidate.precision == INT8:
            return int8_subject(run, candidate, first_seed)
        if not candidate.config.is_input_adaptive:
            return Subject(candidate.config)
        checkpoints = run.checkpoints(candidate.arch_id, first_seed)
        return Subject(candidate.config, checkpoints / MODEL_FILE)

    def _macs_executed(self, subject: Subject) -> float:
        """The mean over the validation images, in the subject's variant or else the sparsest.

        What that variant repeats counts, so that it may exceed `macs`.
        """
        device, scale = self._bench.config.training.device, self._bench.config.scale
        network = subject.network()
        images = [to_images(pair.low, device) for pair in self._bench.validation]
        variants = variants_of(subject.config) if subject.variant is None else (subject.variant,)
        means = [
            executed_macs(in_variant(network, variant).to(device), images, scale=scale).mean
            for variant in variants
        ]
        return min(means)

    def train(self, candidate: Candidate, on_step: OnStep, steps: int) -> TrainedQuality:
        trainings = [
            self._train_once(candidate, seed, on_step, steps)
            for seed in self._bench.config.training_seeds
        ]
        psnrs = [training.psnr_y_db for training in trainings]
        return TrainedQuality(
            psnr_y_db=statistics.fmean(psnrs),
            psnr_y_std_db=statistics.stdev(psnrs) if len(psnrs) > 1 else None,
            ssim_y=statistics.fmean(training.ssim_y for training in trainings),
            train_steps=steps,
            train_seconds=sum(training.train_seconds for training in trainings),
            validation_seconds=sum(training.validation_seconds for training in trainings),
        )

    def _train_once(
        self, candidate: Candidate, seed: int, on_step: OnStep, steps: int
    ) -> "_Training":
        bench = self._bench
        network = seeded_network(candidate.config, seed)
        patches = bench.patches.sampler(candidate.config, seed)
        result = train(
            network,
            patches,
            patches.recipe,
            steps=steps,
            device=bench.config.training.device,
            precision=bench.precision[candidate.config.family],
            checkpoint_folder=bench.run.checkpoints(candidate.arch_id, seed),
            on_step=on_step,
            taught_images_folder=bench.run.taught_images,
            goes_on=steps < bench.config.steps,
        )
        quality, validation_seconds = self._validated(network)
        return _Training(quality.psnr_y_db, quality.ssim_y, result.seconds, validation_seconds)

    def _validated(self, network: SuperResolutionNetwork) -> tuple[Quality, float]:
        """The quality of a trained network, and the seconds that this took without the waits."""
        waited_seconds = 0.0
        upscaler = network_upscaler(network, device=self._bench.config.training.device)

        def upscale(low: Pixels) -> Pixels:
            nonlocal waited_seconds
            began = time.perf_counter()
            self._between_images()
            waited_seconds += time.perf_counter() - began
            return upscaler(low)

        started = time.perf_counter()
        quality = evaluate_quality(upscale, self._bench.validation)
        return quality, time.perf_counter() - started - waited_seconds


@dataclass(frozen=True)
class _Training:
    psnr_y_db: float
    ssim_y: float
    train_seconds: float
    validation_seconds: float


def int8_subject(run: RunDirectory, candidate: Candidate, seed: int) -> Subject:
    """The int8 program that a training of a candidate was quantised to."""
    artefact = read_artefact(run.artefact(candidate.arch_id, seed))
    return Subject(candidate.config, artefact.checkpoint, program=artefact.program)


def latency_costs(latency: Latency) -> MeasuredCosts:
    """What a measured latency says in the trial table."""
    return MeasuredCosts(
        latency_ms=latency.latency_ms,
        latency_ci_low_ms=latency.latency_ci_low_ms,
        latency_ci_high_ms=latency.latency_ci_high_ms,
        latency_ratio=latency.latency_ratio,
    )
