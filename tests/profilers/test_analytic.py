"""Analytic costs against the printed tables and the closed formulas of the published networks."""

import pytest
import torch

from blocks import (
    NetworkConfig,
    SeemoReConfig,
    SplitSRConfig,
    build_network,
    catalogue_config,
)
from profilers import analytic_cost, count_macs
from profilers.analytic import macs_lr_size_px


def macs_of(config: NetworkConfig) -> int:
    return analytic_cost(config, lr_height_px=64, lr_width_px=64, batch=1).macs


SEEMORE_GMACS = {
    "seemore-t": ("45.87", "20.85", "12.14"),
    "seemore-b": ("103.35", "46.52", "26.73"),
    "seemore-l": ("201.01", "89.86", "51.15"),
}


@pytest.mark.parametrize("name", SEEMORE_GMACS)
def test_seemore_runs_all_experts_of_the_printed_bound(name: str) -> None:
    printed = [f"{macs_of(catalogue_config(name, scale)) / 1e9:.2f}" for scale in (2, 3, 4)]
    assert tuple(printed) == SEEMORE_GMACS[name]


def seemore_formula(config: SeemoReConfig) -> int:
    """Multiply-adds of the published layout (ffn_ratio 2) with all experts."""
    C, N, R = config.channels, config.groups, sum(config.ranks)
    height, width = macs_lr_size_px(config.scale)
    P = height * width
    reduced = [(height // 4**t) * (width // 4**t) for t in range(1, config.recursion + 1)]
    group = P * (21 * C**2 + (24 + 2 * config.kernel) * C + 3 * C * R)
    group += 16 * C * sum(reduced) + (9 * C + C**2) * ([P, *reduced][-1])
    # The router, and the experts' biases weighted by it.
    routing = 2 * C * len(config.ranks) if len(config.ranks) > 1 else 0
    return P * (27 * C + 9 * C**2 + 27 * config.scale**2 * C) + N * (group + routing)


@pytest.mark.parametrize(
    "config",
    [
        *(catalogue_config("seemore-t", scale) for scale in (2, 3, 4)),
        SeemoReConfig(scale=2, channels=17, groups=2, ranks=(3,), recursion=0, shuffle=False),
        SeemoReConfig(scale=4, channels=8, groups=1, ranks=(2, 4), recursion=3, kernel=5),
    ],
)
def test_seemore_equals_the_closed_formula(config: SeemoReConfig) -> None:
    assert macs_of(config) == seemore_formula(config)


# (active channels, hybrid index): parameters / GMACs at x2, x3, x4, with 64 channels.
# The sheet prints 707.0 for the first entry, whose exact value is 706.948.
SPLITSR_TABLE = {
    (16, 0): ("3068547 / 706.9", "3253187 / 333.4", "3216259 / 211.9"),
    (16, 2): ("2210115 / 509.5", "2394755 / 245.8", "2357827 / 162.5"),
    (8, 3): ("1749651 / 403.6", "1934291 / 198.8", "1897363 / 136.1"),
    (16, 3): ("1780899 / 410.7", "1965539 / 202.0", "1928611 / 137.9"),
    (32, 3): ("1905603 / 439.4", "2090243 / 214.7", "2053315 / 145.0"),
    (64, 3): ("2403843 / 554.1", "2588483 / 265.6", "2551555 / 173.7"),
    (16, 4): ("1351683 / 312.0", "1536323 / 158.2", "1499395 / 113.2"),
    (16, 5): ("922467 / 213.3", "1107107 / 114.4", "1070179 / 88.5"),
    (16, 6): ("493251 / 114.5", "677891 / 70.6", "640963 / 63.8"),
}


def splitsr_formula(config: SplitSRConfig) -> int:
    """Multiply-adds of the hybrid scope "group" with the chain upsampler."""
    C, a, s = config.channels, config.active_channels, config.scale
    height, width = macs_lr_size_px(s)
    split = config.hybrid_index * config.blocks
    standard = (config.groups - config.hybrid_index) * config.blocks
    upsampler = {2: 36, 3: 81, 4: 180}[s] * C**2
    body = 27 * C + split * 9 * a**2 + standard * 18 * C**2 + (config.groups + 1) * 9 * C**2
    return height * width * (body + upsampler + 27 * C * s**2)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("active", "index"), SPLITSR_TABLE)
def test_splitsr_equals_the_printed_table_and_the_formula(
    active: int, index: int, scale: int
) -> None:
    config = SplitSRConfig(scale=scale, active_channels=active, hybrid_index=index)
    cost = analytic_cost(config, lr_height_px=8, lr_width_px=8, batch=1)
    assert f"{cost.params} / {cost.macs / 1e9:.1f}" == SPLITSR_TABLE[active, index][scale - 2]
    assert cost.macs == splitsr_formula(config)


@pytest.mark.parametrize(
    "config",
    [
        SplitSRConfig(scale=3, channels=8, groups=2, blocks=2, active_channels=4, hybrid_index=1),
        SeemoReConfig(scale=2, channels=8, groups=1, recursion=1),
    ],
)
def test_the_meta_device_counts_what_a_real_pass_runs(config: NetworkConfig) -> None:
    network = build_network(config)
    real = count_macs(network, torch.zeros(1, 3, 64, 80))
    meta = count_macs(network.to("meta"), torch.zeros(1, 3, 64, 80, device="meta"))
    assert real.total > 0
    assert (real.total, real.by_operator, real.by_module) == (
        meta.total,
        meta.by_operator,
        meta.by_module,
    )


def test_activations_scale_with_the_batch() -> None:
    config = SplitSRConfig(
        scale=2, channels=8, groups=1, blocks=1, active_channels=8, hybrid_index=0
    )
    one, three = (
        analytic_cost(config, lr_height_px=20, lr_width_px=30, batch=batch).activation_mib
        for batch in (1, 3)
    )
    assert three == pytest.approx(3 * one)


def test_an_input_below_the_minimum_size_is_refused() -> None:
    config = catalogue_config("seemore-t", 2)
    with pytest.raises(ValueError, match="16"):
        analytic_cost(config, lr_height_px=8, lr_width_px=8, batch=1)
