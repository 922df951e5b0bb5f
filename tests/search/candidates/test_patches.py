import numpy as np
import pytest

from blocks import ClassSRConfig, SplitSRConfig
from imaging.images import Image
from search.candidates.patches import CandidatePatches
from training.recipes.choice import RecipeChoice

SPLITSR = SplitSRConfig(
    scale=2, channels=4, groups=1, blocks=1, active_channels=2, hybrid_index=1, hybrid_scope="block"
)
CLASSSR = ClassSRConfig.model_validate(
    {
        "scale": 2,
        "patch_px": 16,
        "stride_px": 16,
        "branches": [{"family": "interpolation"}, {"family": "fsrcnn", "channels": 4}],
    }
)


@pytest.fixture
def images() -> list[Image]:
    pixels = np.random.default_rng(0).integers(0, 256, (72, 84, 3), np.uint8)
    return [Image("noise", pixels, is_gray=False)]


def test_each_candidate_has_its_own_recipe_also_at_the_same_size(images: list[Image]) -> None:
    patches = CandidatePatches(images, 2, RecipeChoice("quick", {"batch_size": 3}))
    samplers = [patches.sampler(config, 0) for config in (SPLITSR, CLASSSR, SPLITSR)]
    assert [sampler.recipe.lr_patch_px for sampler in samplers] == [16, 16, 16]
    # ClassSR's classifier has to see patches as they come, the others see the best of four.
    assert [sampler.recipe.best_of for sampler in samplers] == [4, 1, 4]
    assert [len(sampler.batch(0)[0]) for sampler in samplers] == [3, 3, 3]


def test_patches_are_classed_where_labels_are_weighed(images: list[Image]) -> None:
    choice = RecipeChoice("quick", {"batch_size": 3, "routing.label_weight": 1})
    patches = CandidatePatches(images, 2, choice)
    splitsr, classsr = patches.sampler(SPLITSR, 0), patches.sampler(CLASSSR, 0)
    assert (splitsr.classes, len(splitsr.batch(0)[0])) == (None, 3)
    assert classsr.classes is not None
    assert len(classsr.batch(0)[0]) == 6
