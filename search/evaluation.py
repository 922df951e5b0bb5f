"""Evaluating one candidate for real: measuring what it costs, training it, validating it."""

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch

from blocks.networks import NetworkConfig, SuperResolutionNetwork, build_network
from profilers.latency import Calibration, Latency, LatencyMeter
from profilers.memory import measure_peak_memory_mib
from profilers.subject import Subject
from profilers.targets import Target
from search.config import SearchConfig
from search.run_directory import RunDirectory
from training.loop import train
from training.patches import PatchSampler
from training.quality import ValidationPair, evaluate_quality, network_upscaler
from training.recipes import get_recipe
from training.step import Precision

Columns = Mapping[str, Any]
"""Values of columns of the trial table, by name."""
OnStep = Callable[[int, float], None]


class Evaluator(Protocol):
    """What the search asks of a candidate; each answer is columns of the trial table."""

    def measure(self, config: NetworkConfig) -> Columns:
        """The measured costs that the search needs, before any training."""

    def train(self, config: NetworkConfig, on_step: OnStep) -> Columns:
        """What a training gives: quality, steps and seconds."""


@dataclass(frozen=True)
class Workbench:
    """What all candidates of a run share, decided once and stored in its settings."""

    config: SearchConfig
    run: RunDirectory
    patches: PatchSampler
    validation: tuple[ValidationPair, ...]
    precision: Mapping[str, Precision]
    """By family."""
    meter: LatencyMeter | None
    """None where neither objectives nor constraints ask for a latency."""
    calibration: Calibration | None


class CandidateEvaluator:
    """The evaluator of real searches.

    Costs are measured before the training, not after it: a candidate that breaks a bound
    on its latency then costs seconds of timing instead of a training, and nothing trains
    while something is timed.
    """

    def __init__(self, workbench: Workbench) -> None:
        self._bench = workbench

    def measure(self, config: NetworkConfig) -> Columns:
        bench = self._bench
        columns: dict[str, Any] = {}
        form = None
        if bench.meter is not None and bench.calibration is not None:
            latency = bench.meter.measure(
                Subject(config), bench.calibration, max_seconds=bench.config.timing_seconds
            )
            columns |= latency_columns(latency)
            form = latency.form
        if "peak_memory_mib" in bench.config.columns:
            columns["peak_memory_mib"] = measure_peak_memory_mib(
                Subject(config, form=form), Target.parse(bench.config.target)
            )
        return columns

    def train(self, config: NetworkConfig, on_step: OnStep) -> Columns:
        trainings = [
            self._train_once(config, seed, on_step) for seed in self._bench.config.training_seeds
        ]
        psnrs = [training.psnr_y_db for training in trainings]
        return {
            "psnr_y_db": statistics.fmean(psnrs),
            "psnr_y_std_db": statistics.stdev(psnrs) if len(psnrs) > 1 else None,
            "ssim_y": statistics.fmean(training.ssim_y for training in trainings),
            "train_steps": self._bench.config.steps,
            "train_seconds": sum(training.train_seconds for training in trainings),
            "validation_seconds": sum(training.validation_seconds for training in trainings),
        }

    def _train_once(self, config: NetworkConfig, seed: int, on_step: OnStep) -> "_Training":
        bench = self._bench
        network = seeded_network(config, seed)
        result = train(
            network,
            bench.patches.with_seed(seed),
            get_recipe(bench.config.training.recipe),
            steps=bench.config.steps,
            device=bench.config.training.device,
            precision=bench.precision[config.family],
            checkpoint_folder=bench.run.checkpoints(config.arch_id, seed),
            on_step=on_step,
        )
        started = time.perf_counter()
        upscaler = network_upscaler(network, device=bench.config.training.device)
        quality = evaluate_quality(upscaler, bench.validation)
        return _Training(
            quality.psnr_y_db, quality.ssim_y, result.seconds, time.perf_counter() - started
        )


@dataclass(frozen=True)
class _Training:
    psnr_y_db: float
    ssim_y: float
    train_seconds: float
    validation_seconds: float


def seeded_network(config: NetworkConfig, seed: int) -> SuperResolutionNetwork:
    """The network with the initial weights that belong to `seed`; no global state is touched."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build_network(config)


def latency_columns(latency: Latency) -> Columns:
    """A latency as columns of the trial table."""
    return {
        "latency_ms": latency.latency_ms,
        "latency_ci_low_ms": latency.latency_ci_low_ms,
        "latency_ci_high_ms": latency.latency_ci_high_ms,
        "latency_ratio": latency.latency_ratio,
    }
