import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.regions import Region, regions


def gray(levels: NDArray[np.float64]) -> NDArray[np.uint8]:
    return np.repeat(levels.round().astype(np.uint8)[..., None], 3, axis=2)


def ramp(levels_per_px: int) -> NDArray[np.uint8]:
    return gray(np.tile(np.arange(40.0) * levels_per_px, (32, 1)))


def waves(period_px: float, down: bool) -> NDArray[np.uint8]:
    """A sine across the image, or one across and one down."""
    phase = 2 * np.pi * np.arange(64) / period_px
    across = np.tile(np.sin(phase), (64, 1))
    return gray(128 + 50 * (across + across.T * down))


# A level of gray is 219.859 / 256 levels of Y, so that slopes of 4 and 5 are 3.44 and 4.29.
@pytest.mark.parametrize(
    ("pixels", "region"),
    [
        (gray(np.full((32, 40), 90.0)), "flat"),
        (ramp(4), "flat"),
        (ramp(5), "edge"),
        (ramp(5).transpose(1, 0, 2), "edge"),
        (waves(8, down=False), "edge"),
    ],
)
def test_what_is_wholly_of_one_region(pixels: NDArray[np.uint8], region: Region) -> None:
    found = regions(pixels)
    assert {name: inside.mean() for name, inside in found.items()} == {
        "flat": 0, "edge": 0, "texture": 0, region: 1,
    }  # fmt: skip


def test_equal_waves_in_two_directions_are_texture() -> None:
    # Smoothed over much of a period, both directions have the same gradient.
    found = regions(waves(4, down=True))
    inner = slice(8, -8)
    assert found["texture"][inner, inner].all()


def test_an_edge_is_found_where_it_is_and_at_any_angle() -> None:
    rows, columns = np.indices((64, 64))
    distance_px = (rows - columns) / np.sqrt(2)
    found = regions(gray(np.where(distance_px > 0, 180.0, 60.0)))
    # In the image's corners the gradient is that of its border, too.
    inner = np.maximum(np.abs(rows - 31.5), np.abs(columns - 31.5)) < 28
    assert found["edge"][(np.abs(distance_px) < 2) & inner].all()
    # Beyond four sigma of the Gaussian and the pixel of the gradient nothing of it is left.
    assert found["flat"][np.abs(distance_px) > 8].all()


def test_each_pixel_is_of_one_region() -> None:
    noise = np.random.default_rng(0).normal(0, 1, (48, 50)).cumsum(axis=0).cumsum(axis=1)
    scaled = 255 * (noise - noise.min()) / np.ptp(noise)
    counts = sum(inside.astype(int) for inside in regions(gray(scaled)).values())
    assert isinstance(counts, np.ndarray)
    assert (counts == 1).all()
