"""What is known of a candidate before it is built."""

from dataclasses import dataclass, replace

from blocks.networks.registry import NetworkConfig
from profilers.counting.analytic_cost import analytic_cost
from profilers.runtimes.targets import Target
from reports.records import TrialRecord


@dataclass(frozen=True)
class Costing:
    """Where and for which training seed the candidates of a run are costed."""

    target: Target
    seed: int


def described(trial: int | None, config: NetworkConfig, costing: Costing) -> TrialRecord:
    """A record with the identity of a candidate and nothing measured; no tensor is touched."""
    canonical = config.canonical()
    return TrialRecord(
        trial=trial,
        arch_id=config.arch_id,
        family=config.family,
        scale=config.scale,
        state="trained",
        config=canonical.model_dump(mode="json"),
        target=str(costing.target),
        lr_height_px=costing.target.lr_height_px,
        lr_width_px=costing.target.lr_width_px,
        seed=costing.seed,
    )


def with_analytic_cost(record: TrialRecord, config: NetworkConfig, costing: Costing) -> TrialRecord:
    """The record with its cheap columns filled in: parameters, MACs and live activations."""
    cost = analytic_cost(config.canonical(), costing.target)
    return replace(record, params=cost.params, macs=cost.macs, activation_mib=cost.activation_mib)


def unbuildable(trial: int, reason: str, scale: int) -> TrialRecord:
    """The record of a proposal whose values, each in its range, make no network together."""
    return TrialRecord(
        trial=trial,
        arch_id=f"unbuildable-{trial}",
        family="none",
        scale=scale,
        state="infeasible",
        reason=reason,
    )
