"""The patches that the candidates of a run are trained on."""

from collections.abc import Sequence

from blocks.networks.registry import NetworkConfig
from imaging.images import Image
from training.data.patches import PatchSampler
from training.recipes.choice import RecipeChoice
from training.recipes.recipe import Recipe
from training.recipes.registry import patch_classes


class CandidatePatches:
    """Patches as each candidate needs them: those of ClassSR have a size of their own.

    A sampler is made when the first candidate asks for such patches, and kept.
    """

    def __init__(
        self, images: Sequence[Image], scale: int, choice: RecipeChoice, device: str = "cpu"
    ) -> None:
        self._images = images
        self._scale = scale
        self._choice = choice
        self._device = device
        self._samplers: dict[tuple[Recipe, int], PatchSampler] = {}

    def sampler(self, config: NetworkConfig, seed: int) -> PatchSampler:
        """The patches that train a network, with the recipe for it.

        Raises:
            ValueError: there is no image, or one is smaller than a patch.
        """
        recipe = self._choice.for_network(config)
        classes = patch_classes(recipe, config)
        if (recipe, classes) not in self._samplers:
            self._samplers[recipe, classes] = PatchSampler(
                self._images,
                scale=self._scale,
                recipe=recipe,
                seed=seed,
                classes=classes,
                device=self._device,
            )
        return self._samplers[recipe, classes].with_seed(seed)
