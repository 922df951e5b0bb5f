import numpy as np

from reports.figures.sorted_patches import sorted_patches


def test_the_figure_shows_the_sorted_curve_and_mean_gains() -> None:
    large, small = np.array([40.0, 36.0, 30.0, 28.0]), np.array([40.0, 35.0, 29.0, 26.0])
    baseline = np.array([39.0, 35.0, 27.0, 25.0])
    left, right = sorted_patches(
        [("large", large), ("small", small), ("plain", baseline)],
        [0, 2, 4],
        baseline="plain",
        title="Patches",
        patch_px=32,
    ).axes
    np.testing.assert_array_equal(
        left.lines[0].get_xydata(), [[1, 40.0], [2, 36.0], [3, 30.0], [4, 28.0]]
    )
    assert [text.get_text() for text in left.texts[-2:]] == [
        "class 1\nmean 38.00 dB",
        "class 2\nmean 29.00 dB",
    ]
    gains = {line.get_label(): list(line.get_ydata()) for line in right.lines}
    assert gains == {"large": [1.0, 3.0], "small": [0.5, 1.5], "plain": [0.0, 0.0]}
