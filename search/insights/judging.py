"""Pruned and distilled networks, judged as the run judged the networks that they come from."""

import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace

from blocks import load_network
from blocks.checkpoints import Checkpoint
from blocks.pixels import network_upscaler
from foundation import raise_interrupt
from foundation.listener import Listener
from imaging.evaluation import Quality, evaluate_quality
from profilers.host.subject import Subject
from reports.compression.compressed import CompressedNetwork, read_compressed, write_compressed
from reports.records import TrialRecord
from search.candidates.candidate import Candidate, Costing, described, with_analytic_cost
from search.candidates.evaluation import CandidateEvaluator, Workbench
from search.candidates.evaluator import CANDIDATE_FAILURES, failure_in_words
from search.candidates.programs import program_quality
from search.config import SearchConfig
from search.insights.relatives import Relative
from search.preparation import judging_bench
from search.storage.journal import exclusive
from search.storage.run_directory import RunDirectory


def judge_relatives(
    config: SearchConfig, run: RunDirectory, relatives: Sequence[Relative], listener: Listener
) -> None:
    """Judge networks on the validation images and the target of a run, and keep that in it.

    Each is kept as soon as it is known. One that is known already is not judged again, unless that
    failed; one whose checkpoint holds other weights by now takes its own place.

    Raises:
        ValueError: another process searches in the run directory, the target is missing, or the
            photographs are others than the run began with.
        OSError: the run directory cannot be written.
    """
    with exclusive(run.path), ExitStack() as stack:
        known = list(read_compressed(run.path))
        new = [it for it in relatives if not any(_is_judged(it, other) for other in known)]
        if not new:
            return
        bench = judging_bench(config, run, stack, listener)
        for number, relative in enumerate(new, start=1):
            listener.status(f"judging {relative.file}, {number} of {len(new)}")
            judged = CompressedNetwork(
                form=relative.form,
                network=relative.network,
                file=str(relative.file),
                weights=relative.weights,
                record=_judged(bench, relative),
            )
            known = [*(it for it in known if it.file != judged.file), judged]
            write_compressed(run.path, known)


def _is_judged(relative: Relative, known: CompressedNetwork) -> bool:
    return known.record.state == "trained" and (
        known.form,
        known.network,
        known.weights,
        known.record.precision,
    ) == (relative.form, relative.network, relative.weights, relative.precision)


def _judged(bench: Workbench, relative: Relative) -> TrialRecord:
    """What a network gives and costs, or why that is not known."""
    checkpoint = relative.checkpoint
    candidate = Candidate.of(checkpoint.config, relative.precision)
    costing = Costing(bench.config.target, bench.config.seed)
    record = replace(
        described(None, candidate, costing),
        seed=_number(checkpoint, "seed"),
        train_steps=_number(checkpoint, "step"),
    )
    try:
        record = with_analytic_cost(record, candidate, costing)
        started = time.perf_counter()
        quality = _quality(bench, relative)
        validation_seconds = time.perf_counter() - started
        started = time.perf_counter()
        # With random weights, as a search times its candidates, unless trained ones decide.
        weights = relative.file if checkpoint.config.is_input_adaptive else None
        subject = Subject(candidate.config, weights)
        costs = CandidateEvaluator(bench).measure_subject(subject, relative.precision)
    except CANDIDATE_FAILURES as error:
        raise_interrupt(error)
        return replace(record, state="failed", reason=failure_in_words(error))
    return replace(
        costs.in_record(record),
        state="trained",
        psnr_y_db=quality.psnr_y_db,
        ssim_y=quality.ssim_y,
        validation_seconds=validation_seconds,
        measure_seconds=time.perf_counter() - started,
    )


def _number(checkpoint: Checkpoint, name: str) -> int | None:
    """What the metadata say of the training; None of a network that was not trained."""
    text = checkpoint.metadata.get(name, "")
    return int(text) if text.isdigit() else None


def _quality(bench: Workbench, relative: Relative) -> Quality:
    """Of what the target runs, where the run judged that, or else of the network."""
    if bench.config.judges_programs:
        subject = Subject(relative.checkpoint.config, relative.file)
        return program_quality(bench, subject, relative.precision)
    network = load_network(relative.file)
    upscaler = network_upscaler(network, device=bench.config.training.device)
    return evaluate_quality(upscaler, bench.validation)
