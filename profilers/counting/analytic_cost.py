"""What a network costs, known in milliseconds by running it on the meta device."""

from dataclasses import dataclass
from functools import lru_cache

import torch

from blocks import NetworkConfig, NetworkConfigBase, SuperResolutionNetwork, build_network
from profilers.counting.activations import peak_activation_mib
from profilers.counting.macs import MacsReport, count_call
from profilers.counting.meta_device import build_on_meta
from profilers.runtimes.targets import Target

HR_HEIGHT_PX = 720
HR_WIDTH_PX = 1280


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
    network = shared_on_meta(config)
    reports = _reports_of_paths(network)
    if unknown := sorted({operator for report in reports for operator in report.uncounted}):
        raise ValueError(
            f"the MACs of every operator must be known, those of {', '.join(unknown)} "
            f"in family '{config.family}' are not; add them to profilers/counting/operators.py"
        )
    images = torch.empty(target.images_shape, device="meta")
    return AnalyticCost(
        params=reports[0].parameters,
        macs=max(report.total for report in reports),
        size_kib=sum(tensor.numel() for tensor in network.state_dict().values()) * 4 / 1024,
        activation_mib=max(peak_activation_mib(path, images) for path in network.peak_paths()),
    )


def macs_bound(config: NetworkConfig) -> MacsReport:
    """Return the ledger of the costliest path, whose total is the `macs` of `analytic_cost`."""
    return max(_reports_of_paths(network_on_meta(config)), key=lambda report: report.total)


def network_on_meta(config: NetworkConfigBase) -> SuperResolutionNetwork:
    """Return the network that `config` describes, without weights and in evaluation mode."""
    return build_on_meta(lambda: build_network(config)).eval()


@lru_cache(maxsize=1)
def shared_on_meta(config: NetworkConfigBase) -> SuperResolutionNetwork:
    """Return `network_on_meta(config)` for those who leave it as it is.

    A search looks at each of its designs twice in a row, and building one takes milliseconds.
    """
    return network_on_meta(config)


def _reports_of_paths(network: SuperResolutionNetwork) -> list[MacsReport]:
    image = torch.empty(1, 3, *macs_lr_size_px(network.config.scale), device="meta")
    return [count_call(network, path, image) for path in network.paths()]


def macs_lr_size_px(scale: int) -> tuple[int, int]:
    """Return the (height, width) at which `macs` is counted: 720x1280 over scale, floored."""
    return HR_HEIGHT_PX // scale, HR_WIDTH_PX // scale
