"""What is known of a candidate before it is built."""

from dataclasses import dataclass, replace
from typing import Literal, Self

from blocks.config import arch_id_of
from blocks.networks.registry import NetworkConfig
from profilers.counting.analytic_cost import analytic_cost
from profilers.runtimes.targets import Target
from reports.columns import Precision
from reports.records import TrialRecord

INT8: Literal["int8"] = "int8"


@dataclass(frozen=True)
class Candidate:
    """What a search proposes: a network's canonical configuration, its id, and the precision.

    Candidates of one id share their trained weights.
    """

    config: NetworkConfig
    arch_id: str
    precision: Precision = "float32"
    """In which the target runs it."""

    @classmethod
    def of(cls, config: NetworkConfig, precision: Precision = "float32") -> Self:
        """The candidate that any configuration of a network stands for."""
        canonical = config.canonical()
        return cls(canonical, arch_id_of(canonical), precision)

    @property
    def is_measured_trained(self) -> bool:
        """Whether its costs depend on trained weights, by masks or by the layers quantised."""
        return self.config.is_input_adaptive or self.precision == INT8


@dataclass(frozen=True)
class Costing:
    """Where and for which training seed the candidates of a run are costed."""

    target: Target
    """In any precision."""
    seed: int


def described(trial: int | None, candidate: Candidate, costing: Costing) -> TrialRecord:
    """A record with the identity of a candidate and nothing measured; no tensor is touched."""
    return TrialRecord(
        trial=trial,
        arch_id=candidate.arch_id,
        family=candidate.config.family,
        scale=candidate.config.scale,
        state="proposed",
        config=candidate.config.model_dump(mode="json"),
        target=str(replace(costing.target, precision=candidate.precision)),
        precision=candidate.precision,
        lr_height_px=costing.target.lr_height_px,
        lr_width_px=costing.target.lr_width_px,
        seed=costing.seed,
    )


def with_analytic_cost(record: TrialRecord, candidate: Candidate, costing: Costing) -> TrialRecord:
    """The record with its cheap columns filled in: parameters, MACs, weights, live activations."""
    cost = analytic_cost(candidate.config, costing.target)
    return replace(
        record,
        params=cost.params,
        macs=cost.macs,
        size_kib=None if candidate.precision == INT8 else cost.size_kib,
        activation_mib=cost.activation_mib,
    )


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
