"""The families whose networks are not made of other networks, each with its configuration."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from blocks.carn import Carn, CarnConfig
from blocks.config import NetworkConfigBase
from blocks.edsr import Edsr, EdsrConfig
from blocks.fsrcnn import Fsrcnn, FsrcnnConfig
from blocks.imdn import Imdn, ImdnConfig
from blocks.layers import SuperResolutionNetwork
from blocks.msrresnet import MsrResNet, MsrResNetConfig
from blocks.rcan import Rcan, RcanConfig
from blocks.rlfn import Rlfn, RlfnConfig
from blocks.safmn import Safmn, SafmnConfig
from blocks.seemore import SeemoRe, SeemoReConfig
from blocks.smsr import Smsr, SmsrConfig
from blocks.span import Span, SpanConfig
from blocks.splitsr import SplitSR, SplitSRConfig

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
