"""The searches of this package on the rows of a table: what they would have trained is looked up.

They are the same loops with the same decisions. Nothing is trained or measured, and what is
replayed claims the seconds that it took, so that a budget of minutes holds as in a real search.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from blocks.networks.registry import NetworkConfig
from reports.records import BASELINE_FAMILY, TrialRecord
from search.allocation.state import Structure
from search.candidates.candidate import Candidate, Costing
from search.candidates.evaluator import MeasuredCosts, OnStep, TrainedQuality
from search.config import SearchConfig
from search.ladder.driver import LadderSearch
from search.listening import SearchListener
from search.loop import Search
from search.replay.table import ReplayTable
from search.replay.table_space import TableSpace
from search.sampler import ReproducibleSampler, population_size
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy

KNOWN_COLUMNS = ("psnr_y_db", "ssim_y", "params", "macs", "activation_mib", "latency_ms")
"""Those of which a table can tell."""


@dataclass(frozen=True)
class Evaluation:
    """A network that a search had trained to some steps, in the order in which it did so."""

    arch_id: str
    steps: int
    steps_made: int
    """Since its rung before."""
    seconds: float
    """That these took in the table."""


@dataclass(frozen=True)
class Replay:
    """A search that was replayed."""

    ended: str
    """What ended it, in words."""
    records: tuple[TrialRecord, ...]
    evaluations: tuple[Evaluation, ...]


def replay(
    config: SearchConfig, table: ReplayTable, listener: SearchListener, run_dir: Path | None = None
) -> Replay:
    """Replay the search of a config, in memory or into an empty run directory.

    Raises:
        ValueError: the table does not have what the config asks for.
    """
    check_replay(config, table)
    evaluator = TableEvaluator(table, str(config.target))
    run = None if run_dir is None else RunDirectory(run_dir)
    population = population_size(config.budget.trials)
    sampler = ReproducibleSampler(
        "random" if config.rungs else config.sampler, config.seed, population
    )
    study = SearchStudy(run, config.objectives, sampler)
    if table.bicubic_db is not None:
        study.baseline = _baseline(config.scale, table.bicubic_db)
    space = TableSpace(config.scale, config.space.families, table)

    def cost_of(record: TrialRecord, candidate: Candidate, costing: Costing) -> TrialRecord:
        row = table.rows[candidate.arch_id]
        return replace(
            record,
            params=row.params,
            macs=row.macs,
            activation_mib=row.activation_mib,
            source="replayed",
        )

    def structure_of(network: NetworkConfig, macs: int) -> Structure:
        return table.rows[network.arch_id].structure

    if config.rungs:
        ended = LadderSearch(
            config,
            study,
            evaluator,
            listener,
            population=population,
            space=space,
            cost_of=cost_of,
            structure_of=structure_of,
        ).run()
    else:
        ended = Search(config, study, evaluator, listener, space=space, cost_of=cost_of).run()
    return Replay(ended, tuple(study.records()), tuple(evaluator.evaluations))


def check_replay(config: SearchConfig, table: ReplayTable) -> None:
    """Check that a table has what a config asks for.

    Raises:
        ValueError: a family, a rung, a column or a target is missing, or the space is another.
    """
    where = f"the table in {table.path}"
    families = {space.family for space in config.space.families}
    if missing := sorted(families - table.families):
        raise ValueError(
            f"{where} must have every family of the config, but it lacks {', '.join(missing)}: it "
            f"has {', '.join(sorted(table.families))}"
        )
    if others := sorted(table.families - families):
        raise ValueError(
            f"the config must search every family of {where}, but it leaves out "
            f"{', '.join(others)}: add them to families"
        )
    for arch_id, row in table.rows.items():
        if row.config.scale != config.scale:
            raise ValueError(f"{where} is of scale {row.config.scale}, got {config.scale}")
        if (misfit := config.space.misfit(row.config)) is not None:
            raise ValueError(
                f"the config's families must be those that {where} was drawn from, but {arch_id} "
                f"is outside: {misfit}"
            )
    steps = config.rungs or (config.steps,)
    if unknown := [rung for rung in steps if rung not in table.steps]:
        raise ValueError(
            f"{where} has rungs {', '.join(map(str, table.steps))}, got {unknown[0]}: set "
            "budget.steps and ladder to some of them"
        )
    if columns := [name for name in config.columns if name not in KNOWN_COLUMNS]:
        raise ValueError(f"{where} knows {', '.join(KNOWN_COLUMNS)}, got {columns[0]}")
    if "latency_ms" in config.columns:
        target = str(config.target)
        lacking = [it for it, row in table.rows.items() if target not in row.latencies]
        if lacking or len(config.targets) > 1:
            targets = sorted({name for row in table.rows.values() for name in row.latencies})
            raise ValueError(
                f"{where} must have latencies on {config.target} of every network, but "
                f"{len(lacking)} of {len(table.rows)} lack one: its targets are "
                f"{', '.join(targets) or 'none'}"
            )
    if config.judges_programs:
        raise ValueError(f"{where} knows networks as trained, got precision: leave it out")


class TableEvaluator:
    """Looks up what a training or a measurement would give, and notes what was asked for."""

    def __init__(self, table: ReplayTable, target: str) -> None:
        self._rows = table.rows
        self._target = target
        self._reached: dict[str, int] = {}
        self.evaluations: list[Evaluation] = []

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        latency = self._rows[candidate.arch_id].latencies.get(self._target)
        if latency is None:
            return MeasuredCosts()
        return MeasuredCosts(
            latency_ms=latency.latency_ms,
            latency_ci_low_ms=latency.latency_ci_low_ms,
            latency_ci_high_ms=latency.latency_ci_high_ms,
            latency_ratio=latency.latency_ratio,
        )

    def train(self, candidate: Candidate, on_step: OnStep, steps: int) -> TrainedQuality:
        arch_id = candidate.arch_id
        row, before = self._rows[arch_id], self._reached.get(arch_id, 0)
        rung, seconds = row.rungs[steps], row.seconds_per_step
        self._reached[arch_id] = steps
        made = steps - before
        self.evaluations.append(Evaluation(arch_id, steps, made, made * seconds))
        return TrainedQuality(
            psnr_y_db=rung.psnr_y_db,
            ssim_y=rung.ssim_y,
            train_steps=steps,
            train_seconds=steps * seconds,
        )


def _baseline(scale: int, psnr_y_db: float) -> TrialRecord:
    return TrialRecord(
        trial=None,
        arch_id=f"{BASELINE_FAMILY}-x{scale}",
        family=BASELINE_FAMILY,
        scale=scale,
        state="trained",
        params=0,
        macs=0,
        psnr_y_db=psnr_y_db,
        source="replayed",
    )
