"""The page in a real browser: what it asks for, shows, and lets people do.

Covers reports.page.run_page.
"""

import json
import math
import re
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (apt install chromium)")
Opened = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        # Root, as whom containers run tests, cannot have Chromium's sandbox.
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser: Any) -> Iterator[Opened]:
    """Opens the page of a folder; at the end nothing was requested, logged or thrown."""
    heard: list[str] = []
    contexts = []

    def open_page(folder: Path, **options: Any) -> Any:
        context = browser.new_context(
            **{"viewport": {"width": 1200, "height": 900}, "reduced_motion": "reduce", **options}
        )
        contexts.append(context)
        page = context.new_page()
        address = (folder / "report.html").as_uri()
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on(
            "request",
            lambda it: (
                None
                if it.url.startswith((address, "data:", "blob:"))
                else heard.append(f"request: {it.url}")
            ),
        )
        page.goto(address)
        page.wait_for_selector("html[data-ready]", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert heard == []


def points(page: Any, plot: str = "front") -> dict[int, tuple[float, float]]:
    """What a figure draws, by trial."""
    drawn = page.evaluate(
        "id => document.getElementById(id).data.filter(t => t.customdata)"
        ".flatMap(t => t.customdata.map((c, k) => [c, t.x[k], t.y[k]]))",
        plot,
    )
    return {trial: (x, y) for trial, x, y in drawn if trial is not None}


def test_every_number_is_that_of_the_trials_or_of_the_document(
    opened: Opened, full_page: Path
) -> None:
    page = opened(full_page)
    page.select_option("#table-states", "all")
    table = pd.read_csv(full_page / "trials.csv").set_index("trial")
    document = json.loads((full_page / "report.json").read_text(encoding="utf-8"))
    shown = page.evaluate(
        "() => [...document.querySelectorAll('[data-path], [data-column]')].map(it => "
        "({text: it.textContent, value: it.getAttribute('value'), ...it.dataset}))"
    )
    kinds = {"document": 0, "trial": 0}
    for it in shown:
        if "path" in it:
            truth = document
            for key in json.loads(it["path"]):
                truth = truth[key]
            kinds["document"] += 1
        else:
            trial = float(it["trial"]) if it["trial"] else math.nan
            row = table[table.index.isna()].iloc[0] if math.isnan(trial) else table.loc[trial]
            truth = trial if it["column"] == "trial" else row[it["column"]]
            kinds["trial"] += 1
        if it.get("value") is None:
            assert it["text"] == ("" if pd.isna(truth) else str(truth)), it
            continue
        assert float(it["value"]) == truth, it
        text = it["text"].replace(",", "").removeprefix("+").removeprefix("x")
        decimals = len(text.partition(".")[2])
        divided = float(truth) / float(it.get("divisor", 1))
        unit = 10**-decimals
        if "path" in it and "hypervolume" in it["path"]:  # in significant digits
            unit = max(unit, 10 ** (math.floor(math.log10(abs(divided))) - 3))
        assert abs(float(text) - divided) <= 0.5 * unit * (1 + 1e-9), it
    assert min(kinds.values()) > 50


def test_no_number_stands_outside_what_is_marked(opened: Opened, full_page: Path) -> None:
    loose = opened(full_page).evaluate(
        """() => {
          const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          const found = [];
          while (walker.nextNode()) {
            const parent = walker.currentNode.parentElement;
            if (!parent.closest('[data-path], [data-column], script, style, .plot, #table-count')
              && /[0-9]/.test(walker.currentNode.data)) found.push(walker.currentNode.data.trim());
          }
          return found;
        }"""
    )
    # Of names alone: of precisions, and of the size at which MACs are counted.
    names = re.compile("1280x720|int8|float32")
    assert [text for text in loose if re.search("[0-9]", names.sub("", text))] == []


def test_the_figures_draw_the_numbers_of_the_trials(opened: Opened, full_page: Path) -> None:
    page = opened(full_page)
    table = pd.read_csv(full_page / "trials.csv")
    trained = table[(table["state"] == "trained") & table["trial"].notna()]
    wanted = {
        int(row.trial): (row.latency_ms, row.psnr_y_db) for row in trained.itertuples(index=False)
    }
    assert points(page) == wanted
    document = json.loads((full_page / "report.json").read_text(encoding="utf-8"))
    speedups = {
        it["trial"]: (it["nominal"], it["realised"]) for it in document["speedups"]["points"]
    }
    assert points(page, "speedups-plot") == speedups
    course = page.evaluate("() => document.getElementById('course-plot').data[0].y")
    assert course == document["hypervolume"]["volumes"]
    measured = dict(zip(trained["trial"], trained["latency_ms"], strict=True))
    assert points(page, "predicted-plot") == {
        it["trial"]: (it["predicted_ms"], measured[it["trial"]])
        for it in document["predicted"]["points"]
    }
    for plot in ("designs-plot", "curves-plot"):
        assert page.locator(f"#{plot} .scatterlayer path.js-line").count() > 0


def test_point_choose_and_switch(opened: Opened, full_page: Path) -> None:
    page = opened(full_page)
    page.locator("#front").scroll_into_view_if_needed()
    marker = page.locator("#front .scatterlayer .trace .point").last
    box = marker.bounding_box()
    place = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.move(*place)
    hover = page.locator("#front .hoverlayer .hovertext")
    hover.wait_for()
    trial = re.search(r"trial (\d+)", hover.text_content())
    assert trial is not None
    page.mouse.click(*place)
    page.wait_for_function(
        "trial => document.querySelector('#detail [data-column=trial]').textContent === trial",
        arg=trial[1],
    )
    page.select_option("#axis-x", "macs")
    assert "GMACs" in page.locator("#front .xtitle").text_content()
    assert points(page)[3][0] == 4 * 0.2304
    page.get_by_label("seemore", exact=True).uncheck()
    assert {trial % 2 for trial in points(page)} == {0}
    page.get_by_label("int8", exact=True).uncheck()
    assert {trial % 3 for trial in points(page)} == {1, 2}
    page.get_by_label("off the front").uncheck()
    assert 0 < len(points(page)) < 14
    page.get_by_label("Over").select_option("minutes")
    assert page.locator("#course-plot .xtitle").text_content() == "minutes of searching"
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as SVG").click()
    assert download.value.suggested_filename == "front.svg"


def test_by_keyboard_alone(opened: Opened, full_page: Path) -> None:
    page = opened(full_page)
    press, focused = page.keyboard.press, partial(page.evaluate, "() => document.activeElement.id")
    press("Tab")
    assert page.locator(":focus").text_content() == "Skip to the content"
    press("Enter")
    assert focused() == "main"
    for _ in range(60):
        press("Tab")
        if focused() == "axis-x":
            break
    # Typing chooses in a list.
    page.keyboard.type("GMACs")
    assert "GMACs" in page.locator("#front .xtitle").text_content()
    for _ in range(60):
        press("Tab")
        if page.evaluate("() => document.activeElement.closest('#trials tbody') !== null"):
            break
    press("ArrowDown")
    press("ArrowDown")
    wanted = page.locator(":focus").get_attribute("data-select")
    press("Enter")
    assert page.locator("#detail [data-column=trial]").text_content() == wanted
    # The table is written anew, and the focus stays where it was.
    assert page.locator(":focus").get_attribute("data-select") == wanted
    assert page.locator(":focus").get_attribute("aria-pressed") == "true"


def test_sorting_and_turning_the_leaves_of_the_table(opened: Opened, full_page: Path) -> None:
    page = opened(full_page)
    cells = "#trials tbody [data-column=latency_ms]"

    def column() -> list[float]:
        found: list[float] = page.eval_on_selector_all(cells, "all => all.map(it => +it.value)")
        return found

    page.get_by_role("button", name="latency (ms)").click()
    first = column()
    page.get_by_role("button", name="Next").click()
    second = column()
    assert first + second == sorted(first + second)
    assert page.locator("#trials th[aria-sort=ascending]").text_content() == "latency (ms) ↑"


def test_on_a_phone_nothing_is_wider_than_the_screen(opened: Opened, full_page: Path) -> None:
    page = opened(full_page, viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 360
    assert page.locator("#front .main-svg").first.bounding_box()["width"] <= 360


def test_printed(opened: Opened, full_page: Path) -> None:
    page = opened(full_page, color_scheme="dark")
    printed = page.pdf(format="A4")
    assert printed.startswith(b"%PDF")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 10
    page.emulate_media(media="print")
    # Dark ink on paper, whatever the screen had.
    assert page.evaluate("() => theme().ink") == "#000000"
    assert page.locator("#front .xtitle").evaluate("it => it.style.fill") == "rgb(0, 0, 0)"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessible(opened: Opened, full_page: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = opened(full_page, color_scheme=scheme, bypass_csp=True)
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    serious = [it for it in found if it["impact"] in ("serious", "critical")]
    assert [(it["id"], [node["html"] for node in it["nodes"]]) for it in serious] == []


def test_texts_of_data_stay_texts(opened: Opened, hostile_page: Path) -> None:
    page = opened(hostile_page)
    page.select_option("#table-states", "all")
    for trial in range(4):
        page.evaluate("trial => choose(trial)", trial)
    page.locator("#front .scatterlayer .trace .point").first.hover(force=True)
    assert page.evaluate("() => window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("h1").text_content() == hostile_page.name
    # Plotly has read no markup in names either.
    assert page.locator(".plot img, .plot a").count() == 0


def test_runs_of_which_little_is_known(opened: Opened, pages: Any) -> None:
    one = pages.network(0, 5.0, 34.0)
    bare = pages.network(
        0, None, 34.0, ssim_y=None, params=None, macs=None, precision=None, config=None,
    )  # fmt: skip
    failed = [
        pages.network(trial, 5.0, None, state="failed", reason="out of memory")
        for trial in range(3)
    ]
    for name, records, wanted in (
        ("none", [], "No trial has ended yet."),
        ("bicubic", pages.many(0), "No trial has ended yet."),
        ("one", [one], "Of 1 trial, 1 was trained, and 1 is on the Pareto front."),
        ("bare", [bare], "Of 1 trial, 1 was trained, and none are on the Pareto front."),
        ("failed", failed, "Of 3 trials, none were trained"),
    ):
        page = opened(pages.write(name, records))
        assert wanted in page.locator(".lead").text_content()
    assert page.locator("#failures td.wide").text_content() == "out of memory"


def test_two_thousand_trials(opened: Opened, pages: Any) -> None:
    folder = pages.write("many", pages.many(2000), bounds={})
    assert (folder / "report.html").stat().st_size < 5e6
    page = opened(folder)
    assert len(points(page)) == 2000
    assert page.locator("#table-count").text_content() == "1 to 15 of 2,000"
