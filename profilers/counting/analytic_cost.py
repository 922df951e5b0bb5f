"""What a network costs, known in milliseconds by running it on the meta device."""

from dataclasses import dataclass

import torch

from blocks import NetworkConfig
from profilers.counting.activations import peak_activation_mib
from profilers.counting.macs import MacsReport, count_call
from profilers.counting.paths import counted_image, network_on_meta, paths_of
from profilers.runtimes.targets import Target


@dataclass(frozen=True)
class AnalyticCost:
    """Costs that depend on the architecture alone.

    Attributes:
        params: trainable numbers, shared ones once.
        macs: multiply-adds for one output of 1280x720 pixels on the network's costliest path,
            each of its operators computed once: every expert, every mask active, the costliest
            class for every patch. A property of the architecture; what a variant executes
            beyond it, because it repeats something, does not count.
        size_kib: every tensor of a checkpoint, in float32.
        activation_mib: largest set of live float32 activations at the target's size and batch.
    """

    params: int
    macs: int
    size_kib: float
    activation_mib: float


def analytic_cost(config: NetworkConfig, target: Target) -> AnalyticCost:
    """Return the cost of the network that `config` describes; no weight is allocated.

    Raises:
        ValueError: the input is smaller than the network takes, or the network runs an
            operator whose MACs are unknown.
    """
    shared = paths_of(config)
    network, paths = shared.network, shared.paths
    if unknown := sorted({operator for path in paths for operator in path.uncounted}):
        raise ValueError(
            f"the MACs of every operator must be known, those of {', '.join(unknown)} "
            f"in family '{config.family}' are not; add them to profilers/counting/operators.py"
        )
    images = torch.empty(target.images_shape, device="meta")
    return AnalyticCost(
        params=sum(it.numel() for it in network.parameters()),
        macs=max(path.macs for path in paths),
        size_kib=sum(tensor.numel() for tensor in network.state_dict().values()) * 4 / 1024,
        activation_mib=max(peak_activation_mib(path, images) for path in network.peak_paths()),
    )


def macs_bound(config: NetworkConfig) -> MacsReport:
    """Return the ledger of the costliest path, whose total is the `macs` of `analytic_cost`."""
    network, image = network_on_meta(config), counted_image(config.scale)
    reports = (count_call(network, path, image) for path in network.paths())
    return max(reports, key=lambda report: report.total)
