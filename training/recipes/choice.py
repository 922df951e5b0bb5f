"""Which recipe a training follows, and what of it was set otherwise."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from blocks.config import NetworkConfigBase
from training.recipes.recipe import Recipe, Settings
from training.recipes.registry import families_of_part, get_recipe, recipe_for

DEFAULT_RECIPE = "quick"


@dataclass(frozen=True)
class RecipeChoice:
    """A recipe by its name, and the fields of it that are set to other values.

    Raises:
        ValueError: the recipe or a field of it is unknown, or a value is not allowed.
    """

    name: str = DEFAULT_RECIPE
    settings: Settings = field(default_factory=dict)

    def __post_init__(self) -> None:
        # As the recipe holds them, so that equal choices are equal however they were written.
        values = {field: self.recipe.value_of(field) for field in self.settings}
        object.__setattr__(self, "settings", values)

    @classmethod
    def parse(cls, data: object) -> Self:
        """The choice that a config file makes: a name, or a mapping of fields, one of them `name`.

        Raises:
            ValueError: it is neither, or not a possible choice.
        """
        if isinstance(data, cls):
            return data
        if isinstance(data, str):
            return cls(data)
        if isinstance(data, Mapping) and isinstance(data.get("name", DEFAULT_RECIPE), str):
            settings = {key: value for key, value in data.items() if key != "name"}
            return cls(data.get("name", DEFAULT_RECIPE), settings)
        raise ValueError(f"must be a recipe's name, or a mapping with `name`, got {data!r}")

    def written(self) -> object:
        """What `parse` reads."""
        return {"name": self.name, **self.settings} if self.settings else self.name

    @property
    def recipe(self) -> Recipe:
        """The recipe before it is adapted to a network."""
        return get_recipe(self.name).with_settings(self.settings)

    def for_network(self, config: NetworkConfigBase) -> Recipe:
        """The recipe as the network of `config` takes it; what was set stays as it was set.

        Raises:
            ValueError: the recipe is for another family of networks, or a value that was set does
                not go with what the network brings.
        """
        return recipe_for(get_recipe(self.name), config).with_settings(self.settings)

    def check_use(self, families: Iterable[str]) -> None:
        """Check that everything that was set has an effect on one of the families of networks.

        Raises:
            ValueError: some of it has none.
        """
        families = tuple(families)
        for name in self.settings:
            concerned = families_of_part(name.partition(".")[0])
            if concerned and not set(concerned) & set(families):
                raise ValueError(
                    f"{name} is for {' and '.join(concerned)} networks, got "
                    f"{', '.join(families)}: leave it out"
                )
