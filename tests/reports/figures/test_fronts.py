"""What the figures of a run show, read from the figures themselves.

Covers reports.figures.drawing, of which the figures are made.

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

from reports.figures.fronts import axes_of, pareto_figure, psnr_vs_gmacs_figure
from reports.figures.style import family_styles, save_figure
from reports.papers.systems import published_systems
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
    networks, baseline = pareto_figure(records, settings).axes
    for axes in (networks, baseline):
        assert drawn_points(axes) == {(10, 35), (20, 35.05), (40, 36), (50, 35.5)}
        assert front_line(axes) == [
            (2, 33), (10, 33), (10, 35), (20, 35), (20, 35.05), (40, 35.05), (40, 36), (50, 36),
        ]  # fmt: skip
        assert axes.get_xscale() == "log"
    # The two decibels from bicubic to the first network are cut out.
    assert networks.get_ylim()[0] > 34 > 33.5 > baseline.get_ylim()[1]
    assert baseline.get_xlabel() == "latency on PyTorch, 1 thread, 160×90 input (ms)"
    assert networks.get_ylabel() == "PSNR on Y, bundled photographs ×2 (dB)"
    names = names_of_points(networks.get_figure(root=True))
    assert [text.get_text() for text in names] == ["#0", "#1", "#2"]


@pytest.mark.parametrize(
    "objectives",
    [
        ("psnr_y_db", "macs"),
        ("psnr_y_db", "latency_ms", "params"),
        ("latency_ms", "macs"),
        ("psnr_y_db",),
    ],
)
def test_any_objectives_can_be_drawn(
    records: list[TrialRecord], settings: RunSettings, objectives: tuple[str, ...]
) -> None:
    figure = pareto_figure(records, replace(settings, objectives=objectives))
    assert len(drawn_points(figure.axes[0])) == 4


def test_intervals_are_drawn_as_measured(records: list[TrialRecord], settings: RunSettings) -> None:
    axes, *_ = pareto_figure(records[:2], settings).axes
    segments = [segment for bars in axes.containers for segment in bars[2]]
    ends = sorted(tuple(path.ravel().round(6)) for item in segments for path in item.get_segments())
    assert ends == [(9.7, 35, 10.5, 35), (10, 34.97, 10, 35.03)]


def test_nothing_to_draw_says_why(records: list[TrialRecord], settings: RunSettings) -> None:
    bounded = replace(settings, bounds={"macs": (None, 1e9)})
    (axes,) = pareto_figure([records[0], records[5]], bounded).axes
    (text,) = [text for text in axes.texts if text.get_text().startswith("none")]
    assert text.get_text().startswith("none kept macs <= 1,000,000,000: the nearest")


def test_two_panels_where_validation_is_not_set5(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    ours, _, published, _ = psnr_vs_gmacs_figure(records, settings).axes
    assert ours.get_xlim() == published.get_xlim()
    assert published.get_ylabel() == "PSNR on Y, Set5 ×2 (dB)"
    assert ours.get_ylabel() == "PSNR on Y, bundled photographs ×2 (dB)"
    assert drawn_points(ours) == {(0.2304, 35), (0.4608, 35.05), (0.6912, 36), (0.9216, 35.5)}
    systems, beyond = published_systems(2, ("Set5",))
    expected = {(it.macs / 1e9, it.psnr_y_db) for it in systems if it.macs is not None}
    assert drawn_points(published) == expected
    assert beyond[0] == "DRCN (9,789 GMACs)"


@pytest.mark.parametrize("steps", [1000, 500_000])
def test_one_panel_for_set5_still_tells_short_trainings_apart(
    records: list[TrialRecord], settings: RunSettings, steps: int
) -> None:
    on_set5 = replace(
        settings, validation_data="/photographs/Set5", training_data="BSDS400", train_steps=steps
    )
    trained = [replace(it, train_steps=steps) for it in records if it.state == "trained"]
    figure = psnr_vs_gmacs_figure(trained, on_set5)
    assert {(0.2304, 35.0), (45.0, 38.06)} <= drawn_points(figure.axes[0])
    labels = {text.get_text() for text in figure.legends[0].get_texts()}
    evidence = " (1,000 steps only)" if steps == 1000 else ""
    assert f"splitsr{evidence}, on the front" in labels
    notes = "\n".join(text.get_text() for text in figure.axes[0].texts)
    assert ("not comparable" in notes) is (steps == 1000)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_no_name_covers_another_or_leaves_the_axes(
    records: list[TrialRecord], settings: RunSettings, scale: int
) -> None:
    figure = psnr_vs_gmacs_figure(records[:1], replace(settings, scale=scale))
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
    if suffix == "pdf":
        # Journals refuse Type 3 fonts.
        assert b"/Type3" not in first and b"/CIDFontType2" in first


def test_the_picture_is_not_blank(
    records: list[TrialRecord], settings: RunSettings, tmp_path: Path
) -> None:
    save_figure(pareto_figure(records, settings), tmp_path / "pareto.png")
    with Image.open(tmp_path / "pareto.png") as image:
        assert image.width == 1120
        assert len(image.convert("RGB").getcolors(1 << 20) or []) > 50


def test_bad_requests(settings: RunSettings, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in one of .*png.* got 'figure\.xyz'"):
        save_figure(pareto_figure([], settings), tmp_path / "figure.xyz")
    assert list(tmp_path.iterdir()) == []
