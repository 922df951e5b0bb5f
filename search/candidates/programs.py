"""A trained candidate as the target's own programs run it, quantised or not."""

import shutil
import statistics
import time
from functools import cached_property
from typing import cast

from blocks import load_network
from blocks.checkpoints import weights_digest
from blocks.pixels import program_upscaler
from compressors import (
    Artefact,
    Crops,
    EngineName,
    InstructionSet,
    is_artefact,
    quantise,
    read_artefact,
    why_stale,
)
from compressors.artefacts import versions_of
from compressors.engines import find_engine
from imaging.evaluation import Quality, evaluate_quality
from profilers.host.subject import Subject
from profilers.host.target_program import instruction_set, program_runner, target_program
from reports.columns import Precision
from search.candidates.candidate import INT8, Candidate
from search.candidates.evaluation import Workbench, int8_subject
from search.candidates.evaluator import ProgramQuality, StoredSize
from training.state import MODEL_FILE


class TargetPrograms:
    """The programs of real searches: int8 ones lie in the run directory, beside their weights.

    They are made in this process, while workers train on. Only what is timed needs them to stand
    still.
    """

    def __init__(self, workbench: Workbench, crops: Crops | None) -> None:
        """`crops` calibrate int8 programs; None where there are none."""
        self._bench = workbench
        self._crops = crops

    def quantise(self, candidate: Candidate) -> StoredSize:
        seeds = self._bench.config.training_seeds
        artefacts = [self._artefact(candidate, seed) for seed in seeds]
        return StoredSize(size_kib=artefacts[0].manifest.chosen.weights_kib)

    def validate(self, candidate: Candidate) -> ProgramQuality:
        started = time.perf_counter()
        found = [self._quality(candidate, seed) for seed in self._bench.config.training_seeds]
        psnrs = [quality.psnr_y_db for quality in found]
        return ProgramQuality(
            psnr_y_db=statistics.fmean(psnrs),
            psnr_y_std_db=statistics.stdev(psnrs) if len(psnrs) > 1 else None,
            ssim_y=statistics.fmean(quality.ssim_y for quality in found),
            validation_seconds=time.perf_counter() - started,
        )

    def _quality(self, candidate: Candidate, seed: int) -> Quality:
        run = self._bench.run
        subject = (
            int8_subject(run, candidate, seed)
            if candidate.precision == INT8
            else Subject(candidate.config, run.checkpoints(candidate.arch_id, seed) / MODEL_FILE)
        )
        return program_quality(self._bench, subject, candidate.precision)

    def _artefact(self, candidate: Candidate, seed: int) -> Artefact:
        """The int8 program of one training: that of an interrupted session, or a new one."""
        assert self._crops is not None  # as they are wherever int8 is searched
        run, target = self._bench.run, self._bench.config.target_at(INT8)
        network = load_network(run.checkpoints(candidate.arch_id, seed) / MODEL_FILE)
        folder = run.artefact(candidate.arch_id, seed)
        if is_artefact(folder):
            found = read_artefact(folder)
            stale = why_stale(
                found.manifest,
                arch_id=candidate.arch_id,
                weights_digest=weights_digest(network.state_dict()),
                instruction_set=self._instructions.name,
                versions=versions_of(*find_engine(target.runtime).libraries),
            )
            if stale is None and found.manifest.crops_digest == self._crops.digest:
                return found
            shutil.rmtree(folder)
        engine = cast(EngineName, target.runtime)  # `find_engine` knows it
        with program_runner(network, target) as runner:
            return quantise(network, engine, self._crops, runner, self._instructions, folder)

    @cached_property
    def _instructions(self) -> InstructionSet:
        """Of the target's processor."""
        found = instruction_set(self._bench.config.target_at(INT8))
        return InstructionSet(str(found), found.saturates)


def program_quality(bench: Workbench, subject: Subject, precision: Precision) -> Quality:
    """What the target's own program of a network gives on the run's validation images."""
    with target_program(subject, bench.config.target_at(precision)) as program:
        return evaluate_quality(program_upscaler(program), bench.validation)
