"""The families whose networks inherit weights."""

from compressors.inheritance.families.edsr import EDSR
from compressors.inheritance.families.splitsr import SPLITSR
from compressors.inheritance.family import InheritedFamily
from foundation.registry import Registry

INHERITED_FAMILIES: Registry[InheritedFamily] = Registry(
    "family that inherits weights",
    (SPLITSR, EDSR),
)
