"""Every network family, from its configuration to a module."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated

from pydantic import Field, TypeAdapter

from blocks.carn import Carn, CarnConfig
from blocks.config import NetworkConfigBase, parse_config
from blocks.edsr import Edsr, EdsrConfig
from blocks.fsrcnn import Fsrcnn, FsrcnnConfig
from blocks.imdn import Imdn, ImdnConfig
from blocks.layers import SuperResolutionNetwork as SuperResolutionNetwork
from blocks.msrresnet import MsrResNet, MsrResNetConfig
from blocks.rcan import Rcan, RcanConfig
from blocks.rlfn import Rlfn, RlfnConfig
from blocks.safmn import Safmn, SafmnConfig
from blocks.seemore import SeemoRe, SeemoReConfig
from blocks.span import Span, SpanConfig
from blocks.splitsr import SplitSR, SplitSRConfig

NetworkConfig = Annotated[
    SplitSRConfig
    | SeemoReConfig
    | FsrcnnConfig
    | EdsrConfig
    | CarnConfig
    | MsrResNetConfig
    | RcanConfig
    | ImdnConfig
    | RlfnConfig
    | SafmnConfig
    | SpanConfig,
    Field(discriminator="family"),
]
_NETWORK_CONFIG: TypeAdapter[NetworkConfig] = TypeAdapter(NetworkConfig)


@dataclass(frozen=True)
class Family:
    """What one published system is made of."""

    config_type: type[NetworkConfigBase]
    network_type: type[SuperResolutionNetwork]


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "splitsr": Family(SplitSRConfig, SplitSR),
        "seemore": Family(SeemoReConfig, SeemoRe),
        "fsrcnn": Family(FsrcnnConfig, Fsrcnn),
        "edsr": Family(EdsrConfig, Edsr),
        "carn": Family(CarnConfig, Carn),
        "msrresnet": Family(MsrResNetConfig, MsrResNet),
        "rcan": Family(RcanConfig, Rcan),
        "imdn": Family(ImdnConfig, Imdn),
        "rlfn": Family(RlfnConfig, Rlfn),
        "safmn": Family(SafmnConfig, Safmn),
        "span": Family(SpanConfig, Span),
    }
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
