"""The networks of the tabular benchmark: drawn once, and kept with what is known without training.

    python benchmarks/tabular_architectures.py

writes tabular/architectures.csv anew: the networks that it has already stay, with their columns
computed again, and families that have joined the space are drawn.
"""

import json
from dataclasses import asdict
from itertools import zip_longest

import pandas as pd
from architectures import drawn, space
from tabular_table import FOLDER

from blocks import NetworkConfig, parse_network_config
from blocks.networks.seemore import SeemoReConfig
from blocks.networks.splitsr import SplitSRConfig
from foundation.atomic import write_text_atomically
from profilers.counting.analytic_cost import analytic_cost
from profilers.runtimes.targets import Target
from search.candidates.structure import structure_of

ARCHITECTURES = FOLDER / "architectures.csv"
PER_FAMILY = 44
SEED = 0
# Of the activations; MACs have a size of their own.
TARGET = Target.parse("eager:threads=1,lr=180x320")


def architectures() -> dict[str, NetworkConfig]:
    """The networks by arch_id, in the order of the table; drawn where they were not yet."""
    if not ARCHITECTURES.exists():
        write_architectures()
    rows = pd.read_csv(ARCHITECTURES)
    return {
        str(arch_id): parse_network_config(json.loads(config), str(arch_id))
        for arch_id, config in zip(rows["arch_id"], rows["config"], strict=True)
    }


def published_designs() -> dict[str, NetworkConfig]:
    """Two designs as their papers have them, which stand beside the table."""
    return {"SeemoRe-T": SeemoReConfig(scale=2), "SplitSR": SplitSRConfig(scale=2)}


def write_architectures() -> None:
    kept = list(architectures().values()) if ARCHITECTURES.exists() else []
    families = {config.family for config in kept}
    new = [family.family for family in space().families if family.family not in families]
    found = [*kept, *drawn(PER_FAMILY, SEED, families=new)]
    turns = zip_longest(
        *([c for c in found if c.family == family.family] for family in space().families)
    )
    rows = [row(config) for turn in turns for config in turn if config is not None]
    write_text_atomically(ARCHITECTURES, pd.DataFrame(rows).to_csv(index=False))


def row(config: NetworkConfig) -> dict[str, object]:
    cost = analytic_cost(config, TARGET)
    return {
        "arch_id": config.arch_id,
        "family": config.family,
        "params": cost.params,
        "macs": cost.macs,
        "activation_mib": round(cost.activation_mib, 3),
        "is_input_adaptive": config.is_input_adaptive,
        **asdict(structure_of(config, cost.macs)),
        "config": json.dumps(config.model_dump(mode="json")),
    }


if __name__ == "__main__":
    write_architectures()
