"""Networks of any family, also of those that only occur as parts of others."""

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from blocks.networks.registry import FAMILIES
from blocks.networks.single import BRANCHES
from blocks.random_weights import seeded

_SEED = 0


def built(config: NetworkConfigBase) -> SuperResolutionNetwork:
    """The network of a configuration, its random weights always the same."""
    families = FAMILIES if config.family in FAMILIES else BRANCHES
    with seeded(_SEED):
        return families[config.family].network_type(config)
