"""Sets of images: the same by their names and pixels, and named where they are not."""

from pathlib import Path

import numpy as np
import pytest

from imaging.image_sets import IMAGES_FILE, ImageSets
from imaging.images import Image


def image(name: str, seed: int, shape: tuple[int, ...] = (6, 8, 3)) -> Image:
    pixels = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    return Image(name, pixels, is_gray=False)


ONE, TWO, THREE = (image(f"{number}.png", number) for number in (1, 2, 3))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where two training images and a validation image are recorded."""
    ImageSets.of([ONE, TWO], [THREE]).record(tmp_path)
    return tmp_path


def test_the_same_images_in_any_order_are_the_same(folder: Path) -> None:
    assert ImageSets.of([TWO, ONE], [THREE]).check(folder, remedy="") is None


@pytest.mark.parametrize(
    ("training", "validation", "message"),
    [
        ([ONE, TWO, THREE], [THREE], "training images .* differ (added: 3.png): restore"),
        ([ONE], [THREE], "training images .* differ (removed: 2.png): restore"),
        ([ONE, image("2.png", 7)], [THREE], "training images .* differ (changed: 2.png): restore"),
        ([ONE, TWO], [image("3.png", 3, (8, 6, 3))], "validation images .* (changed: 3.png)"),
        ([ONE, image("4.png", 2)], [THREE], "(added: 4.png; removed: 2.png)"),
        ([ONE, TWO], [ONE], "validation images .* (added: 1.png; removed: 3.png)"),
    ],
)
def test_others_are_named(
    folder: Path, training: list[Image], validation: list[Image], message: str
) -> None:
    pattern = message.replace("(", r"\(").replace(")", r"\)")
    with pytest.raises(ValueError, match=pattern):
        ImageSets.of(training, validation).check(folder, remedy="restore them")


def test_a_single_pixel_counts(folder: Path) -> None:
    pixels = TWO.pixels.copy()
    pixels[5, 7, 2] ^= 1
    with pytest.raises(ValueError, match=r"changed: 2\.png"):
        ImageSets.of([ONE, Image("2.png", pixels, False)], [THREE]).check(folder, remedy="")


def test_of_many_others_the_number_is_told(folder: Path) -> None:
    more = [image(f"m{number}.png", number) for number in range(1, 9)]
    with pytest.raises(ValueError, match=r"added: m1.png, .*, m5.png and 3 more"):
        ImageSets.of([ONE, TWO, *more], [THREE]).check(folder, remedy="")


def test_two_images_of_one_name_both_count(tmp_path: Path) -> None:
    ImageSets.of([ONE, image("1.png", 5)], [THREE]).record(tmp_path)
    for other in (4, 6):
        with pytest.raises(ValueError, match=r"changed: 1\.png"):
            ImageSets.of([ONE, image("1.png", other)], [THREE]).check(tmp_path, remedy="")


def test_what_was_not_recorded_is_said(tmp_path: Path) -> None:
    assert "cannot be checked" in str(ImageSets.of([ONE], [TWO]).check(tmp_path, remedy=""))


def test_a_record_takes_few_bytes_per_image(tmp_path: Path) -> None:
    many = [Image(f"{number:04}.png", ONE.pixels, False) for number in range(800)]
    ImageSets.of(many, [THREE]).record(tmp_path)
    assert (tmp_path / IMAGES_FILE).stat().st_size < 800 * 30


@pytest.mark.parametrize("text", ["", "[]", '{"training": {}}', '{"training": 1, "validation": 2}'])
def test_a_broken_record_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / IMAGES_FILE).write_text(text)
    with pytest.raises(ValueError, match=r"images\.json") as caught:
        ImageSets.of([ONE], [TWO]).check(tmp_path, remedy="")
    assert "\n" not in str(caught.value)
