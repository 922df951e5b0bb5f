import numpy as np
import pandas as pd

from reports.figures.training_curve import training_curve

LOG = pd.DataFrame(
    {
        "step": [10, 20, 30, 40],
        "loss": [4.0, 2.0, 3.0, 1.0],
        "psnr_y_db": [np.nan, 30.0, np.nan, 29.5],
    }
)


def test_the_curve_shows_every_loss_and_only_what_was_validated() -> None:
    upper, lower = training_curve(LOG, name="tiny, x2", bicubic_psnr_y_db=28.0).axes
    losses, median = upper.lines
    np.testing.assert_array_equal(losses.get_xydata(), LOG[["step", "loss"]])
    np.testing.assert_array_equal(median.get_ydata(), [2.5] * 4)
    validated, baseline = lower.lines
    np.testing.assert_array_equal(validated.get_xydata(), [[20, 30.0], [40, 29.5]])
    assert set(baseline.get_ydata()) == {28.0}
    assert upper.get_title(loc="left") == "Training of tiny, x2"
    assert "best validation 30.00 dB after step 20" in upper.texts[0].get_text()
