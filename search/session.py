"""One session of a search on a run directory: started, or continued after any interruption."""

import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Annotated

from pydantic import Field, TypeAdapter

from foundation.configs import Count
from search.candidates.candidate import Costing
from search.candidates.checkpoints import Checkpoints
from search.candidates.evaluation import CandidateEvaluator, Workbench
from search.candidates.evaluator import Evaluator
from search.candidates.feasibility import check_feasible
from search.candidates.latency_filter import latency_filter_of
from search.candidates.outlook import measure_cheapest, outlook, quality_bounds, why_none_kept
from search.config import SearchConfig
from search.insights.keeping import keep_insights
from search.listening import SearchListener
from search.live import told_live
from search.loop import Search, on_trial_step
from search.preparation import (
    Photographs,
    decided,
    initial_settings,
    load_photographs,
    measured_baseline,
    prepare,
    target_programs,
)
from search.replay.table import ReplayTable
from search.report import REPLAYED
from search.sampler import ReproducibleSampler, population_size
from search.storage.changes import UNCHANGED, Changes, config_in, differences, lasting
from search.storage.journal import exclusive, repair_journal
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy, read_run
from search.warm_start import WarmStart, earlier_runs
from search.workers.placement import check_workers, cluster_of, environments, workers_of
from search.workers.pool import Cluster, Pool, ThisProcess
from search.workers.processes import Processes

_POPULATION: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=2)])
_WORKERS: TypeAdapter[int] = TypeAdapter(Count)
_FOLDERS: TypeAdapter[list[str]] = TypeAdapter(list[str])


def start_search(
    config: SearchConfig,
    run_dir: Path,
    listener: SearchListener,
    *,
    warm_start: Sequence[str | Path] = (),
) -> str:
    """Begin a search in a directory that holds no run yet; return in words what ended it.

    `warm_start` names directories of earlier runs: what they measured is taken over as far as it
    compares.

    Raises:
        ValueError: the directory holds a run, no architecture can keep the constraints, or
            the photographs or the earlier runs cannot be used.
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
    costing = Costing(config.target, config.seed)
    for line in check_feasible(config.space, config.constraints_before_training, costing):
        listener.warning(line)
    with cluster_of(config, listener) as cluster:
        workers = workers_of(config) if cluster is None else cluster.workers_of(config)
        photographs = load_photographs(config, listener)
        earlier = earlier_runs(warm_start, config, photographs.digests)
        run_dir.mkdir(parents=True, exist_ok=True)
        with exclusive(run_dir):
            folders = [str(one.run.path) for one in earlier]
            run.write_settings(initial_settings(config, workers, folders))
            search = partial(_session, config, run, photographs, cluster)
            return told_live(run, listener, search)


def resume_search(
    run_dir: Path,
    listener: SearchListener,
    *,
    changes: Changes = UNCHANGED,
    expected: SearchConfig | None = None,
) -> str:
    """Continue the search of a run directory; one whose budget is spent ends at once.

    Returns in words what ended it.

    Raises:
        ValueError: not a run directory, one of another config than `expected`, with a corrupt
            journal, or with settings or images that are not those it began with.
        SearchFailedError: several candidates in a row failed.
    """
    run = RunDirectory(run_dir)
    config = read_config(run.path)
    if expected is not None and expected != config:
        differing = differences(_plain(expected), _plain(config))
        found = "; ".join(f"{key} {words}" for key, words in differing)
        raise ValueError(
            f"the run in {run_dir} must belong to the config given, but there {found}: leave the "
            "config out to continue it, or choose a new --out"
        )
    if (table := run.read_settings().get(REPLAYED)) is not None:
        raise ValueError(
            f"{run_dir} is a replay of {table}, which takes seconds: replay it anew with --replay "
            "instead of continuing it"
        )
    with exclusive(run_dir):
        if mended := repair_journal(run.journal):
            listener.warning(mended)
        before = read_run(run_dir)
        if before.began_with is not None:
            changes.check(before.began_with, lasting(before.settings), str(run.settings))
        elif before.has_begun:
            listener.warning(
                f"whether {run.settings} is as the search left it cannot be checked: the journal "
                "does not say, as in runs of earlier versions"
            )
        config = read_config(run_dir, changes)
        with cluster_of(config, listener) as cluster:
            if cluster is None:
                check_workers(changes.workers or _workers(run), config)
            photographs = load_photographs(config, listener)
            search = partial(
                _session,
                config,
                run,
                photographs,
                cluster,
                changes=changes,
                has_begun=before.has_begun,
            )
            return told_live(run, listener, search)


def replay_search(
    config: SearchConfig, table: Path, run_dir: Path, listener: SearchListener
) -> str:
    """Replay a search on the table in a folder, into a directory that holds no run.

    Returns in words what ended it.

    Raises:
        ValueError: the directory holds a run, or the table is none or lacks what the config asks
            for.
        SearchFailedError: several candidates in a row failed.
    """
    # Only here, as below: scikit-learn takes half a second.
    from search.replay.replaying import check_replay, replay

    run, rows = RunDirectory(run_dir), ReplayTable.load(table)
    if run.settings.exists():
        raise ValueError(
            f"a replay needs a directory without a run, but {run_dir} holds one: choose another "
            "with --out"
        )
    check_replay(config, rows)
    listener.status(f"replaying {len(rows.rows)} networks of {table}; the run is in {run_dir}")
    run_dir.mkdir(parents=True, exist_ok=True)
    with exclusive(run_dir):
        settings = initial_settings(config, workers=1)
        run.write_settings({**settings, REPLAYED: str(table.absolute())})
        return replay(config, rows, listener, run_dir).ended


def _session(
    config: SearchConfig,
    run: RunDirectory,
    photographs: Photographs,
    cluster: Cluster | None,
    listener: SearchListener,
    *,
    changes: Changes = UNCHANGED,
    has_begun: bool = False,
) -> str:
    started = time.perf_counter()
    listener.status(f"the run is in {run.path}")
    with ExitStack() as stack:
        bench = prepare(config, run, photographs, stack, listener, has_begun=has_begun)
        programs = target_programs(bench, photographs, listener)
        # Only now, since the images in a folder given anew may be others.
        settings = changes.applied(run.read_settings())
        run.write_settings(settings)
        population = decided(_POPULATION, "population", run)
        study = open_study(config, run, listener, population=population)
        study.keep_settings(lasting(settings))
        evaluator = CandidateEvaluator(bench)
        if (ended := _hopeless(bench, study, evaluator, listener)) is not None:
            return ended
        device = run.read_settings().get("target_device", {})
        latency_filter = latency_filter_of(config, bench.calibration_file, device, listener)
        folders = decided(_FOLDERS, "warm_start", run)
        if folders and study.warm_started is None:
            earlier = earlier_runs(folders, config, photographs.digests)
            WarmStart(bench, study, evaluator, listener).take(earlier)
        pool = stack.enter_context(_pool(config, run, photographs, evaluator, cluster, listener))
        search: Callable[[], str]
        if config.rungs:
            # Only here: scikit-learn takes half a second, for which other searches need not wait.
            from search.ladder.driver import LadderSearch

            search = LadderSearch(
                config,
                study,
                evaluator,
                listener,
                latency_filter,
                pool,
                population=population or population_size(config.budget.trials),
                checkpoints=Checkpoints(run),
            ).run
        else:
            search = Search(config, study, evaluator, listener, latency_filter, pool, programs).run
        study.preparation_seconds += time.perf_counter() - started
        listener.status(f"prepared in {time.perf_counter() - started:.1f} s")
        ended = search()
        cheapest = study.cheapest or ()
        study.keep_unkept(why_none_kept(config, study.records(), cheapest, study.baseline))
        keep_insights(bench, study, device, listener)
        rmtree(run.taught_images, ignore_errors=True)  # a search that goes on makes them again
        return ended


def _hopeless(
    bench: Workbench, study: SearchStudy, evaluator: CandidateEvaluator, listener: SearchListener
) -> str | None:
    """Measure the baseline and the cheapest designs, once; say which bounds nothing may keep.

    Returns what ends the search where one of them is out of reach, or None.
    """
    baseline = study.baseline
    if baseline is None:
        baseline = measured_baseline(bench)
        study.baseline = baseline
    cheapest = study.cheapest
    if cheapest is None:
        has_begun = bool(study.records())  # in an earlier version
        cheapest = () if has_begun else measure_cheapest(bench.config, evaluator, listener)
        study.cheapest = cheapest
    evaluator.remember(cheapest)
    for line in quality_bounds(bench.config, baseline):
        listener.status(line)
    found = outlook(bench.config, cheapest, baseline)
    for sentence in found.unlikely:
        listener.warning(sentence)
    if not found.is_hopeless:
        return None
    study.keep_unkept(found.unlikely[0])
    return "a bound is out of reach, so nothing was trained"


def _workers(run: RunDirectory) -> int:
    """How many a run has: one, as all runs of earlier versions."""
    return decided(_WORKERS, "workers", run) or 1


def _pool(
    config: SearchConfig,
    run: RunDirectory,
    photographs: Photographs,
    evaluator: Evaluator,
    cluster: Cluster | None,
    listener: SearchListener,
) -> AbstractContextManager[Pool]:
    """Those who train; no more than there are candidates to be trained."""
    workers = min(_workers(run), config.budget.trials or sys.maxsize)
    on_step = on_trial_step(listener, config)
    if cluster is None and workers == 1:
        return nullcontext(ThisProcess(evaluator, on_step))
    threads = config.training.threads
    listener.status(
        f"{workers} workers train candidates side by side, "
        + (f"{threads} threads each" if threads > 1 else "one thread each")
    )
    if cluster is not None:
        return cluster.pool(run, photographs, workers, on_step)
    return Processes(run.path, environments(config, workers), on_step)


def open_study(
    config: SearchConfig,
    run: RunDirectory,
    listener: SearchListener,
    *,
    population: int | None = None,
) -> SearchStudy:
    """The run's study, with the published networks that fit its space proposed first.

    `population` is NSGA-II's; None derives it from the budget.
    """
    if population is None:
        population = population_size(config.budget.trials)
    # With a ladder it only draws what a proposal leaves open: see ladder/shadow.py.
    sampler = ReproducibleSampler(
        "random" if config.rungs else config.sampler, config.seed, population
    )
    study = SearchStudy(run, config.objectives, sampler)
    proposals = []
    for name, network, misfit in config.space.published():
        if misfit is None:
            proposals.append(config.space.parameters(network))
            skip = network.model_dump().get("image_skip")
            how = f" (image skip {skip})" if skip else ""
            listener.status(f"{name}, published, is proposed first{how}")
        else:
            listener.status(f"{name}, published, is outside the space: {misfit}")
    study.enqueue(proposals)
    return study


def read_config(run_dir: Path, changes: Changes = UNCHANGED) -> SearchConfig:
    """The config of a run, with what is changed of it.

    Raises:
        ValueError: not a run directory, or its settings or the changes make no valid config.
    """
    run = RunDirectory(run_dir)
    settings, where = run.read_settings(), f"{run.settings}, config"
    config = config_in(settings, where)
    if changes == UNCHANGED:
        return config
    return config_in(changes.applied(settings), where)


def _plain(config: SearchConfig) -> dict[str, object]:
    return config.model_dump(mode="json", exclude_none=True)
