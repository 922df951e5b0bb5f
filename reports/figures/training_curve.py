"""The course of a training: its loss, and the quality on validation images."""

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.style import GREY, INK, PUBLISHED_BLUE, add_legend, new_figure, set_titles

SMOOTHED_ROWS = 15
PSNR_COLOUR = "#D55E00"


def training_curve(log: pd.DataFrame, *, name: str, bicubic_psnr_y_db: float) -> Figure:
    """The loss of single batches with its running median, and PSNR below, against the step.

    `log` has the columns `step`, `loss` and `psnr_y_db`, empty where nothing was validated.
    """
    figure = new_figure(9.8, 6.0)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    validated = log.dropna(subset="psnr_y_db")
    best_db = validated["psnr_y_db"].max()
    best_step = validated["step"][validated["psnr_y_db"] == best_db].iloc[0]
    notes = [
        f"{log['step'].iloc[-1]:,} steps; best validation {best_db:.2f} dB after step "
        f"{best_step:,}; loss of single batches, and its median over {SMOOTHED_ROWS} rows"
    ]
    set_titles(upper, f"Training of {name}", notes, columns=130)
    upper.plot(log["step"], log["loss"], ".", color=PUBLISHED_BLUE, ms=3, label="loss of a batch")
    median = log["loss"].rolling(SMOOTHED_ROWS, center=True, min_periods=1).median()
    upper.plot(log["step"], median, color=INK, lw=1.2, label="running median")
    if (log["loss"] > 0).all():
        upper.set_yscale("log")
    upper.set_ylabel("loss")
    lower.plot(
        validated["step"], validated["psnr_y_db"], "o-", color=PSNR_COLOUR, ms=3.5, lw=1.2,
        label="validation",
    )  # fmt: skip
    lower.axhline(
        bicubic_psnr_y_db, color=GREY, ls="--", lw=1.0, label=f"bicubic, {bicubic_psnr_y_db:.4g}"
    )
    lower.set_ylabel("PSNR of Y (dB)")
    lower.set_xlabel("step")
    for axes in (upper, lower):
        axes.grid(True, lw=0.4, alpha=0.4)
        add_legend(axes)
    return figure
