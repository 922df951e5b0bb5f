import numpy as np
import pytest

from imaging.images import Image
from imaging.imresize import downscale, upscale_bicubic
from training.data import patch_classes
from training.data.patch_classes import PatchClasses, patch_errors


def noise(name: str, *size: int) -> Image:
    generator = np.random.default_rng(sum(size))
    return Image(name, generator.integers(0, 256, (*size, 3), dtype=np.uint8), False)


IMAGES = [noise("a.png", 41, 50), noise("b.png", 60, 37)]


@pytest.mark.parametrize("scale", [2, 3])
def test_errors_are_those_of_the_bicubic_patches(scale: int) -> None:
    pixels = IMAGES[0].pixels
    errors = patch_errors(pixels, scale, 4)
    enlarged = upscale_bicubic(downscale(pixels, scale), scale).astype(float)
    assert errors.shape == (41 // scale - 3, 50 // scale - 3)
    side = 4 * scale
    for y, x in [(0, 0), (2, 5), (errors.shape[0] - 1, errors.shape[1] - 1)]:
        there = np.s_[y * scale : y * scale + side, x * scale : x * scale + side]
        expected = ((enlarged[there] - pixels[there]) ** 2).mean()
        assert errors[y, x] == pytest.approx(expected)


def test_classes_have_equal_parts_of_all_places_in_the_order_of_their_errors() -> None:
    classes = PatchClasses(IMAGES, scale=2, lr_patch_px=4, classes=3)
    # Places 4 pixels apart: 5 x 6 of the first image, 7 x 4 of the second, 58 in all.
    each = np.tile((np.arange(58) + 0.5) / 58, (3, 1))
    place = classes.draw(each)
    errors = [patch_errors(image.pixels, 2, 4) for image in IMAGES]
    drawn = np.array(
        [errors[i][y, x] for i, y, x in zip(place.image, place.top, place.left, strict=True)]
    ).reshape(3, 58)
    distinct = [np.unique(of_class) for of_class in drawn]
    assert [len(of_class) for of_class in distinct] == [19, 20, 19]
    every = np.sort(np.concatenate([error[::4, ::4].ravel() for error in errors]))
    np.testing.assert_array_equal(np.concatenate(distinct), every)
    assert classes.thresholds_mse == (distinct[1][0], distinct[2][0])
    assert classes.mean_mse == pytest.approx([of_class.mean() for of_class in distinct])


def test_many_images_have_a_coarser_grid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patch_classes, "MAXIMUM_PLACES", 40)
    place = PatchClasses(IMAGES, scale=2, lr_patch_px=4, classes=3).draw(
        np.random.default_rng(0).random((3, 500))
    )
    # 20 x 25 and 30 x 18 low-resolution pixels: sqrt(1040 / 40) is just above 5.
    assert set(np.unique(place.top)) | set(np.unique(place.left)) == {0, 6, 12, 18, 24}


def test_too_few_patches_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3 patches, one for each class, got 1"):
        PatchClasses([noise("tiny.png", 10, 10)], scale=2, lr_patch_px=4, classes=3)


def test_errors_are_of_the_low_resolution_images_that_are_given() -> None:
    """Bicubic keeps a single colour: 5 from a grey original everywhere, 7 from a lighter one."""
    greys = [Image("a.png", np.full((40, 40, 3), 100, np.uint8), False) for _ in range(2)]
    low = [Image("ax2.png", np.full((20, 20, 3), 100 + d, np.uint8), False) for d in (7, 5)]
    np.testing.assert_array_equal(patch_errors(greys[0].pixels, 2, 4, low[0].pixels), 49)
    classes = PatchClasses(greys, scale=2, lr_patch_px=4, classes=2, low=low)
    assert (classes.mean_mse, classes.thresholds_mse) == ((25.0, 49.0), (49.0,))
