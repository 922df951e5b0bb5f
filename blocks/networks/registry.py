"""Every network family, from its configuration to a module.

`blocks.networks.single` lists the families; here ClassSR joins them, whose networks are made of
theirs.
"""

from typing import Annotated

from pydantic import PlainValidator, SerializeAsAny, TypeAdapter

from blocks.config import NetworkConfigBase
from blocks.family import Family, parser_of
from blocks.layers import SuperResolutionNetwork as SuperResolutionNetwork
from blocks.networks.classsr import ClassSR, ClassSRConfig
from blocks.networks.single import SINGLE_FAMILIES
from foundation.configs import parse_config
from foundation.registry import Registry

FAMILIES = Registry("family", (*SINGLE_FAMILIES, Family(ClassSRConfig, ClassSR)))
"""What is added here is also added to `BRANCHES`, so that ClassSR takes it as a branch."""

NetworkConfig = Annotated[SerializeAsAny[NetworkConfigBase], PlainValidator(parser_of(FAMILIES))]
"""The configuration of any family; as a pydantic field it is parsed by its key `family`."""

_NETWORK_CONFIG: TypeAdapter[NetworkConfig] = TypeAdapter(NetworkConfig)


def parse_network_config(data: object, where: str = "network") -> NetworkConfig:
    """The configuration in `data` (a mapping with the key `family`).

    Raises:
        ValueError: one line that opens with `where` and states what is wrong.
    """
    return parse_config(_NETWORK_CONFIG, data, where)


def build_network(config: NetworkConfigBase) -> SuperResolutionNetwork:
    """The freshly initialised network of a configuration, in training mode."""
    return FAMILIES[config.family].network_type(config)
