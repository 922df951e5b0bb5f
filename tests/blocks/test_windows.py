"""Cutting and stitching: what is cut and put together unchanged is the image."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks.windows import Canvas, Seam, Windows, halves, ramp, stitch

# Size and stride in pixels, from no overlap to the most.
GRIDS = st.sampled_from(((8, 8), (8, 4), (12, 8), (32, 28)))
EXTRAS = st.integers(0, 40)
SEAMS = st.sampled_from((ramp, halves))


def pasted(patches: Tensor, images: Tensor, windows: Windows, scale: int, seam: Seam) -> Tensor:
    """All patches on a canvas, the last first and two at a time."""
    canvas = Canvas(images, windows, scale, seam)
    places = list(reversed(range(len(patches))))
    for first in range(0, len(places), 2):
        chosen = places[first : first + 2]
        canvas.add(patches[chosen], chosen)
    return canvas.images


@pytest.mark.parametrize(
    ("length_px", "inside", "covering"),
    [(32, 1, 1), (33, 1, 2), (59, 1, 2), (60, 2, 2), (61, 2, 3), (88, 3, 3)],
)
def test_how_many_windows(length_px: int, inside: int, covering: int) -> None:
    """Windows of 32 at 0, 28, 56, ...: two of them end at 60, three at 88."""
    images = torch.empty(1, 3, length_px, 32)
    assert Windows.inside(images, 32, 28) == Windows(inside, 1, 32, 28)
    assert Windows.covering(images, 32, 28) == Windows(covering, 1, 32, 28)


def test_patches_are_the_windows_of_each_image_in_rows() -> None:
    images = torch.rand(2, 3, 20, 28)
    patches = Windows.covering(images, 8, 4).cut(images)
    expected = [
        image[:, top : top + 8, left : left + 8]
        for image in images
        for top in (0, 4, 8, 12)
        for left in (0, 4, 8, 12, 16, 20)
    ]
    assert torch.equal(patches, torch.stack(expected))


def test_what_lies_beyond_the_image_is_its_mirror_image() -> None:
    row = torch.arange(9.0)
    images = row.expand(1, 3, 9, 9)
    windows = Windows.covering(images, 8, 4)
    assert (windows.height_px, windows.width_px) == (12, 12)
    mirrored = torch.cat((row, torch.tensor((7.0, 6.0, 5.0))))
    assert torch.equal(windows.fit(images)[0, 0, 0], mirrored)


def test_a_ramp_meets_its_mirror_image() -> None:
    assert torch.equal(ramp(4), torch.tensor((0.125, 0.375, 0.625, 0.875)))
    along_height, along_width = Windows(1, 3, 8, 6).weights(1, ramp)
    assert torch.equal(along_height, torch.ones(1, 8))
    expected = (
        (1, 1, 1, 1, 1, 1, 0.75, 0.25),
        (0.25, 0.75, 1, 1, 1, 1, 0.75, 0.25),
        (0.25, 0.75, 1, 1, 1, 1, 1, 1),
    )
    assert torch.equal(along_width, torch.tensor(expected))


@given(GRIDS, EXTRAS, EXTRAS, st.integers(1, 3), SEAMS)
def test_patches_that_are_interpolated_alike_give_the_whole_image_so(
    grid: tuple[int, int], extra_rows: int, extra_columns: int, scale: int, seam: Seam
) -> None:
    """Repeating pixels needs no neighbours, so that patches know all they need."""
    images = torch.rand(2, 3, grid[0] + extra_rows, grid[0] + extra_columns)
    windows = Windows.covering(images, *grid)
    patches = F.interpolate(windows.cut(images), scale_factor=scale, mode="nearest")
    expected = F.interpolate(images, scale_factor=scale, mode="nearest")
    torch.testing.assert_close(pasted(patches, images, windows, scale, seam), expected)
    torch.testing.assert_close(stitch(patches, images, windows, scale, seam), expected)


@given(GRIDS, EXTRAS, EXTRAS, SEAMS)
def test_two_ways_to_stitch_agree(
    grid: tuple[int, int], extra_rows: int, extra_columns: int, seam: Seam
) -> None:
    images = torch.rand(2, 3, grid[0] + extra_rows, grid[0] + extra_columns)
    windows = Windows.covering(images, *grid)
    count = 2 * windows.rows * windows.columns
    patches = torch.rand(count, 3, 2 * grid[0], 2 * grid[0])
    expected = stitch(patches, images, windows, 2, seam)
    torch.testing.assert_close(pasted(patches, images, windows, 2, seam), expected)


def test_halves_are_the_mean_of_all_patches_that_cover_a_pixel() -> None:
    images = torch.rand(1, 3, 20, 13)
    windows = Windows.inside(images, 8, 4)
    patches = torch.rand(4 * 2, 3, 8, 8)
    total, count = torch.zeros(1, 3, 20, 12), torch.zeros(20, 12)
    for number, (top, left) in enumerate((y, x) for y in (0, 4, 8, 12) for x in (0, 4)):
        total[0, :, top : top + 8, left : left + 8] += patches[number]
        count[top : top + 8, left : left + 8] += 1
    torch.testing.assert_close(pasted(patches, images, windows, 1, halves), total / count)


def test_gradients_pass_through_the_canvas() -> None:
    images = torch.rand(1, 3, 12, 12)
    windows = Windows.covering(images, 8, 4)
    patches = torch.rand(4, 3, 8, 8, requires_grad=True)
    pasted(patches, images, windows, 1, ramp).sum().backward()
    assert patches.grad is not None
    # Every pixel of the image is worth 1, shared by the patches that cover it.
    assert float(patches.grad.sum()) == pytest.approx(3 * 12 * 12)
