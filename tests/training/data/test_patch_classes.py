from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from blocks import parse_network_config, save_checkpoint
from blocks.random_weights import seeded_network
from imaging.images import Image
from imaging.imresize import downscale, upscale_bicubic
from training.data import patch_classes
from training.data.patch_classes import PatchClasses, patch_errors
from training.data.patches import PatchSampler
from training.recipes.registry import RECIPES


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


def test_classes_are_by_the_error_of_another_upscaler() -> None:
    """Two greys: what adds 3 to the darker and 1 to the lighter makes the darker one harder."""
    greys = [Image("a.png", np.full((40, 40, 3), value, np.uint8), False) for value in (50, 200)]

    def upscale(low: NDArray[np.uint8]) -> NDArray[np.uint8]:
        return upscale_bicubic(low, 2) + np.where(low[0, 0, 0] == 50, 3, 1).astype(np.uint8)

    classes = PatchClasses(greys, scale=2, lr_patch_px=4, classes=2, upscale=upscale)
    assert (classes.mean_mse, classes.thresholds_mse) == ((1.0, 9.0), (9.0,))
    place = classes.draw(np.array([[0.5], [0.5]]))
    assert place.image.tolist() == [1, 0]


def test_a_checkpoint_sorts_the_patches_of_a_training(tmp_path: Path) -> None:
    config = parse_network_config(
        {"family": "msrresnet", "scale": 2, "channels": 4, "blocks": 1}, "network"
    )
    network = seeded_network(config, 0)
    save_checkpoint(tmp_path / "net.safetensors", network.state_dict(), config, {})
    by_checkpoint = RECIPES["quick"].with_settings(
        {
            "lr_patch_px": 4,
            "routing.stage": "branches",
            "routing.classes_by": str(tmp_path / "net.safetensors"),
        }
    )
    sampler = PatchSampler(IMAGES, scale=2, recipe=by_checkpoint, seed=0, classes=2)
    errors = []
    for image in IMAGES:
        high = image.pixels[: image.pixels.shape[0] // 2 * 2, : image.pixels.shape[1] // 2 * 2]
        low = torch.tensor(downscale(high, 2)).permute(2, 0, 1)[None] / 255
        with torch.no_grad():
            enlarged = network.eval()(low)[0].clamp(0, 1).mul(255).round().permute(1, 2, 0)
        squared = (enlarged.double().numpy() - high) ** 2
        for y in range(0, low.shape[2] - 3, 4):
            for x in range(0, low.shape[3] - 3, 4):
                errors.append(squared[2 * y : 2 * y + 8, 2 * x : 2 * x + 8].mean())
    assert sampler.classes is not None
    half = len(errors) // 2
    expected = [np.mean(part) for part in np.split(np.sort(errors), [half])]
    assert sampler.classes.mean_mse == pytest.approx(expected, rel=1e-3)
    with pytest.raises(ValueError, match="must name a network for x3, as the trained one, got x2"):
        PatchSampler(IMAGES, scale=3, recipe=by_checkpoint, seed=0, classes=2)


def test_a_network_for_classes_that_nothing_uses_is_refused() -> None:
    with pytest.raises(ValueError, match="classes_by has an effect only in the stage branches"):
        RECIPES["quick"].with_settings({"routing.classes_by": "net.safetensors"})
