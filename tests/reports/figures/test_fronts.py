"""What the figures show, read from the figures themselves.

Covers reports.figures.drawing and reports.figures.gmacs, of which the figures are made.

Covers reports.figures.style.
"""

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from reports.figures.fronts import axes_of, pareto_figure, plot_figure, psnr_vs_gmacs_figure
from reports.figures.style import family_styles, save_figure
from reports.published import published_models
from reports.records import TrialRecord
from reports.run_settings import RunSettings


def drawn_points(axes: Axes) -> set[tuple[float, float]]:
    collections = [item for item in axes.collections if isinstance(item, PathCollection)]
    offsets = [np.ma.getdata(item.get_offsets()) for item in collections]
    return {(float(x), float(y)) for group in offsets for x, y in group}


def front_line(axes: Axes) -> list[tuple[float, float]]:
    (line,) = [line for line in axes.lines if line.get_label() == "front"]
    return [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]


def names_of_points(figure: Figure) -> list[Text]:
    """The texts that stand in data units, unlike titles and notes."""
    return [
        text
        for axes in figure.axes
        for text in axes.texts
        if text.get_transform() is axes.transData
    ]


@pytest.mark.parametrize(
    ("objectives", "expected"),
    [
        (("psnr_y_db", "latency_ms"), ("latency_ms", "psnr_y_db")),
        (("macs", "ssim_y", "psnr_y_db", "params"), ("macs", "psnr_y_db")),
        (("ssim_y", "activation_mib"), ("activation_mib", "ssim_y")),
        (("latency_ms", "macs"), ("latency_ms", "macs")),
        (("latency_ms",), ("latency_ms", "psnr_y_db")),
        (("psnr_y_db",), ("macs", "psnr_y_db")),
    ],
)
def test_axes_of(objectives: tuple[str, ...], expected: tuple[str, str]) -> None:
    assert axes_of(objectives) == expected


def test_pareto_figure_draws_the_trained_and_their_staircase(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    (axes,) = pareto_figure(records, settings).axes
    assert drawn_points(axes) == {(10, 35), (20, 35.05), (40, 36), (50, 35.5)}
    assert front_line(axes) == [
        (2, 33), (10, 33), (10, 35), (20, 35), (20, 35.05), (40, 35.05), (40, 36), (50, 36),
    ]  # fmt: skip
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "latency (ms) on eager:threads=1,lr=90x160"
    assert axes.get_ylabel() == "PSNR on Y (dB), bundled x2"
    assert [text.get_text() for text in names_of_points(axes.get_figure())] == ["#0", "#1", "#2"]


@pytest.mark.parametrize(
    "objectives",
    [
        ("psnr_y_db", "macs"),
        ("psnr_y_db", "latency_ms", "params"),
        ("ssim_y", "peak_memory_mib"),
        ("latency_ms", "macs"),
        ("psnr_y_db",),
    ],
)
def test_any_objectives_can_be_drawn(
    records: list[TrialRecord], settings: RunSettings, objectives: tuple[str, ...]
) -> None:
    (axes,) = pareto_figure(records, replace(settings, objectives=objectives)).axes
    assert (len(drawn_points(axes)) == 4) is (objectives[-1] != "peak_memory_mib")


def test_intervals_are_drawn_as_measured(records: list[TrialRecord], settings: RunSettings) -> None:
    (axes,) = pareto_figure(records[:2], settings).axes
    segments = [segment for bars in axes.containers for segment in bars[2]]
    ends = sorted(tuple(path.ravel().round(6)) for item in segments for path in item.get_segments())
    assert ends == [(9.7, 35, 10.5, 35), (10, 34.97, 10, 35.03)]


def test_without_a_known_baseline_cost_the_front_starts_at_the_first_network(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    (axes,) = plot_figure(records, settings, "params", "psnr_y_db").axes
    assert front_line(axes)[0] == (1, 35)
    assert axes.get_xlabel() == "parameters (thousands)"
    dashed = [line for line in axes.lines if line.get_label() == "bicubic, 33"]
    assert len(dashed) == 1


def test_a_gain_across_and_a_cost_upwards(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    (axes,) = plot_figure(records[1:], settings, "psnr_y_db", "latency_ms").axes
    assert front_line(axes) == [
        (36, 40), (35.05, 40), (35.05, 20), (35, 20), (35, 10), (35, 10),
    ]  # fmt: skip


def test_two_panels_where_validation_is_not_set5(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    top, bottom = psnr_vs_gmacs_figure(records, settings).axes
    assert top.get_xlim() == bottom.get_xlim()
    assert top.get_ylabel() == "PSNR on Y, Set5 x2 (dB)"
    assert bottom.get_ylabel() == "PSNR on Y (dB), bundled x2"
    assert drawn_points(bottom) == {(0.2304, 35), (0.4608, 35.05), (0.6912, 36), (0.9216, 35.5)}
    expected = {(model.gmacs, model.psnr_db) for model in published_models(2)}
    assert drawn_points(top) == {point for point in expected if point[0] <= 1000}
    title = bottom.get_legend().get_title().get_text().replace("\n", " ")
    assert title.startswith("ours: trained 1000 steps on bundled, validated on bundled; not comp")


def test_one_panel_for_set5_still_tells_short_trainings_apart(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    on_set5 = replace(settings, validation_data="/photographs/Set5", training_data="BSDS400")
    (axes,) = psnr_vs_gmacs_figure(records, on_set5).axes
    assert {(0.2304, 35.0), (45.0, 38.06)} <= drawn_points(axes)
    title = axes.get_legend().get_title().get_text().replace("\n", " ")
    assert title == (
        "ours: trained 1000 steps on BSDS400, validated on Set5; not comparable with published"
    )
    (axes,) = psnr_vs_gmacs_figure(records, replace(on_set5, train_steps=500_000)).axes
    assert "not comparable" not in axes.get_legend().get_title().get_text()


def test_area_is_proportional_to_parameters(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    top, _ = psnr_vs_gmacs_figure(records, settings).axes
    params_k = {(model.gmacs, model.psnr_db): model.params_k for model in published_models(2)}
    ratios = []
    for item in top.collections:
        if isinstance(item, PathCollection) and len(item.get_offsets()):
            ((x, y),) = np.ma.getdata(item.get_offsets())
            ratios.append(item.get_sizes()[0] / params_k[float(x), float(y)])
    assert len(ratios) > 20
    assert ratios == pytest.approx([ratios[0]] * len(ratios))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_no_name_covers_another_or_leaves_the_axes(
    records: list[TrialRecord], settings: RunSettings, scale: int
) -> None:
    figure = psnr_vs_gmacs_figure(records, replace(settings, scale=scale))
    figure.draw_without_rendering()
    names = names_of_points(figure)
    assert len(names) > 15
    boxes = {name.get_text(): name.get_window_extent() for name in names}
    for (first, box), (second, other) in combinations(boxes.items(), 2):
        assert not box.overlaps(other), f"{first} covers {second}"
    for name in names:
        box, frame = boxes[name.get_text()], name.axes.bbox
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1
        assert frame.y0 <= box.y0 and box.y1 <= frame.y1


def test_families_keep_their_colours() -> None:
    assert family_styles(["seemore"])["seemore"] == family_styles(["a", "seemore"])["seemore"]
    assert list(family_styles(["splitsr", "a", "splitsr"])) == ["a", "splitsr"]


@pytest.mark.parametrize("suffix", ["png", "pdf", "svg"])
def test_saved_figures_are_the_same_bytes(
    records: list[TrialRecord], settings: RunSettings, tmp_path: Path, suffix: str
) -> None:
    for name in ("first", "second"):
        save_figure(pareto_figure(records, settings), tmp_path / f"{name}.{suffix}")
    first = (tmp_path / f"first.{suffix}").read_bytes()
    assert first == (tmp_path / f"second.{suffix}").read_bytes()


def test_the_picture_is_not_blank(
    records: list[TrialRecord], settings: RunSettings, tmp_path: Path
) -> None:
    save_figure(pareto_figure(records, settings), tmp_path / "pareto.png")
    with Image.open(tmp_path / "pareto.png") as image:
        assert image.size == (1568, 896)
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 50


def test_bad_requests(records: list[TrialRecord], settings: RunSettings, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two different columns, got macs twice"):
        plot_figure(records, settings, "macs", "macs")
    with pytest.raises(ValueError, match=r"objective must be one of .* got 'flops'"):
        plot_figure(records, settings, "flops", "psnr_y_db")
    with pytest.raises(ValueError, match=r"must end in one of .*png.* got 'figure\.xyz'"):
        save_figure(pareto_figure([], settings), tmp_path / "figure.xyz")
    assert list(tmp_path.iterdir()) == []
