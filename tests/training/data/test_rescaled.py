"""Smaller copies of the training images, as ClassSR's authors made them."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from imaging.images import Image
from imaging.imresize import imresize
from training.data.patches import PatchSampler
from training.data.rescaled import with_rescaled
from training.recipes.recipe import Recipe
from training.recipes.registry import RECIPES


def noise(height: int, width: int) -> Image:
    generator = np.random.default_rng(height)
    pixels = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image("a.png", pixels, False)


def test_copies_are_those_of_matlab_at_the_published_sizes() -> None:
    image = noise(50, 41)
    sizes = RECIPES["classsr-branch"].rescalings
    images = with_rescaled([image], sizes, smallest_px=1)
    assert images[0] is image
    # 50 x 41 by 0.9, 0.8, 0.7 and 0.6, rounded up.
    assert [copy.pixels.shape[:2] for copy in images[1:]] == [
        (45, 37), (40, 33), (35, 29), (30, 25),
    ]  # fmt: skip
    for copy, tenths in zip(images[1:], (9, 8, 7, 6), strict=True):
        np.testing.assert_array_equal(copy.pixels, imresize(image.pixels, Fraction(tenths, 10)))
    assert images[1].name == "a.png at 0.9"


def test_a_copy_smaller_than_a_patch_is_left_out() -> None:
    images = with_rescaled([noise(40, 60)], (0.8, 0.5), smallest_px=32)
    assert [image.pixels.shape[:2] for image in images] == [(40, 60), (32, 48)]


def test_copies_of_images_on_disk_lie_on_disk(tmp_path: Path) -> None:
    mapped = np.memmap(tmp_path / "pixels", np.uint8, mode="w+", shape=(20, 20, 3))
    mapped[:] = noise(20, 20).pixels
    _, copy = with_rescaled([Image("a.png", mapped, False)], (0.5,), smallest_px=1)
    assert isinstance(copy.pixels, np.memmap)
    np.testing.assert_array_equal(copy.pixels, imresize(noise(20, 20).pixels, Fraction(1, 2)))


def small(**changes: object) -> Recipe:
    fields = {**RECIPES["quick"].model_dump(), "batch_size": 6, "lr_patch_px": 4, "best_of": 1}
    return Recipe.model_validate({**fields, **changes})


def test_patches_come_from_the_copies_too() -> None:
    """At half the size a patch fits an 8x8 copy in one place: these four values, mirrored."""
    image = noise(16, 16)
    patches = PatchSampler([image], scale=2, recipe=small(rescalings=[0.5]), seed=0)
    copy = imresize(image.pixels, Fraction(1, 2)).astype(int).sum()
    sums = {round(float(high.sum()) * 255) for step in range(5) for high in patches.batch(step)[1]}
    assert copy in sums
    assert len(sums) > 5


def test_low_resolution_images_that_are_given_have_no_copies() -> None:
    with pytest.raises(ValueError, match=r"leave these out \(--lr\), or the copies"):
        PatchSampler(
            [noise(16, 16)], scale=2, recipe=small(rescalings=[0.5]), seed=0, low=[noise(8, 8)]
        )


def test_only_the_published_recipes_of_classsr_have_copies() -> None:
    having = {name for name, recipe in RECIPES.items() if recipe.rescalings}
    assert having == {"classsr-branch", "classsr-classifier", "classsr-joint"}
    # So that trainings of before are continued: their files hold the recipe as it was dumped.
    assert "rescalings" not in RECIPES["quick"].model_dump_json()
    assert "classes_by" not in RECIPES["quick"].model_dump_json()
