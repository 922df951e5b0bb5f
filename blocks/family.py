"""What one family of networks is made of, and how its configurations are told from others'."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic_core import PydanticKnownError

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from foundation.registry import Registry

_KEY = "family"


@dataclass(frozen=True)
class Family:
    """One published system: its configuration, and the network that it builds.

    Raises:
        ValueError: the configuration does not say which family it is of.
    """

    config_type: type[NetworkConfigBase]
    network_type: Callable[..., SuperResolutionNetwork]
    """The class of the network, which takes the configuration."""

    def __post_init__(self) -> None:
        if not isinstance(self.config_type.model_fields[_KEY].default, str):
            raise ValueError(
                f"{self.config_type.__name__} must say its family, as in "
                "family: Literal['mine'] = 'mine'"
            )

    @property
    def name(self) -> str:
        """The value of the configuration's key `family`."""
        return str(self.config_type.model_fields[_KEY].default)


def parser_of(families: Registry[Family]) -> Callable[[object], NetworkConfigBase]:
    """A pydantic validator: from a mapping with the key `family` to that family's configuration.

    The families are looked up when data is parsed, so that those added later are known too.
    """

    def parse(data: object) -> NetworkConfigBase:
        if isinstance(data, NetworkConfigBase):
            name: object = data.family
        elif isinstance(data, Mapping):
            if _KEY not in data:
                raise PydanticKnownError("union_tag_not_found", {"discriminator": repr(_KEY)})
            name = data[_KEY]
        else:
            raise PydanticKnownError("model_attributes_type")
        if not isinstance(name, str) or name not in families:
            known = ", ".join(map(repr, families))
            raise PydanticKnownError(
                "union_tag_invalid",
                {"discriminator": repr(_KEY), "tag": str(name), "expected_tags": known},
            )
        return families[name].config_type.model_validate(data)

    return parse
