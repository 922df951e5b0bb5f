"""Networks with the random weights that belong to a seed."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from blocks.networks.registry import NetworkConfig, SuperResolutionNetwork, build_network


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw random numbers on the CPU from `seed`, then go on where the generator was before."""
    before = torch.get_rng_state()
    torch.default_generator.manual_seed(seed)
    try:
        yield
    finally:
        torch.set_rng_state(before)


def seeded_network(config: NetworkConfig, seed: int) -> SuperResolutionNetwork:
    """Return the network of `config` with the weights that belong to `seed`, on the CPU."""
    with seeded(seed):
        return build_network(config)
