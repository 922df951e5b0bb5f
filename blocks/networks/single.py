"""The families whose networks are not made of other networks."""

from blocks.family import Family
from blocks.networks.carn import Carn, CarnConfig
from blocks.networks.edsr import Edsr, EdsrConfig
from blocks.networks.fsrcnn import Fsrcnn, FsrcnnConfig
from blocks.networks.hybrid import Hybrid, HybridConfig
from blocks.networks.imdn import Imdn, ImdnConfig
from blocks.networks.interpolation import Interpolation, InterpolationConfig
from blocks.networks.msrresnet import MsrResNet, MsrResNetConfig
from blocks.networks.rcan import Rcan, RcanConfig
from blocks.networks.rlfn import Rlfn, RlfnConfig
from blocks.networks.safmn import Safmn, SafmnConfig
from blocks.networks.seemore import SeemoRe, SeemoReConfig
from blocks.networks.smsr import Smsr, SmsrConfig
from blocks.networks.span import Span, SpanConfig
from blocks.networks.splitsr import SplitSR, SplitSRConfig
from foundation.registry import Registry

SINGLE_FAMILIES = (
    Family(SplitSRConfig, SplitSR),
    Family(SeemoReConfig, SeemoRe),
    Family(SmsrConfig, Smsr),
    Family(HybridConfig, Hybrid),
    Family(FsrcnnConfig, Fsrcnn),
    Family(EdsrConfig, Edsr),
    Family(CarnConfig, Carn),
    Family(MsrResNetConfig, MsrResNet),
    Family(RcanConfig, Rcan),
    Family(ImdnConfig, Imdn),
    Family(RlfnConfig, Rlfn),
    Family(SafmnConfig, Safmn),
    Family(SpanConfig, Span),
)

BRANCHES = Registry("branch", (*SINGLE_FAMILIES, Family(InterpolationConfig, Interpolation)))
"""What ClassSR chooses among for each patch: networks, and interpolation."""
