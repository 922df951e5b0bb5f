import numpy as np

from reports.figures.near_zeros import near_zero_figure

# Two layers, of two and of three channels, in three regions, the last without a pixel.
SHARES = [
    np.array([[0.5, 0.1], [0.3, 0.1], [np.nan, np.nan]]),
    np.array([[0.9, 0.6, 0.3], [0.8, 0.5, 0.2], [np.nan] * 3]),
]
LEFT = np.zeros((4, 6), np.bool_)
LEFT[:, :3] = True
REGIONS = {"flat": LEFT, "edge": ~LEFT, "texture": np.zeros_like(LEFT)}


def test_the_figure_has_regions_means_by_layer_and_channels_in_order() -> None:
    photograph = np.full((4, 6, 3), 100, np.uint8)
    figure = near_zero_figure(SHARES, photograph, REGIONS, title="Near zero", notes=["a note"])
    shown, layers, *channels, _ = figure.axes
    drawn = np.asarray(shown.images[0].get_array())
    assert (drawn[:, :3] == 100).all()
    # Halfway to (213, 94, 0), to the even number.
    np.testing.assert_array_equal(drawn[0, 5], [156, 97, 50])
    legend = shown.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "flat, 50%", "edge, 50%", "texture, 0%",
    ]  # fmt: skip
    flat, edge, texture = layers.lines
    np.testing.assert_allclose(flat.get_xydata(), [[1, 0.3], [2, 0.6]])
    np.testing.assert_allclose(edge.get_ydata(), [0.2, 0.5])
    assert np.isnan(np.asarray(texture.get_ydata())).all()
    of_flat = np.ma.filled(channels[0].images[0].get_array(), np.nan)
    np.testing.assert_allclose(of_flat, [[0.1, 0.5, np.nan], [0.3, 0.6, 0.9]])
