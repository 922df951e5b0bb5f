"""What every family's space shares: hyperparameters by name, networks from their values."""

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Annotated, ClassVar, Literal, Self

import pydantic

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig
from foundation.configs import FrozenConfig, parse_config
from search.space.hyperparameters import ONE_OR_MORE, Hyperparameter, Value, values_of

SHARES = (0.5, 0.0, 1.0)
"""Far-apart places in the lists of values, the most typical first."""

ImageSkips = Annotated[tuple[Literal["none", "bilinear", "bicubic"], ...], *ONE_OR_MORE]


class FamilySpace(FrozenConfig):
    """The range of every hyperparameter of one family."""

    family: ClassVar[str]

    def hyperparameters(self) -> dict[str, Hyperparameter]:
        """The hyperparameters by name, in the order of their declaration."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def key_of(self, name: str) -> str:
        """The config's key that gives the range of a hyperparameter."""
        return name

    @pydantic.model_validator(mode="after")
    def _every_value_makes_a_network(self) -> Self:
        for name, hyperparameter in self.hyperparameters().items():
            for value in values_of(hyperparameter):
                self._check_value(name, value)
        return self

    def _check_value(self, name: str, value: Value) -> None:
        """Build the value into three far-apart networks; one that never fits is refused."""
        problems = []
        for share in SHARES:
            try:
                self.network({**self.values_at(share), name: value}, 2)
            except ValueError as error:
                problems.append(error)
            else:
                return
        raise ValueError(f"{name} {value} fits no network: {problems[-1]}")

    def typical(self, scale: Scale) -> NetworkConfig:
        """The network of the middle values, or of others if those make none.

        Raises:
            ValueError: neither the middle nor the first nor the last values make a network.
        """
        problems = []
        for share in SHARES:
            try:
                return self.network(self.values_at(share), scale)
            except ValueError as error:
                problems.append(error)
        raise problems[0]

    def values_at(self, share: float) -> dict[str, Value]:
        """One value per hyperparameter: its first at 0, the middle one at 0.5, its last at 1."""
        lists = {
            name: values_of(hyperparameter)
            for name, hyperparameter in self.hyperparameters().items()
        }
        return {name: values[int(share * (len(values) - 1))] for name, values in lists.items()}

    @abstractmethod
    def network(self, values: Mapping[str, Value], scale: Scale) -> NetworkConfig:
        """The config that one value per hyperparameter describes.

        Raises:
            ValueError: the values fit each hyperparameter but no network, such as an odd split.
        """

    @abstractmethod
    def values(self, config: NetworkConfig) -> dict[str, Value]:
        """The inverse of `network`: one value per hyperparameter, perhaps outside its range."""

    def placed(self, config: NetworkConfig) -> dict[str, Value]:
        """`values`, in their ranges as far as others there make the same network.

        So of a network without a split place every `hybrid_index` above 0 is as good as none.
        """
        values, wanted = self.values(config), config.canonical()
        while (nearer := next(self._nearer(values, wanted), None)) is not None:
            values = nearer
        return values

    def _nearer(
        self, values: dict[str, Value], wanted: NetworkConfig
    ) -> Iterator[dict[str, Value]]:
        """The values with one more of them in its range, of which each makes the same network."""
        for name, hyperparameter in self.hyperparameters().items():
            choices = values_of(hyperparameter)
            for choice in choices if values[name] not in choices else ():
                moved = {**values, name: choice}
                with suppress(ValueError):  # they make no network together
                    if self.network(moved, wanted.scale).canonical() == wanted:
                        yield moved

    def misfit(self, config: NetworkConfig) -> str | None:
        """Why the space does not hold a config of its family: the first hyperparameter to blame."""
        values = self.placed(config)
        for name, hyperparameter in self.hyperparameters().items():
            if values[name] not in values_of(hyperparameter):
                return f"{name} {values[name]} is not among {list(values_of(hyperparameter))}"
        if self.network(values, config.scale).canonical() != config.canonical():
            return "it has parts that no hyperparameter can make"
        return None

    def prepared_for_search(self, published: NetworkConfig) -> NetworkConfig:
        """A published network of the family as a search trains it."""
        return published


class SkippedFamilySpace(FamilySpace):
    """A family whose published networks lack the image skip that short trainings need."""

    image_skip: ImageSkips = ("bilinear",)

    def prepared_for_search(self, published: NetworkConfig) -> NetworkConfig:
        """The network with the first image skip of the space; its size and cost are the same.

        Raises:
            ValueError: networks of the family have no image skip to choose.
        """
        fields = {**published.model_dump(), "image_skip": self.image_skip[0]}
        return parse_config(type(published), fields, f"a {self.family} network with an image skip")
