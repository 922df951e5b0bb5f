"""Originals and low-resolution images from two folders, in the layouts of DIV2K and BasicSR."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from numpy.typing import NDArray

from imaging.evaluation import bicubic_upscaler, evaluate_quality, prepare_validation
from imaging.images import load_images
from imaging.imresize import downscale
from imaging.pairs import load_pairs

Pixels = NDArray[np.uint8]
SIZES = {"0001": (48, 64), "0002": (51, 40), "0003": (44, 46)}


def picture(height: int, width: int, seed: int) -> Pixels:
    generator = np.random.default_rng(seed)
    coarse = generator.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3), np.uint8)
    return coarse.repeat(8, axis=0).repeat(8, axis=1)[:height, :width]


def write(path: Path, pixels: Pixels) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(pixels).save(path)


@pytest.fixture
def originals(tmp_path: Path) -> dict[str, Pixels]:
    found = {}
    for seed, (name, size) in enumerate(SIZES.items()):
        found[name] = picture(*size, seed)
        write(tmp_path / "HR" / f"{name}.png", found[name])
    return found


def write_low(folder: Path, originals: dict[str, Pixels], form: str, scale: int) -> None:
    """Not what imresize makes of the originals, so that the two are told apart: darker by 9."""
    for name, pixels in originals.items():
        low = downscale(pixels, scale)
        write(folder / form.format(name), low - np.minimum(low, 9))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(
    ("named", "inner", "form"),
    [
        ("LR_bicubic", "LR_bicubic/X{scale}", "{{}}x{scale}.png"),  # DIV2K, EDSR's benchmarks
        ("LR_bicubic/X{scale}", "LR_bicubic/X{scale}", "{{}}x{scale}.png"),
        ("Set5", "Set5/LRbicx{scale}", "{{}}.png"),  # BasicSR
        ("Set5/LRbicx{scale}", "Set5/LRbicx{scale}", "{{}}.png"),
        ("low", "low/x{scale}", "{{}}.bmp"),
    ],
)
def test_the_layouts(
    tmp_path: Path, originals: dict[str, Pixels], scale: int, named: str, inner: str, form: str
) -> None:
    folder = tmp_path / inner.format(scale=scale)
    write_low(folder, originals, form.format(scale=scale), scale)
    (tmp_path / "LR_bicubic" / "X5").mkdir(parents=True, exist_ok=True)
    low_source = str(tmp_path / named.format(scale=scale))
    loaded = load_pairs(str(tmp_path / "HR"), low_source, split="training", scale=scale)
    assert [image.name for image in loaded.images] == [f"{name}.png" for name in SIZES]
    assert loaded.low is not None and loaded.notes == ()
    for image, low, (height, width) in zip(loaded.images, loaded.low, SIZES.values(), strict=True):
        assert np.array_equal(image.pixels, originals[image.name[:4]])
        assert low.name.startswith(image.name[:4])
        assert low.pixels.shape == (height // scale, width // scale, 3)
    assert loaded.all_images == (*loaded.images, *loaded.low)


def test_quality_is_of_the_images_that_were_given(
    tmp_path: Path, originals: dict[str, Pixels]
) -> None:
    """Those of imresize give what is made without any, darker ones a lower PSNR."""
    exact = {name: downscale(pixels, 2) for name, pixels in originals.items()}
    for name, low in exact.items():
        write(tmp_path / "same" / f"{name}x2.png", low)
    source = str(tmp_path / "HR")
    made = prepare_validation(load_images(source, split="validation").images, 2)
    loaded = load_pairs(source, str(tmp_path / "same"), split="validation", scale=2)
    given = prepare_validation(loaded.images, 2, loaded.low)
    for one, other in zip(made, given, strict=True):
        assert np.array_equal(one.low, other.low) and np.array_equal(one.high, other.high)
    write_low(tmp_path / "darker", originals, "{}x2.png", 2)
    loaded = load_pairs(source, str(tmp_path / "darker"), split="validation", scale=2)
    darker = prepare_validation(loaded.images, 2, loaded.low)
    better = evaluate_quality(bicubic_upscaler(2), made).psnr_y_db
    assert evaluate_quality(bicubic_upscaler(2), darker).psnr_y_db < better - 0.1


def test_without_a_folder_they_are_still_to_be_made(
    tmp_path: Path, originals: dict[str, Pixels]
) -> None:
    loaded = load_pairs(str(tmp_path / "HR"), None, split="training", scale=2)
    assert loaded.low is None
    assert loaded.all_images == loaded.images and len(loaded.images) == len(originals)


def refused(tmp_path: Path, low: str, scale: int = 2, source: str = "HR") -> str:
    with pytest.raises(ValueError) as caught:
        load_pairs(
            source if source == "bundled" else str(tmp_path / source),
            str(tmp_path / low),
            split="training",
            scale=scale,
        )
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_pair_of_wrong_sizes_is_named(tmp_path: Path, originals: dict[str, Pixels]) -> None:
    write_low(tmp_path / "LR", originals, "{}x2.png", 2)
    write(tmp_path / "LR" / "0002x2.png", picture(26, 20, 0))
    assert refused(tmp_path, "LR") == (
        "a low-resolution image must have the sides of its original divided by 2, rounded down,"
        " but 0002x2.png has 26x20 pixels and not 25x20, as 0002.png has 51x40: correct the scale,"
        " or --lr"
    )
    write_low(tmp_path / "of-x3", originals, "{}.png", 3)
    assert "0001.png has 16x21 pixels and not 24x32, as 0001.png has 48x64 (and 2 more" in refused(
        tmp_path, "of-x3"
    )


def test_originals_without_a_partner_or_with_two_are_named(
    tmp_path: Path, originals: dict[str, Pixels]
) -> None:
    write_low(tmp_path / "LR", originals, "{}x2.png", 2)
    (tmp_path / "LR" / "0003x2.png").unlink()
    assert refused(tmp_path, "LR").endswith("with x2 behind, but 0003.png has none")
    (tmp_path / "LR" / "0001x2.png").unlink()
    assert refused(tmp_path, "LR").endswith("but 0001.png, 0003.png have none")
    write_low(tmp_path / "LR", originals, "{}x2.png", 2)
    write_low(tmp_path / "LR", originals, "{}.png", 2)
    assert "but 0001.png has 0001x2.png, 0001.png: remove all but one" in refused(tmp_path, "LR")


def test_folders_that_hold_no_low_resolution_images(
    tmp_path: Path, originals: dict[str, Pixels]
) -> None:
    write_low(tmp_path / "LR" / "X3", originals, "{}x3.png", 3)
    assert "or one folder X2 or LRbicx2 of them, but holds no images and of such folders none" in (
        refused(tmp_path, "LR")
    )
    write_low(tmp_path / "LR" / "LRbicx3", originals, "{}.png", 3)
    assert "of such folders LRbicx3 and X3" in refused(tmp_path, "LR", scale=3)
    assert "does not exist (a learning rate is --learning-rate)" in refused(tmp_path, "1e-3")
    assert "name it with --data" in refused(tmp_path, "LR", source="bundled")


def test_what_has_no_original_is_left_out_and_told_of(
    tmp_path: Path, originals: dict[str, Pixels]
) -> None:
    write_low(tmp_path / "LR", originals, "{}x2.png", 2)
    (tmp_path / "HR" / "0002.png").unlink()
    loaded = load_pairs(str(tmp_path / "HR"), str(tmp_path / "LR"), split="training", scale=2)
    assert [image.name for image in loaded.low or ()] == ["0001x2.png", "0003x2.png"]
    assert loaded.notes == (
        f"left out, as no original is called so: 0002x2.png in '{tmp_path / 'LR'}'",
    )


def test_a_pair_with_a_file_that_does_not_decode_is_passed_over(
    tmp_path: Path, originals: dict[str, Pixels]
) -> None:
    write_low(tmp_path / "LR", originals, "{}x2.png", 2)
    (tmp_path / "LR" / "0001x2.png").write_bytes(b"no image")
    (tmp_path / "HR" / "0003.png").write_bytes(b"no image")
    options = (str(tmp_path / "HR"), str(tmp_path / "LR"))
    loaded = load_pairs(*options, split="validation", scale=2, skip_bad=True)
    assert [image.name for image in loaded.images] == ["0002.png"]
    assert [image.name for image in loaded.low or ()] == ["0002x2.png"]
    assert sorted(error.path.name for error in loaded.bad) == ["0001x2.png", "0003.png"]
    with pytest.raises(ValueError, match=r"0003\.png"):
        load_pairs(*options, split="training", scale=2)
    (tmp_path / "LR" / "0002x2.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match="decode"):
        load_pairs(*options, split="validation", scale=2, skip_bad=True)
