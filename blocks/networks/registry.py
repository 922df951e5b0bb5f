"""Every network family, from its configuration to a module."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, TypeAdapter

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork as SuperResolutionNetwork
from blocks.networks.classsr import ClassSR, ClassSRConfig
from blocks.networks.single import SINGLE_FAMILIES, Family, SingleNetworkConfig
from foundation.configs import parse_config

NetworkConfig = Annotated[SingleNetworkConfig | ClassSRConfig, Field(discriminator="family")]
_NETWORK_CONFIG: TypeAdapter[NetworkConfig] = TypeAdapter(NetworkConfig)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {**SINGLE_FAMILIES, "classsr": Family(ClassSRConfig, ClassSR)}
)


def parse_network_config(data: object, where: str = "network") -> NetworkConfig:
    """The configuration in `data` (a mapping with the key `family`).

    Raises:
        ValueError: one line that opens with `where` and states what is wrong.
    """
    return parse_config(_NETWORK_CONFIG, data, where)


def build_network(config: NetworkConfigBase) -> SuperResolutionNetwork:
    """The freshly initialised network of a configuration, in training mode."""
    return FAMILIES[config.family].network_type(config)
