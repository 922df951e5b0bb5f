"""Quality of bicubic against published figures, and of networks whose output is known."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from blocks.networks.registry import build_network
from blocks.networks.splitsr import SplitSRConfig
from imaging.evaluation import (
    ImageQuality,
    ValidationPair,
    bicubic_upscaler,
    evaluate_quality,
    exact_by_bicubic,
    network_upscaler,
    prepare_validation,
)
from imaging.images import Image, load_images
from imaging.imresize import upscale_bicubic
from imaging.metrics import psnr_y_db, ssim_y

# PSNR in dB and SSIM at x2, x3, x4 (SeemoRe, Table 1; SMSR, Table 1).
PUBLISHED_BICUBIC = {
    "Set5": ((33.66, 0.9299), (30.39, 0.8682), (28.42, 0.8104)),
    "B100": ((29.56, 0.8431), (27.21, 0.7385), (25.96, 0.6675)),
}
# From the same tables: of the raw values of the one file that has one channel.
SET14_BICUBIC_PSNR_DB = {2: 30.24, 3: 27.55, 4: 26.00}


class Affine(nn.Module):
    """Nearest-neighbour enlargement, then gain * x + offset; remembers what it was given."""

    def __init__(self, *, gain: float = 1.0, offset: float = 0.0) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.tensor(gain))
        self.offset = offset
        self.dropout = nn.Dropout(0.5)
        self.given: Tensor | None = None

    def forward(self, images: Tensor) -> Tensor:
        self.given = images
        enlarged = images.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        return self.dropout(enlarged) * self.gain + self.offset


def noise(height: int, width: int, *, gray: bool = False) -> NDArray[np.uint8]:
    shape = (height, width, 1 if gray else 3)
    random = np.random.default_rng(height * 1000 + width)
    return np.broadcast_to(random.integers(0, 256, shape, np.uint8), (height, width, 3))


def enlarged(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return pixels.repeat(2, axis=0).repeat(2, axis=1)


def test_pairs_are_cropped_and_reduced() -> None:
    images = [Image("a", noise(31, 40), False), Image("b", noise(28, 29, gray=True), True)]
    pairs = prepare_validation(images, 3)
    assert [(pair.name, pair.scale) for pair in pairs] == [("a", 3), ("b", 3)]
    assert [pair.high.shape for pair in pairs] == [(30, 39, 3), (27, 27, 3)]
    assert [pair.low.shape for pair in pairs] == [(10, 13, 3), (9, 9, 3)]
    assert np.array_equal(pairs[0].high, images[0].pixels[:30, :39])


def test_images_too_small_to_be_judged_are_named() -> None:
    # 11 pixels for a window and 2 at each side for the border: 15, cropped to an even 16.
    assert prepare_validation([Image("enough", noise(16, 99), False)], 2)
    with pytest.raises(ValueError, match=r"at least 15 pixels .* got 15x99 \('small'\)"):
        prepare_validation([Image("small", noise(15, 99), False)], 2)


def test_quality_is_the_mean_over_images() -> None:
    images = [Image("a", noise(30, 40), False), Image("b", noise(26, 30, gray=True), True)]
    pairs = prepare_validation(images, 2)
    quality = evaluate_quality(bicubic_upscaler(2), pairs)
    for pair, result in zip(pairs, quality.images, strict=True):
        restored = upscale_bicubic(pair.low, 2)
        assert result == ImageQuality(
            pair.name,
            psnr_y_db(restored, pair.high, border_px=2),
            ssim_y(restored, pair.high, border_px=2),
        )
    first, second = quality.images
    assert quality.psnr_y_db == pytest.approx((first.psnr_y_db + second.psnr_y_db) / 2)
    assert quality.ssim_y == pytest.approx((first.ssim_y + second.ssim_y) / 2)


def test_a_perfect_upscaler() -> None:
    low = noise(12, 12)
    quality = evaluate_quality(enlarged, [ValidationPair("a", low, enlarged(low))])
    assert quality.psnr_y_db == math.inf
    assert quality.ssim_y == pytest.approx(1.0)


def single_colour() -> NDArray[np.uint8]:
    return np.full((24, 32, 3), (200, 30, 77), np.uint8)


def slow_gradient() -> NDArray[np.uint8]:
    """A level more every eight columns: at x2 bicubic rounds each level back to itself."""
    levels = (np.arange(64, dtype=np.uint8) // 8 + 100)[None, :, None]
    return np.broadcast_to(levels, (24, 64, 3))


@pytest.mark.parametrize("original", [single_colour(), slow_gradient()])
def test_what_bicubic_restores_exactly_is_in_no_mean(original: NDArray[np.uint8]) -> None:
    exact, usual = Image("exact", original, False), Image("usual", noise(30, 40), False)
    pairs = prepare_validation([exact, usual], 2)
    assert exact_by_bicubic(pairs) == ("exact",)
    bicubic = evaluate_quality(bicubic_upscaler(2), pairs)
    # A network that is a level off has a finite PSNR there, which must not raise its mean.
    network = evaluate_quality(network_upscaler(Affine(offset=1 / 255)), pairs)
    assert bicubic.images[0].psnr_y_db == math.inf > network.images[0].psnr_y_db
    for quality in (bicubic, network):
        assert quality.left_out == ("exact",)
        assert quality.psnr_y_db == quality.images[1].psnr_y_db
        assert quality.ssim_y == quality.images[1].ssim_y


def test_what_the_network_restores_exactly_is_not_in_its_mean() -> None:
    low = noise(12, 12)
    pairs = [
        ValidationPair("a", low, enlarged(low)),
        *prepare_validation([Image("b", noise(30, 40), False)], 2),
    ]
    quality = evaluate_quality(enlarged, pairs)
    assert (quality.images[0].psnr_y_db, quality.left_out) == (math.inf, ("a",))
    assert quality.psnr_y_db == quality.images[1].psnr_y_db


def test_without_another_image_the_mean_is_over_all() -> None:
    pairs = prepare_validation([Image("exact", single_colour(), False)], 2)
    quality = evaluate_quality(bicubic_upscaler(2), pairs)
    assert (quality.psnr_y_db, quality.left_out) == (math.inf, ())


def test_a_network_sees_unit_floats_and_is_rounded() -> None:
    network = Affine()
    pixels = noise(5, 7)
    assert np.array_equal(network_upscaler(network)(pixels), enlarged(pixels))
    given = network.given
    assert given is not None and given.dtype == torch.float32
    assert given.is_contiguous(memory_format=torch.channels_last)
    expected = torch.tensor(pixels.transpose(2, 0, 1)[None] / 255, dtype=torch.float32)
    torch.testing.assert_close(given, expected)


@pytest.mark.parametrize(("offset", "levels"), [(0.4, 0), (0.6, 1), (-0.6, -1), (500, 500)])
def test_output_is_clamped_and_rounded(offset: float, levels: int) -> None:
    pixels = noise(5, 7)
    restored = network_upscaler(Affine(offset=offset / 255))(pixels)
    assert np.array_equal(restored, np.clip(enlarged(pixels).astype(int) + levels, 0, 255))


def test_every_module_keeps_its_training_flag() -> None:
    network = nn.Sequential(Affine(), nn.BatchNorm2d(3).eval())
    before = [module.training for module in network.modules()]
    assert len(set(before)) == 2
    network_upscaler(network)(noise(4, 4))
    assert [module.training for module in network.modules()] == before
    assert torch.equal(network[1].running_mean, torch.zeros(3))


def test_a_network_that_is_not_finite_is_refused() -> None:
    pairs = prepare_validation([Image("a", noise(30, 40), False)], 2)
    with pytest.raises(ValueError, match=r"output must be finite.*\(image 'a'\)"):
        evaluate_quality(network_upscaler(Affine(gain=math.nan)), pairs)


def test_an_image_below_the_networks_minimum_is_named() -> None:
    network = build_network(
        SplitSRConfig(scale=2, channels=4, groups=1, hybrid_index=1, blocks=1, active_channels=2)
    )
    upscale = network_upscaler(network)
    assert upscale(noise(8, 9)).shape == (16, 18, 3)
    too_narrow = ValidationPair("thin", noise(20, 0), noise(40, 0))
    with pytest.raises(ValueError, match=r"splitsr .*\(image 'thin'\)"):
        evaluate_quality(upscale, [too_narrow])


def test_another_scale_than_the_pairs_is_refused() -> None:
    pairs = prepare_validation([Image("a", noise(30, 40), False)], 2)
    with pytest.raises(ValueError, match=r"got \(45, 60, 3\) and \(30, 40, 3\) \(image 'a'\)"):
        evaluate_quality(bicubic_upscaler(3), pairs)


def test_no_images() -> None:
    with pytest.raises(ValueError, match="at least one validation image, got none"):
        evaluate_quality(enlarged, [])


@pytest.mark.parametrize("dataset", PUBLISHED_BICUBIC)
def test_bicubic_as_published(shared_data: Path, dataset: str) -> None:
    images = load_images(str(shared_data / "benchmark" / dataset), split="validation").images
    for scale, (psnr_db, ssim) in zip((2, 3, 4), PUBLISHED_BICUBIC[dataset], strict=True):
        quality = evaluate_quality(bicubic_upscaler(scale), prepare_validation(images, scale))
        assert quality.psnr_y_db == pytest.approx(psnr_db, abs=0.02)
        assert quality.ssim_y == pytest.approx(ssim, abs=1e-3)


@pytest.mark.parametrize(("scale", "psnr_db"), [(2, 30.325), (3, 27.631), (4, 26.088)])
def test_set14_on_y_differs_from_published_bicubic_by_one_gray_file(
    shared_data: Path, scale: int, psnr_db: float
) -> None:
    images = load_images(str(shared_data / "benchmark" / "Set14"), split="validation").images
    assert [image.name for image in images if image.is_gray] == ["img_003.png"]
    quality = evaluate_quality(bicubic_upscaler(scale), prepare_validation(images, scale))
    assert quality.psnr_y_db == pytest.approx(psnr_db, abs=1e-3)
    of_raw_values = quality.psnr_y_db - 20 * math.log10(256 / 219.859) / 14
    assert of_raw_values == pytest.approx(SET14_BICUBIC_PSNR_DB[scale], abs=0.02)


@pytest.mark.gpu
def test_a_network_on_cuda_gives_what_it_gives_on_the_cpu() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    pixels = noise(9, 11)
    assert np.array_equal(network_upscaler(Affine(), device="cuda")(pixels), enlarged(pixels))
