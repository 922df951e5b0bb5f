"""The space of SMSR networks."""

from collections.abc import Mapping
from typing import ClassVar

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from blocks.networks.smsr import SmsrConfig
from foundation.configs import parse_config
from search.space.family import FamilySpace
from search.space.hyperparameters import IntegerRange, Integers, Value


class SmsrSpace(FamilySpace):
    """SMSR: width, mask modules, and masked layers in each (spec sheet, section 7).

    What the masks leave out is learned: the recipe weighs it, no hyperparameter does.
    """

    family: ClassVar[str] = "smsr"
    channels: Integers = (16, 32, 48, 64)
    modules: Integers = IntegerRange(low=1, high=5)
    layers: Integers = IntegerRange(low=1, high=4)

    def network(self, values: Mapping[str, Value], scale: Scale) -> SmsrConfig:
        return parse_config(SmsrConfig, {**values, "scale": scale}, self.family)

    def values(self, config: NetworkConfig) -> dict[str, Value]:
        return config.model_dump(exclude={"family", "scale"})
