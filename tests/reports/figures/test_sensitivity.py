"""The bars of what layers lose are as long as what they lose."""

import pytest

from reports.figures.sensitivity import sensitivity_bars


def test_each_layer_has_two_bars_from_the_top() -> None:
    layers = [("body.0", 0.02, 0.05), ("body.1", -0.01, 0.06)]
    figure = sensitivity_bars(layers, title="a network", loss_db=0.07)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.get_yticklabels()] == ["body.0", "body.1"]
    widths = [bar.get_width() for bar in axes.patches]
    assert widths == pytest.approx([0.02, -0.01, 0.05, 0.06])
    assert axes.yaxis_inverted()
    assert "all quantised, 0.070 dB" in axes.get_legend_handles_labels()[1]
