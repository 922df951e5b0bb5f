"""`psr.upscale` of arrays, images and files, and `psr.upscale_folder`."""

import warnings
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest
from numpy.typing import NDArray

import paretosr as psr
from foundation.listener import ParetoSRWarning
from imaging.imresize import upscale_bicubic


@pytest.fixture
def pixels(photographs: Path) -> NDArray[np.uint8]:
    with PIL.Image.open(photographs / "wide.png") as image:
        return np.array(image)


@pytest.fixture
def bicubic() -> psr.Model:
    return psr.load("bicubic", scale=2)


def test_an_array_an_image_and_a_file_give_the_same_pixels(
    checkpoint: Path, photographs: Path, pixels: NDArray[np.uint8]
) -> None:
    enlarged = psr.upscale(checkpoint, pixels, variant="in_place")
    height, width, _ = pixels.shape
    assert enlarged.shape == (2 * height, 2 * width, 3)
    assert enlarged.dtype == np.uint8
    for image in (PIL.Image.fromarray(pixels), photographs / "wide.png"):
        of_image = psr.upscale(str(checkpoint), image, variant="in_place")
        assert of_image.mode == "RGB"
        assert np.array_equal(of_image, enlarged)


def test_a_model_is_a_reference_or_loaded(bicubic: psr.Model, pixels: NDArray[np.uint8]) -> None:
    assert np.array_equal(psr.upscale(bicubic, pixels), upscale_bicubic(pixels, 2))
    with pytest.raises(ValueError, match="exists at several scales"):
        psr.upscale("bicubic", pixels)


def test_an_image_keeps_gray_alpha_and_profile(bicubic: psr.Model) -> None:
    levels = np.random.default_rng(0).integers(0, 256, (9, 11), np.uint8)
    gray = PIL.Image.fromarray(levels)
    gray.putalpha(PIL.Image.fromarray(255 - levels))
    enlarged = psr.upscale(bicubic, gray)
    assert enlarged.mode == "LA"
    assert np.array_equal(enlarged.getchannel("L"), upscale_bicubic(levels, 2))
    assert np.array_equal(enlarged.getchannel("A"), upscale_bicubic(255 - levels, 2))
    profile = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    colours = PIL.Image.new("RGB", (5, 4))
    colours.info["icc_profile"] = profile
    assert psr.upscale(bicubic, colours).info["icc_profile"] == profile


def test_what_is_converted_is_warned_of(bicubic: psr.Model) -> None:
    palette = PIL.Image.new("RGB", (8, 8), (200, 100, 50)).quantize()
    with pytest.warns(ParetoSRWarning, match=r"^the image is stored with a palette: expanded"):
        assert psr.upscale(bicubic, palette).mode == "RGB"


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 5, 3)),
        np.zeros((4, 5), np.uint8),
        np.zeros((4, 5, 4), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
    ],
    ids=["float", "gray", "rgba", "empty"],
)
def test_other_arrays_are_refused(bicubic: psr.Model, image: NDArray[np.generic]) -> None:
    with pytest.raises(ValueError, match=r"uint8 of shape \(height, width, 3\), got"):
        psr.upscale(bicubic, image)  # type: ignore[call-overload]


def test_a_design_cannot_enlarge(pixels: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="must have trained weights, but 'seemore-t'"):
        psr.upscale(psr.load("seemore-t", scale=2), pixels)


def test_a_folder_is_a_result_without_warnings(
    bicubic: psr.Model, photographs: Path, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        upscaled = psr.upscale_folder(bicubic, photographs, tmp_path / "large")
    assert upscaled.files == (tmp_path / "large/narrow.png", tmp_path / "large/wide.png")
    assert (upscaled.total, upscaled.variant, upscaled.skipped) == (2, None, ())
    assert str(upscaled).split() == [str(file) for file in upscaled.files]


def test_images_that_are_left_out_are_warned_of_and_in_the_result(
    bicubic: psr.Model, photographs: Path, tmp_path: Path
) -> None:
    source = tmp_path / "photos"
    source.mkdir()
    (source / "good.png").write_bytes((photographs / "wide.png").read_bytes())
    (source / "bad.png").write_text("no image")
    with pytest.warns(ParetoSRWarning, match=r"skipped .*bad\.png"):
        upscaled = psr.upscale_folder(bicubic, source, tmp_path / "large", file_format="webp")
    assert upscaled.files == (tmp_path / "large/good.webp",)
    (skipped,) = upscaled.skipped
    assert skipped.path == source / "bad.png"
    assert upscaled.to_dict()["skipped"] == [
        {"file": str(source / "bad.png"), "reason": skipped.reason}
    ]
    (source / "bad.png").unlink()
    with pytest.warns(ParetoSRWarning, match="left as they are: 1 of 1 files"):
        again = psr.upscale_folder(
            bicubic, source, tmp_path / "large", file_format="webp", skip_existing=True
        )
    assert (again.files, again.existing, again.total) == ((), upscaled.files, 1)
