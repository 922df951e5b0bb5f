from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from reports.figures.masks import mask_figure, tinted


@dataclass(frozen=True)
class Photograph:
    name: str
    low: NDArray[np.uint8]
    active: NDArray[np.bool_]


def photograph(name: str, height: int) -> Photograph:
    active = np.zeros((2, height, 8), np.bool_)
    active[0, :, :4] = True  # half of the pixels in the first module, a quarter in the second
    active[1, :, :2] = True
    return Photograph(name, np.full((height, 8, 3), 100, np.uint8), active)


def test_a_row_shows_the_photograph_every_mask_and_how_many_masks_there_are() -> None:
    figure = mask_figure([photograph("a.png", 6), photograph("b.png", 4)], name="smsr, x2")
    titles = [axes.get_title() for axes in figure.axes[:8]]
    row = ["module 1: 50%", "module 2: 25%", "mean: 38%"]
    assert titles == ["a.png", *row, "b.png", *row]
    counts = np.asarray(figure.axes[3].images[0].get_array())
    np.testing.assert_array_equal(counts[0], [2, 2, 1, 1, 0, 0, 0, 0])
    drawn = np.asarray(figure.axes[1].images[0].get_array())
    assert (drawn[:, 4:] == 178).all()
    assert not (drawn[:, :4] == 178).any()


def test_an_active_pixel_is_coloured_and_still_shows_the_photograph() -> None:
    gray = np.array([[0, 200]], np.uint8)
    # Three fifths of the colour (230, 159, 0), two of the gray level halfway to white.
    expected = [[[189, 146, 51], [229, 186, 91]]]
    np.testing.assert_array_equal(tinted(gray, np.array([[True, True]])), expected)
    np.testing.assert_array_equal(
        tinted(gray, np.array([[False, False]])), [[[128] * 3, [228] * 3]]
    )


def test_masks_need_a_photograph() -> None:
    with pytest.raises(ValueError, match="got none"):
        mask_figure([], name="smsr, x2")
