"""`psr.sort_patches`: classes, means and shares as the paper's experiment defines them.

Covers paretosr.cli.commands.sort_patches.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

import paretosr as psr
from imaging.imresize import downscale, upscale_bicubic
from paretosr.sorting import _same_class


def psnr_of_patches(photographs: Path, side: int) -> list[float]:
    """Bicubic's PSNR at x2 of every patch alone, RGB without 2 pixels at each border."""
    found = []
    for path in sorted(photographs.iterdir()):
        high = np.asarray(PIL.Image.open(path).convert("RGB"))
        low = downscale(high, 2)
        for y in range(0, low.shape[0] - side + 1, side // 2):
            for x in range(0, low.shape[1] - side + 1, side // 2):
                enlarged = upscale_bicubic(low[y : y + side, x : x + side], 2).astype(float)
                original = high[2 * y : 2 * (y + side), 2 * x : 2 * (x + side)]
                squared = (enlarged - original)[2:-2, 2:-2] ** 2
                found.append(10 * np.log10(255**2 / squared.mean()))
    return sorted(found, reverse=True)


def test_classes_are_equal_parts_by_psnr(photographs: Path) -> None:
    patches = psr.sort_patches(psr.load("bicubic", scale=2), data=photographs, patch_px=12)
    # 36 x 42 pixels: 5 x 6 places 6 pixels apart, of two images.
    expected = psnr_of_patches(photographs, 12)
    assert [of_class.patches for of_class in patches.classes] == [20, 20, 20]
    easy, medium, hard = expected[:20], expected[20:40], expected[40:]
    for of_class, values in zip(patches.classes, (easy, medium, hard), strict=True):
        assert of_class.highest_psnr_db == pytest.approx(values[0])
        assert of_class.lowest_psnr_db == pytest.approx(values[-1])
    (bicubic,) = patches.models
    assert bicubic.psnr_db_by_class == pytest.approx([np.mean(v) for v in (easy, medium, hard)])
    assert bicubic.psnr_db == pytest.approx(np.mean(expected))
    assert bicubic.same_class == 1
    assert patches.left_out == 0


def test_others_are_judged_on_the_classes_of_the_reference(
    photographs: Path, checkpoint: Path
) -> None:
    by_network = psr.sort_patches(checkpoint, data=photographs, patch_px=12)
    by_bicubic = psr.sort_patches(
        psr.load("bicubic", scale=2), checkpoint, photographs, patch_px=12
    )
    assert [row.model for row in by_network.models] == [str(checkpoint), "bicubic"]
    assert [row.model for row in by_bicubic.models] == ["bicubic", str(checkpoint)]
    # The same patches in another order.
    for network, bicubic in zip(by_network.models, by_bicubic.models[::-1], strict=True):
        assert network.psnr_db == pytest.approx(bicubic.psnr_db)
    assert (np.diff(by_network.patch_psnr_db[0]) <= 0).all()
    # Sorted by itself, each network's easiest third is the best that it can have.
    best, other = by_network.models[0], by_bicubic.models[1]
    assert best.psnr_db_by_class[0] >= other.psnr_db_by_class[0]
    assert best.psnr_db_by_class[2] <= other.psnr_db_by_class[2]
    assert by_network.models[1].same_class == pytest.approx(by_bicubic.models[1].same_class)


def test_the_part_that_another_model_classes_alike() -> None:
    """Of six patches in three classes, the reverse order keeps those in the middle."""
    assert _same_class(np.array([6.0, 5, 4, 3, 2, 1]), 3) == 1
    assert _same_class(np.array([1.0, 2, 3, 4, 5, 6]), 3) == pytest.approx(2 / 6)
    # The second patch and the third change places.
    assert _same_class(np.array([6.0, 4, 5, 3, 2, 1]), 3) == pytest.approx(4 / 6)


def test_patches_that_are_restored_exactly_are_left_out(tmp_path: Path) -> None:
    """Noise over 24 of 48 columns; bicubic keeps a single colour, so those of it alone go."""
    pixels = np.full((32, 48, 3), 90, np.uint8)
    pixels[:, 24:] = np.random.default_rng(0).integers(0, 256, (32, 24, 3))
    PIL.Image.fromarray(pixels).save(tmp_path / "half.png")
    patches = psr.sort_patches(psr.load("bicubic", scale=2), data=tmp_path, patch_px=8, classes=2)
    # Of 16 x 24 pixels 3 x 5 places, at 0, 4, ..., 16 pixels from the left. The last low-resolution
    # column of the colour is the 11th, as shrinking mixes one more with the noise.
    assert (patches.left_out, sum(c.patches for c in patches.classes)) == (3, 12)
    assert "3 patches left out" in patches.sentences()[-1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": 1}, "classes must be at least 2, got 1"),
        ({"patch_px": 3}, "patch_px must be at least 4, got 3"),
        ({"classes": 61, "patch_px": 12}, "at least 61 patches of 12x12 pixels at x2"),
        ({"others": "bicubic", "patch_px": 200}, "at least 3 patches of 200x200 pixels"),
    ],
)
def test_what_cannot_be_sorted_is_refused(
    options: dict[str, Any], words: str, photographs: Path
) -> None:
    with pytest.raises(ValueError, match=words):
        psr.sort_patches(psr.load("bicubic", scale=2), data=photographs, **options)


def test_the_command_prints_the_same_and_draws_it(
    cli: Callable[..., Any], checkpoint: Path, photographs: Path, tmp_path: Path
) -> None:
    patches = psr.sort_patches(checkpoint, data=photographs, patch_px=12)
    figure = tmp_path / "patches.png"
    arguments = ("sort-patches", checkpoint, "--data", photographs, "--lr-patch", 12)
    printed = cli(*arguments, "--figure", figure, "--json")
    found, expected = printed.json, patches.to_dict()
    assert found.keys() == expected.keys()
    # Which variant is the fastest may differ from time to time, and with it the last digits.
    for row, (known, *_) in zip(found["models"], zip(patches.models), strict=True):
        assert row["psnr_db_by_class"] == pytest.approx(known.psnr_db_by_class, abs=1e-2)
    with PIL.Image.open(figure) as drawn:
        assert drawn.width > 1000
    refused = cli(*arguments, "--figure", tmp_path / "patches.doc")
    assert (refused.status, refused.out) == (2, "")
    assert "a figure's name must end in one of" in refused.err
    other_scale = cli("sort-patches", checkpoint, "bicubic", "--scale", 3)
    assert other_scale.status == 2
