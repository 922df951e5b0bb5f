"""What would have to change for a bound to be kept that no network keeps."""

import math
from collections.abc import Iterator

from blocks.networks.registry import NetworkConfig, parse_network_config
from foundation import alternatives
from reports.nothing_trained import UnkeptBound
from reports.records import OBJECTIVES, TrialRecord
from search.candidates.candidate import Costing
from search.candidates.extremes import Extremes
from search.config import SearchConfig

_BY_INPUT = frozenset({"latency_ms", "peak_memory_mib", "activation_mib"})
"""They grow with the pixels of the input; MACs are counted for one size of output."""
_SMALLEST_SIDE_PX = 16
_PROXIES = {"size_kib": "params"}
"""What tells of a design how a column changes that it has not itself, if not the MACs do."""


def remedies(config: SearchConfig, unkept: UnkeptBound) -> str:
    """What would help, as the end of a sentence; empty if nothing is known."""
    if OBJECTIVES[unkept.bound.column].direction == "maximise":
        is_least = unkept.bound.comparison == ">="
        found = ["longer trainings (budget.steps)", "a wider space"] if is_least else []
    else:
        found = [*_smaller_input(config, unkept), *_other_target(unkept), *_wider(config, unkept)]
    return f"; what helps: {alternatives(found)}" if found else ""


def _smaller_input(config: SearchConfig, unkept: UnkeptBound) -> Iterator[str]:
    if unkept.bound.column not in _BY_INPUT or unkept.bound.comparison != "<=":
        return
    if unkept.excess <= 1:  # the interval of the nearest reaches the bound
        return
    target, side = config.target, math.sqrt(1 / unkept.excess)
    height_px, width_px = (int(it * side) for it in (target.lr_height_px, target.lr_width_px))
    if min(height_px, width_px) >= _SMALLEST_SIDE_PX:
        yield (
            f"an input of about {height_px}x{width_px} px instead of "
            f"{target.lr_height_px}x{target.lr_width_px} (lr= in target)"
        )


def _other_target(unkept: UnkeptBound) -> Iterator[str]:
    if unkept.bound.column == "latency_ms" and unkept.bound.comparison == "<=":
        yield "another target or more threads (`paretosr targets`)"


def _wider(config: SearchConfig, unkept: UnkeptBound) -> Iterator[str]:
    """The hyperparameter that changes most outside its range, from the nearest network on."""
    column = unkept.bound.column
    sign = 1 if unkept.bound.comparison == "<=" else -1
    family = next(it for it in config.space.families if it.family == unkept.nearest.family)
    network = _network(unkept.nearest)
    extremes = Extremes(family, config.scale, Costing(config.target, config.seed))
    nearest = extremes.design(family.placed(network))
    if nearest is None:
        return
    known = getattr(nearest.record, column) is not None
    proxy = column if known else _PROXIES.get(column, "macs")
    found = extremes.beyond(nearest, lambda record: sign * float(getattr(record, proxy)))
    if found is None:
        return
    name, value, design = found
    share = getattr(design.record, proxy) / getattr(nearest.record, proxy)
    key = f"families.{family.family}.{family.key_of(name)}"
    label = {"macs": "MACs", "params": "parameters"}.get(proxy, proxy)
    yield (
        f"a wider space ({key}: {value} has {share:.2g} times the "
        f"{label} of {nearest.values[name]})"
    )


def _network(record: TrialRecord) -> NetworkConfig:
    assert record.config is not None  # of every network
    return parse_network_config(record.config)
