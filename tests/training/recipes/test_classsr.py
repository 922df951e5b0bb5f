import pytest

from blocks import ClassSRConfig, SmsrConfig
from blocks.catalogue import catalogue_config
from training.recipes.registry import get_recipe, recipe_for

FSRCNN = {"family": "fsrcnn", "channels": 4, "mapping_channels": 2, "mapping_layers": 1}
CLASSSR = ClassSRConfig.model_validate(
    {"scale": 2, "patch_px": 8, "stride_px": 8, "branches": [{"family": "interpolation"}, FSRCNN]}
)
SMSR = SmsrConfig(scale=2, channels=16)


def test_classsr_is_trained_on_its_own_patches_as_they_are_drawn() -> None:
    quick = get_recipe("quick")
    adapted = recipe_for(quick, CLASSSR)
    assert (quick.best_of, quick.lr_patch_px) == (4, 16)
    assert adapted == quick.replace(best_of=1, lr_patch_px=8)
    assert recipe_for(quick, SMSR) == quick


FSRCNN_RGB = {**FSRCNN, "design": "rgb"}
# As the authors' option files have them: learning rate, final rate, batch, steps, pixel weight.
# RCAN's weight of 4 is for values from 0 to 255.
PUBLISHED = [
    ("classsr-branch", "fsrcnn", 1e-3, 1e-7, 16, 500_000, 1000),
    ("classsr-branch", "carn-m", 2e-4, 1e-7, 16, 500_000, 1000),
    ("classsr-branch", "msrresnet", 2e-4, 1e-7, 16, 500_000, 1000),
    ("classsr-branch", "rcan", 2e-4, 1e-7, 16, 1_000_000, 1000),
    ("classsr-classifier", "fsrcnn", 2e-4, 1e-7, 96, 200_000, 1000),
    ("classsr-classifier", "carn-m", 2e-4, 1e-7, 96, 200_000, 1000),
    ("classsr-classifier", "rcan", 3e-5, 2e-6, 60, 200_000, 1020),
    ("classsr-joint", "rcan", 3e-5, 2e-6, 60, 200_000, 1020),
]


@pytest.mark.parametrize(
    ("name", "backbone", "rate", "final_rate", "batch_size", "steps", "pixel_weight"), PUBLISHED
)
def test_classsrs_recipes_know_the_backbone(
    name: str,
    backbone: str,
    rate: float,
    final_rate: float,
    batch_size: int,
    steps: int,
    pixel_weight: float,
) -> None:
    config = catalogue_config(f"classsr-{backbone}", 4)
    recipe = recipe_for(get_recipe(name), config)
    assert (recipe.learning_rate, recipe.final_learning_rate) == (rate, final_rate)
    assert (recipe.batch_size, recipe.steps) == (batch_size, steps)
    assert recipe.routing.pixel_weight == pixel_weight
    assert recipe.lr_patch_px == 32


def test_the_hardest_branch_decides_the_rate_of_mixed_ones() -> None:
    carn = {"family": "carn", "channels": 8}
    mixed = ClassSRConfig.model_validate({"scale": 4, "branches": [FSRCNN_RGB, carn]})
    branch = get_recipe("classsr-branch")
    assert recipe_for(branch, mixed).learning_rate == 2e-4
    easy = ClassSRConfig.model_validate({"scale": 4, "branches": [carn, FSRCNN_RGB]})
    assert recipe_for(branch, easy).learning_rate == 1e-3
