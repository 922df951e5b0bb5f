import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from imaging.images import Image
from imaging.imresize import downscale
from training.data.patches import PatchSampler, _patch_energy
from training.distributed import Processes
from training.recipes.recipe import Recipe
from training.recipes.registry import RECIPES

# The names of the eight symmetries, written without index arithmetic.
SYMMETRIES = [
    lambda x, turns=turns, flip=flip: np.rot90(x[:, ::-1] if flip else x, turns)
    for turns in range(4)
    for flip in (False, True)
]


def recipe(**changes: object) -> Recipe:
    small = {"batch_size": 6, "lr_patch_px": 4, "best_of": 1}
    return Recipe.model_validate({**RECIPES["quick"].model_dump(), **small, **changes})


def noise(*sizes: tuple[int, int]) -> list[Image]:
    generator = np.random.default_rng(0)
    return [
        Image(f"{place}.png", generator.integers(0, 256, (*size, 3), dtype=np.uint8), False)
        for place, size in enumerate(sizes)
    ]


def as_bytes(patch: NDArray[np.uint8]) -> bytes:
    return np.ascontiguousarray(patch).tobytes()


def to_uint8(batch: torch.Tensor) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = (batch * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    return pixels


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_every_batch_holds_aligned_patches_and_in_time_all_of_them(scale: int) -> None:
    # Sides that are no multiples of the scale, so that a wrong row length would show.
    images = noise((5 * scale + 1, 6 * scale + 1), (7 * scale, 5 * scale))
    pairs: dict[bytes, tuple[bytes, int, int, int, int]] = {}
    for number, image in enumerate(images):
        low = downscale(image.pixels, scale)
        for y in range(low.shape[0] - 3):
            for x in range(low.shape[1] - 3):
                high = image.pixels[scale * y : scale * (y + 4), scale * x : scale * (x + 4)]
                for kind, symmetry in enumerate(SYMMETRIES):
                    pairs[as_bytes(symmetry(low[y : y + 4, x : x + 4]))] = (
                        as_bytes(symmetry(high)), number, y, x, kind
                    )  # fmt: skip
    assert len(pairs) == (2 * 3 + 4 * 2) * 8
    sampler = PatchSampler(images, scale=scale, recipe=recipe(batch_size=64), seed=1)
    seen = set()
    for step in range(24):
        for low, high in zip(*map(to_uint8, sampler.batch(step)), strict=True):
            expected_high, *where = pairs[as_bytes(low)]
            assert as_bytes(high) == expected_high
            seen.add(tuple(where))
    assert len(seen) == len(pairs)


def test_a_batch_has_the_promised_shape_range_and_memory_format() -> None:
    low, high = PatchSampler(noise((32, 40)), scale=3, recipe=recipe(), seed=0).batch(0)
    assert low.shape == (6, 3, 4, 4)
    assert high.shape == (6, 3, 12, 12)
    for patches in (low, high):
        assert patches.dtype == torch.float32
        assert 0 <= patches.min() < patches.max() <= 1
        assert patches.is_contiguous(memory_format=torch.channels_last)


def test_a_batch_depends_on_seed_and_step_only() -> None:
    images = noise((40, 40), (32, 36))
    first = PatchSampler(images, scale=2, recipe=recipe(best_of=3), seed=5)
    reference = first.batch(7)
    second = PatchSampler(images, scale=2, recipe=recipe(best_of=3), seed=8)
    second.batch(0)
    reseeded = second.with_seed(5)
    assert all(map(torch.equal, reseeded.batch(7), reference))
    assert all(map(torch.equal, first.batch(7), reference))
    assert not torch.equal(first.batch(8)[0], reference[0])
    assert not torch.equal(second.batch(7)[0], reference[0])


def test_of_several_draws_the_one_with_the_most_gradient_energy_is_kept() -> None:
    # One bright square in a flat image: a draw that misses it has no energy at all.
    pixels = np.full((64, 64, 3), 100, np.uint8)
    pixels[30:34, 30:34] = 255
    image = Image("square.png", pixels, False)
    hits = [
        np.mean([patch.max() > 100.5 / 255 for patch in sampler.batch(0)[0]])
        for best_of in (1, 200)
        if (sampler := PatchSampler(
            [image], scale=2, recipe=recipe(best_of=best_of, batch_size=64), seed=0
        ))
    ]  # fmt: skip
    assert hits[0] < 0.2
    assert hits[1] == 1


@given(st.integers(2, 6), st.integers(6, 10), st.integers(6, 10), st.integers(0, 2**32 - 1))
def test_energy_of_every_place_is_that_of_its_patch(
    size: int, height: int, width: int, seed: int
) -> None:
    low = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    energy = _patch_energy(low, size)
    gray = low.astype(int).sum(axis=2)
    for y in range(height - size + 1):
        for x in range(width - size + 1):
            expected = sum(
                (gray[row, column + 1] - gray[row, column]) ** 2
                + (gray[row + 1, column] - gray[row, column]) ** 2
                for row in range(y, y + size - 1)
                for column in range(x, x + size - 1)
            )
            assert energy[y, x] == np.float32(expected)


def test_memory_mapped_images_give_the_same_batches() -> None:
    images = noise((40, 44), (36, 36))
    with tempfile.TemporaryDirectory() as folder:
        mapped = []
        for image in images:
            path = Path(folder) / image.name
            image.pixels.tofile(path)
            pixels = np.memmap(path, np.uint8, mode="r", shape=image.pixels.shape)
            mapped.append(Image(image.name, pixels, False))
        in_memory = PatchSampler(images, scale=2, recipe=recipe(best_of=4), seed=0)
        on_disk = PatchSampler(mapped, scale=2, recipe=recipe(best_of=4), seed=0)
        assert all(map(torch.equal, in_memory.batch(3), on_disk.batch(3)))
        assert isinstance(on_disk._low, np.memmap)


def test_processes_share_a_batch_and_each_class_of_it() -> None:
    sampler = PatchSampler(noise((40, 40)), scale=2, recipe=recipe(), seed=0, classes=3)
    whole = to_uint8(sampler.batch(2)[0]).reshape(3, 6, -1)
    first, second = (to_uint8(sampler.batch(2, Processes(rank, 2))[0]) for rank in (0, 1))
    for number in range(3):
        shares = [as_bytes(x) for share in (first, second) for x in share.reshape(3, 3, -1)[number]]
        assert sorted(shares) == sorted(map(as_bytes, whole[number]))


def test_classes_are_drawn_in_order_and_depend_on_seed_and_step_only() -> None:
    # Each third of the image has noise of its own strength, which bicubic cannot restore.
    generator = np.random.default_rng(0)
    strengths = np.repeat([2, 20, 60], 64)[None, :, None]
    pixels = 128 + strengths * generator.uniform(-1, 1, (64, 192, 3))
    image = Image("noisy.png", pixels.astype(np.uint8), False)
    sampler = PatchSampler([image], scale=2, recipe=recipe(), seed=0, classes=3)
    low, high = sampler.batch(0)
    assert low.shape == (18, 3, 4, 4)
    spread = high.reshape(3, -1).std(dim=1)
    assert spread[0] < spread[1] < spread[2]
    assert torch.equal(sampler.batch(0)[0], low)
    assert not torch.equal(sampler.batch(1)[0], low)


def test_other_images_have_another_digest() -> None:
    digests = {
        PatchSampler(images, scale=2, recipe=recipe(), seed=0).images_digest
        for images in (noise((16, 16)), noise((16, 17)), noise((16, 16), (16, 16)))
    }
    assert len(digests) == 3


def test_an_image_smaller_than_a_patch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"at least 8x8 .* got 30x7 in '1.png': remove it"):
        PatchSampler(noise((8, 8), (30, 7)), scale=2, recipe=recipe(), seed=0)


def test_no_image_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        PatchSampler([], scale=2, recipe=recipe(), seed=0)


@pytest.mark.parametrize("best_of", [1, 3])
def test_low_resolution_images_that_are_given_are_those_of_the_patches(best_of: int) -> None:
    """Each low-resolution pixel says where it lies, and the original repeats it 2 x 2."""
    high, low = [], []
    for number, (height, width) in enumerate(((9, 12), (11, 7))):
        rows, columns = np.indices((height, width))
        pixels = np.stack([rows, columns, np.full_like(rows, number)], axis=2).astype(np.uint8)
        low.append(Image(f"{number}x2.png", pixels, False))
        high.append(Image(f"{number}.png", pixels.repeat(2, axis=0).repeat(2, axis=1), False))
    sampler = PatchSampler(high, scale=2, recipe=recipe(best_of=best_of), seed=0, low=low)
    for small, large in zip(*map(to_uint8, sampler.batch(0)), strict=True):
        assert np.array_equal(small.repeat(2, axis=0).repeat(2, axis=1), large)
    made = PatchSampler(high, scale=2, recipe=recipe(best_of=best_of), seed=0)
    assert made.images_digest != sampler.images_digest
