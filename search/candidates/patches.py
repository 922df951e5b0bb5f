"""The patches that the candidates of a run are trained on."""

from collections.abc import Sequence

from blocks.networks.registry import NetworkConfig
from imaging.images import Image
from training.data.patches import PatchSampler
from training.objectives.registry import recipe_for
from training.recipes.recipe import Recipe


class CandidatePatches:
    """Patches of the size that each candidate needs, which for ClassSR is its own.

    The sampler of a size is made when the first candidate asks for it, and kept.
    """

    def __init__(self, images: Sequence[Image], scale: int, recipe: Recipe) -> None:
        self._images = images
        self._scale = scale
        self._recipe = recipe
        self._samplers: dict[int, PatchSampler] = {}

    def sampler(self, config: NetworkConfig, seed: int) -> PatchSampler:
        """The patches that train a network, with the recipe for it.

        Raises:
            ValueError: there is no image, or one is smaller than a patch.
        """
        recipe = recipe_for(self._recipe, config)
        size_px = recipe.lr_patch_px
        if size_px not in self._samplers:
            self._samplers[size_px] = PatchSampler(
                self._images, scale=self._scale, recipe=recipe, seed=seed
            )
        return self._samplers[size_px].with_seed(seed)
