"""What a figure for a paper shows, read from the figure itself.

Covers reports.figures.paper.panels, reports.figures.paper.sizes, reports.figures.paper.caption and
reports.figures.words.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure

from reports.figures.paper.bubbles import bubble_scale
from reports.figures.paper.caption import caption
from reports.figures.paper.front import FrontOptions, front_figure
from reports.figures.paper.marks import undecided
from reports.figures.paper.panels import panels_of
from reports.figures.paper.sizes import width_inches
from reports.figures.style import save_figure, worded_quantity
from reports.figures.words import axis_label, target_in_words
from reports.papers.systems import System, published_systems


def network(name: str, psnr_y_db: float | None, macs: float | None, **changes: object) -> System:
    values: dict[str, object] = {
        "name": name,
        "kind": "trial",
        "run": "mine",
        "trial": 0,
        "family": "splitsr",
        "scale": 4,
        "data": "Set5",
        "psnr_y_db": psnr_y_db,
        "macs": macs,
        "params": 100_000,
        "train_steps": 1000,
    }
    return System(**(values | changes))  # type: ignore[arg-type]


BICUBIC = network("bicubic", 28.4, None, family="bicubic", params=0, train_steps=None)
FOUR = [
    BICUBIC,
    network("#0", 30.0, 1e9),
    network("#1", 31.0, 4e9),
    network("#2", 30.5, 6e9),
    network("#3", 31.5, 16e9),
]


def labels_of(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def texts_of(axes: Axes) -> set[str]:
    return {text.get_text() for text in axes.texts if text.get_transform() is axes.transData}


def areas(axes: Axes) -> dict[tuple[float, float], float]:
    collections = [item for item in axes.collections if isinstance(item, PathCollection)]
    return {
        (float(x), float(y)): float(item.get_sizes()[0])
        for item in collections
        for x, y in np.ma.getdata(item.get_offsets())
    }


@pytest.mark.parametrize(("width", "inches"), [("column", 3.4), ("page", 7.0), ("4.5", 4.5)])
def test_a_pdf_is_as_wide_as_it_is_printed(width: str, inches: float, tmp_path: Path) -> None:
    save_figure(front_figure(FOUR, FrontOptions(width=width)), tmp_path / "front.pdf")
    content = (tmp_path / "front.pdf").read_bytes()
    _, _, box = content.partition(b"/MediaBox [ ")
    assert float(box.split()[2]) == pytest.approx(72 * inches, abs=0.01)


@pytest.mark.parametrize("width", ["wide", "0.2", "nan", "-3", "1000"])
def test_an_impossible_width(width: str) -> None:
    with pytest.raises(ValueError, match=r"must be column, page or 1\.5 to 40 inches, got"):
        width_inches(width)


def test_text_is_large_enough_to_be_read_in_print_and_stays_inside() -> None:
    published, _ = published_systems(4, ("Set5",), ("IMDN", "RLFN", "SeemoRe-T"))
    figure = front_figure([*FOUR, *published], FrontOptions(width="column"))
    figure.draw_without_rendering()
    sizes = [text.get_fontsize() for text in figure.legends[0].get_texts()]
    for axes in figure.axes:
        shown = [axes.xaxis.label, axes.yaxis.label, *axes.get_yticklabels(), *axes.texts]
        for text in filter(lambda it: it.get_text(), shown):
            sizes.append(text.get_fontsize())
            box = text.get_window_extent()
            assert box.x0 >= 0 and box.x1 <= figure.bbox.x1
    assert min(sizes) >= 6.5


def test_the_axis_is_broken_only_for_a_jump() -> None:
    far, near = (
        panels_of(FOUR, "macs", "psnr_y_db"),
        panels_of(
            [network("bicubic", 29.8, None, family="bicubic"), *FOUR[1:]],
            "macs",
            "psnr_y_db",
        ),
    )
    upper, lower = far[0].ranges()
    # From 28.4 to 30 it is more than the 1.5 dB between the networks, by far enough.
    assert upper[0] > lower[1] and lower[0] < 28.4 < lower[1]
    assert near[0].ranges() == [pytest.approx((29.8 - 0.153, 31.5 + 0.153))]


@given(st.lists(st.floats(20, 50), min_size=1, max_size=6), st.floats(10, 60), st.floats(10, 60))
def test_every_network_is_inside_the_axis(
    qualities: Sequence[float], baseline: float, bound: float
) -> None:
    systems = [network(f"#{i}", value, 1e9) for i, value in enumerate(qualities)]
    bicubic = network("bicubic", baseline, None, family="bicubic")
    (panel,) = panels_of([*systems, bicubic], "macs", "psnr_y_db")
    first, *second = panel.ranges([bound])
    assert all(first[0] < value < first[1] for value in [*qualities, bound])
    low, high = second[0] if second else first
    assert low < baseline < high


def test_decibels_of_other_images_get_another_panel() -> None:
    published, _ = published_systems(4, ("Set14",), ("IMDN",))
    figure = front_figure([*FOUR, *published], FrontOptions())
    labels = [axes.get_ylabel() for axes in figure.axes if axes.get_ylabel()]
    assert labels == ["PSNR on Y, Set5 ×4 (dB)", "PSNR on Y, Set14 ×4 (dB)"]


def test_what_is_labelled() -> None:
    systems = [*FOUR, network("best", 31.2, 5e9, kind="checkpoint", run=None, trial=None)]
    for labels, expected in (
        ("auto", {"#0", "#1", "best", "#3"}),
        (["#2"], {"#2"}),
    ):
        figure = front_figure(systems, FrontOptions(labels=labels))
        assert texts_of(figure.axes[0]) == expected


def test_one_scale_of_bubbles_for_all_panels() -> None:
    names = ("IMDN", "RLFN", "SeemoRe-T", "FSRCNN")
    systems = [
        system for data in ("Set5", "Set14") for system in published_systems(4, (data,), names)[0]
    ]
    figure = front_figure(systems, FrontOptions())
    params = {(it.macs / 1e9, it.psnr_y_db): it.params for it in systems if it.macs and it.params}
    shown = areas(figure.axes[0]) | areas(figure.axes[1])
    ratios = [area / params[point] for point, area in shown.items()]
    assert len(ratios) == 8
    assert ratios == pytest.approx([ratios[0]] * 8)
    assert {"400 K parameters", "40 K parameters"} <= set(labels_of(figure))
    without = front_figure(systems, FrontOptions(bubbles=False))
    assert not any("parameters" in label for label in labels_of(without))


@pytest.mark.parametrize("params_k", [[], [0.0]])
def test_no_parameters_still_make_a_scale(params_k: list[float]) -> None:
    assert bubble_scale(params_k, 100.0).area_pt2(0) == 0


def test_bounds_and_what_they_reject_are_drawn() -> None:
    timed = [
        network("#0", 30.0, 1e9, latency_ms=10.0, latency_ci_low_ms=9.0, latency_ci_high_ms=11.0),
        network("#1", 31.0, 4e9, latency_ms=14.0, latency_ci_low_ms=13.0, latency_ci_high_ms=15.2),
        network("#2", None, 4e9, latency_ms=16.0, state="infeasible"),
        network("#3", None, 4e9, latency_ms=90.0, state="infeasible"),
    ]
    bounds = {"latency_ms": (None, 15.0)}
    figure = front_figure(timed, FrontOptions(x="latency_ms", bounds=bounds))
    assert {"bound ≤ 15", "interval crosses a bound", "infeasible, not trained"} <= set(
        labels_of(figure)
    )
    (crosses,) = [it for it in figure.axes[-1].lines if it.get_label() == "infeasible, not trained"]
    # The other one lies so far outside that it would take most of the axis.
    assert crosses.get_xdata().tolist() == [16.0]
    (crossing,) = undecided(timed[:2], worded_quantity("latency_ms"), bounds)
    assert crossing.name == "#1"


def test_the_band_of_ties_is_two_deviations_of_a_difference_deep() -> None:
    figure = front_figure(FOUR, FrontOptions())
    # 0.04 dB is expected between seeds after 1,000 steps: 2 sqrt(2) 0.04 = 0.113 dB.
    assert "ties with the front, 0.11 dB" in labels_of(figure)
    alone = front_figure([FOUR[0], FOUR[1]], FrontOptions())
    assert not any(label.startswith("ties") for label in labels_of(alone))


def test_off_the_front_is_visible_in_grey() -> None:
    figure = front_figure(FOUR, FrontOptions())
    (group,) = [it for it in figure.axes[0].collections if it.get_label() == "splitsr"]
    red, green, blue, alpha = group.get_facecolor()[0]
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    assert alpha == 1.0 and grey < 0.8
    assert group.get_edgecolor()[0][:3] == pytest.approx(0x6E / 255)


def test_several_runs_have_colours_of_their_own() -> None:
    systems = [network("#0", 30.0, 1e9), network("#1", 31.0, 4e9, run="other")]
    figure = front_figure(systems, FrontOptions())
    assert {"mine: splitsr, on the front", "other: splitsr, on the front"} <= set(labels_of(figure))


def test_names_are_no_formulas(tmp_path: Path) -> None:
    names = ("$\\frac$", "a_b^c", "<b>&amp;</b>", "x" * 60)
    systems = [
        network(name, 30.0 + place, 1e9 * (1 + place), run="r$1$", data="d$\\x$")
        for place, name in enumerate(names)
    ]
    figure = front_figure(systems, FrontOptions(width="column", labels="all"))
    save_figure(figure, tmp_path / "front.svg")
    assert texts_of(figure.axes[0]) == set(names)


def test_the_style_sheet_of_the_user_is_heard(tmp_path: Path) -> None:
    sheet = tmp_path / "paper.mplstyle"
    sheet.write_text("axes.labelsize: 11\nfont.family: serif\n", encoding="utf-8")
    figure = front_figure(FOUR, FrontOptions(style=sheet))
    assert figure.axes[-1].xaxis.label.get_fontsize() == 11
    assert figure.axes[-1].xaxis.label.get_fontfamily() == ["serif"]
    assert front_figure(FOUR, FrontOptions()).axes[-1].xaxis.label.get_fontsize() == 7


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("axes.labelsize: huge\n", "is no style sheet of Matplotlib: .*labelsize"),
        ("no colon here\n", "is no style sheet of Matplotlib: .*line 1"),
        ("axes.lablesize: 9\n", "is no style sheet of Matplotlib: .*axes.lablesize"),
        (None, "must be a file or a style of Matplotlib, got"),
    ],
)
def test_a_bad_style_sheet(content: str | None, message: str, tmp_path: Path) -> None:
    sheet = tmp_path / "paper.mplstyle"
    if content is not None:
        sheet.write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        front_figure(FOUR, FrontOptions(style=sheet))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ("macs", "macs", "two different columns, got macs twice"),
        ("flops", "psnr_y_db", "an objective must be one of .* got 'flops'"),
        ("latency_ms", "psnr_y_db", "no network has latency_ms; they have psnr_y_db, params, macs"),
    ],
)
def test_bad_columns(x: str, y: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        front_figure(FOUR, FrontOptions(x=x, y=y))


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("eager:threads=1,lr=90x160", "PyTorch, 1 thread, 160×90 input"),
        ("openvino:device=cpu,threads=2,precision=bfloat16", "OpenVINO, bfloat16, 2 threads"),
        ("onnxruntime:device=cuda,threads=2,batch=4", "ONNX Runtime, GPU, batch of 4"),
        ("ssh://me@board/xnnpack:threads=4", "XNNPACK, 4 threads, on me@board"),
        ("openvino:precision=float32|bfloat16|int8", "OpenVINO, float32, bfloat16 and int8"),
        ("the cheapest of eager, ncnn", "the cheapest of eager, ncnn"),
    ],
)
def test_a_target_in_words(target: str, words: str) -> None:
    assert target_in_words(target) == words


def test_axes_speak_in_words() -> None:
    label = axis_label("macs", data="Set5", scale=4, target=None)
    assert label == "multiply-adds for a 1280×720 output (billions)"
    assert axis_label("size_kib", data=None, scale=None, target="eager") == "stored weights (KiB)"
    assert axis_label("ssim_y", data="B100", scale=2, target=None) == "SSIM on Y, B100 ×2"


def test_the_caption_says_what_must_be_known() -> None:
    names = ("IMDN", "RLFN")
    published = published_systems(4, ("Set5",), names)[0]
    unknown = network("#9", 31.0, None)
    text = caption([*FOUR, *published, unknown], FrontOptions())
    assert text.startswith("PSNR on Y, Set5 ×4 (dB), against multiply-adds for a 1280×720 output")
    for sentence in (
        "4 trials of mine, trained 1,000 steps.",
        "2 published models, with the PSNR that papers print.",
        "Multiply-adds of published models as their papers count them.",
        "Multiply-adds counted as ours: RLFN.",
        "Areas show parameters.",
        "The band holds what ties with the front: 0.11 dB",
        "Not drawn, since a coordinate is unknown: #9.",
    ):
        assert sentence in text
