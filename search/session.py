"""One session of a search on a run directory: started, or continued after any interruption."""

import time
from contextlib import ExitStack
from pathlib import Path

from blocks.config import parse_config
from profilers.targets import Target
from search.candidates.candidate import Costing
from search.candidates.evaluation import CandidateEvaluator
from search.candidates.feasibility import check_feasible
from search.candidates.latency_filter import latency_filter_of
from search.config import SearchConfig
from search.loop import Listener, Search
from search.preparation import initial_settings, measured_baseline, prepare
from search.sampler import ReproducibleSampler, population_size
from search.storage.journal import exclusive, repair_journal
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy


def start_search(config: SearchConfig, run_dir: Path, listener: Listener) -> str:
    """Begin a search in a directory that holds no run yet; return in words what ended it.

    Raises:
        ValueError: the directory holds a run, no architecture can keep the constraints, or
            the photographs cannot be used; nothing has been trained then.
        SearchFailedError: several candidates in a row failed.
    """
    run = RunDirectory(run_dir)
    if run.settings.exists():
        same = read_config(run.path) == config
        raise ValueError(
            f"a new search needs a directory without a run, but {run_dir} holds one of "
            + (
                f"this config: continue it with `paretosr search --resume {run_dir}`"
                if same
                else "another config: choose another directory with --out"
            )
        )
    costing = Costing(Target.parse(config.target), config.seed)
    for line in check_feasible(config.space, config.constraints, costing):
        listener.notice(line)
    run_dir.mkdir(parents=True, exist_ok=True)
    with exclusive(run_dir):
        run.write_settings(initial_settings(config))
        return _session(config, run, listener)


def resume_search(
    run_dir: Path, listener: Listener, *, expected: SearchConfig | None = None
) -> str:
    """Continue the search of a run directory; one whose budget is spent ends at once.

    Returns in words what ended it.

    Raises:
        ValueError: not a run directory, one of another config than `expected`, or with a
            corrupt journal.
        SearchFailedError: several candidates in a row failed.
    """
    run = RunDirectory(run_dir)
    config = read_config(run.path)
    if expected is not None and expected != config:
        raise ValueError(
            f"the run in {run_dir} must belong to the config given, but it was started with "
            "another one: leave the config out to continue it, or choose a new --out"
        )
    with exclusive(run_dir):
        return _session(config, run, listener)


def _session(config: SearchConfig, run: RunDirectory, listener: Listener) -> str:
    started = time.perf_counter()
    listener.notice(f"the run is in {run.path}")
    if mended := repair_journal(run.journal):
        listener.notice(mended)
    with ExitStack() as stack:
        bench = prepare(config, run, stack, listener.notice)
        study = open_study(config, run, listener)
        if study.baseline is None:
            study.baseline = measured_baseline(bench)
        device = run.read_settings().get("target_device", {})
        latency_filter = latency_filter_of(config, bench.calibration_file, device, listener.notice)
        search = Search(config, study, CandidateEvaluator(bench), listener, latency_filter)
        listener.notice(f"prepared in {time.perf_counter() - started:.1f} s")
        return search.run()


def open_study(config: SearchConfig, run: RunDirectory, listener: Listener) -> SearchStudy:
    """The run's study, with the published networks that fit its space proposed first."""
    sampler = ReproducibleSampler(
        config.sampler, config.seed, population_size(config.budget.trials)
    )
    study = SearchStudy(run, config.objectives, sampler)
    proposals = []
    for name, network, misfit in config.space.published():
        if misfit is None:
            proposals.append(config.space.parameters(network))
            skip = network.model_dump().get("image_skip")
            how = f" (image skip {skip})" if skip else ""
            listener.notice(f"{name}, published, is proposed first{how}")
        else:
            listener.notice(f"{name}, published, is outside the space: {misfit}")
    study.enqueue(proposals)
    return study


def read_config(run_dir: Path) -> SearchConfig:
    """The config of a run.

    Raises:
        ValueError: not a run directory, or its settings are no valid config.
    """
    run = RunDirectory(run_dir)
    return parse_config(SearchConfig, run.read_settings().get("config"), f"{run.settings}, config")
