"""What every network configuration shares: canonical form, identity, what it needs of images."""

import hashlib
import json
from abc import abstractmethod
from typing import Literal, Self

from foundation.configs import FrozenConfig

Scale = Literal[2, 3, 4]


class NetworkConfigBase(FrozenConfig):
    """What the rest of the suite knows about any network's configuration."""

    family: str
    scale: Scale

    @property
    def whole_image_parts(self) -> str:
        """What makes an output pixel depend on the whole image, where the radius is None."""
        return ""

    @property
    def is_input_adaptive(self) -> bool:
        """Whether trained weights decide how much is computed, so that random ones say nothing.

        Not so where they choose among parts of about the same cost, as SeemoRe's experts are.
        """
        return False

    @abstractmethod
    def canonical(self) -> Self:
        """The one configuration that stands for all that build the same network."""

    @property
    @abstractmethod
    def minimum_size_px(self) -> int:
        """The smallest height and width, in low-resolution pixels, the network accepts."""

    @property
    @abstractmethod
    def receptive_field_radius_px(self) -> int | None:
        """How many low-resolution pixels away an output pixel depends on, to each side.

        None: on the whole image, or on where in the image it lies.
        """

    @property
    def arch_id(self) -> str:
        """A stable name of the network: family, scale and a hash of the canonical form."""
        return arch_id_of(self.canonical())

    def replace(self, **changes: object) -> Self:
        """A copy with some fields changed, validated like any other configuration."""
        return type(self).model_validate({**self.model_dump(), **changes})


def arch_id_of(canonical: NetworkConfigBase) -> str:
    """The `arch_id` of a configuration that is in its canonical form already."""
    text = json.dumps(canonical.model_dump(mode="json"), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return f"{canonical.family}-x{canonical.scale}-{digest[:10]}"


def check_multiple(channels: int, divisor: int, reason: str) -> None:
    """Refuse channels that `divisor` does not divide; `reason` says what would.

    Raises:
        ValueError: they are no multiple of it.
    """
    if channels % divisor:
        raise ValueError(
            f"channels must be a multiple of {divisor}, {reason}, got {channels};"
            f" use {channels + divisor - channels % divisor}"
        )
