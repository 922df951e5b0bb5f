"""The families whose networks are not made of other networks, each with its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from blocks.networks.carn import Carn, CarnConfig
from blocks.networks.edsr import Edsr, EdsrConfig
from blocks.networks.fsrcnn import Fsrcnn, FsrcnnConfig
from blocks.networks.imdn import Imdn, ImdnConfig
from blocks.networks.msrresnet import MsrResNet, MsrResNetConfig
from blocks.networks.rcan import Rcan, RcanConfig
from blocks.networks.rlfn import Rlfn, RlfnConfig
from blocks.networks.safmn import Safmn, SafmnConfig
from blocks.networks.seemore import SeemoRe, SeemoReConfig
from blocks.networks.smsr import Smsr, SmsrConfig
from blocks.networks.span import Span, SpanConfig
from blocks.networks.splitsr import SplitSR, SplitSRConfig

SingleNetworkConfig = (
    SplitSRConfig
    | SeemoReConfig
    | SmsrConfig
    | FsrcnnConfig
    | EdsrConfig
    | CarnConfig
    | MsrResNetConfig
    | RcanConfig
    | ImdnConfig
    | RlfnConfig
    | SafmnConfig
    | SpanConfig
)


@dataclass(frozen=True)
class Family:
    """What one published system is made of."""

    config_type: type[NetworkConfigBase]
    network_type: type[SuperResolutionNetwork]


SINGLE_FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "splitsr": Family(SplitSRConfig, SplitSR),
        "seemore": Family(SeemoReConfig, SeemoRe),
        "smsr": Family(SmsrConfig, Smsr),
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
