"""The families whose networks inherit weights."""

from compressors.inheritance.families.carn import CARN
from compressors.inheritance.families.classsr import CLASSSR, INTERPOLATION
from compressors.inheritance.families.edsr import EDSR
from compressors.inheritance.families.fsrcnn import FSRCNN
from compressors.inheritance.families.hybrid import HYBRID
from compressors.inheritance.families.imdn import IMDN
from compressors.inheritance.families.msrresnet import MSRRESNET
from compressors.inheritance.families.rcan import RCAN
from compressors.inheritance.families.rlfn import RLFN
from compressors.inheritance.families.safmn import SAFMN
from compressors.inheritance.families.seemore import SEEMORE
from compressors.inheritance.families.smsr import SMSR
from compressors.inheritance.families.span import SPAN
from compressors.inheritance.families.splitsr import SPLITSR
from compressors.inheritance.family import InheritedFamily
from foundation.registry import Registry

INHERITED_FAMILIES: Registry[InheritedFamily] = Registry(
    "family that inherits weights",
    (
        SPLITSR,
        SEEMORE,
        SMSR,
        HYBRID,
        FSRCNN,
        EDSR,
        CARN,
        MSRRESNET,
        RCAN,
        IMDN,
        RLFN,
        SAFMN,
        SPAN,
        CLASSSR,
        INTERPOLATION,
    ),
)
