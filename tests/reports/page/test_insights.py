"""What a search leaves for the page: read back, and refused where it is damaged."""

from pathlib import Path
from typing import Any

import pytest

from reports.page.insights import (
    CROPS_FOLDER,
    CURVES_FILE,
    INSIGHTS_FILE,
    crop_data_uri,
    read_curves,
    read_families,
    read_insights,
)


def test_written_and_read(pages: Any, tmp_path: Path) -> None:
    found = pages.insights([1, 2])
    pages.keep(tmp_path, found, [1, 2])
    assert read_insights(tmp_path) == found
    assert read_curves(tmp_path) == {
        trial: [(250, 30.625), (500, 31.25), (1000, 32.5)] for trial in (1, 2)
    }
    uri = crop_data_uri(tmp_path, "0-bicubic.png")
    assert uri is not None and uri.startswith("data:image/png;base64,iVBOR")


def test_nothing_is_there_before_a_search_ends(tmp_path: Path) -> None:
    assert read_insights(tmp_path) is None
    assert read_curves(tmp_path) == {}
    assert crop_data_uri(tmp_path, "0-bicubic.png") is None


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"coverage": Infinity}', "coverage"),
        ('{"predictions": [{"trial": 0, "latency_ms": NaN}]}', "latency_ms"),
        ('{"surprise": 1}', "unknown key 'surprise'"),
        ("[", "must be a JSON file"),
    ],
)
def test_a_damaged_file_is_named_in_one_line(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / INSIGHTS_FILE).write_text(text)
    with pytest.raises(ValueError, match=why) as raised:
        read_insights(tmp_path)
    assert INSIGHTS_FILE in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize("row", ["0,250,inf", "0,250,nan", "0,,30", "x,250,30", "0"])
def test_a_damaged_curve_is_named_with_its_line(tmp_path: Path, row: str) -> None:
    (tmp_path / CURVES_FILE).write_text(f"trial,steps,psnr_y_db\n0,100,30\n{row}\n")
    with pytest.raises(ValueError, match=rf"{CURVES_FILE} line 3 must hold"):
        read_curves(tmp_path)


def test_families_are_read_with_what_is_unknown_of_them(tmp_path: Path) -> None:
    path = tmp_path / "families.csv"
    assert read_families(tmp_path) == []
    path.write_text("family,proposed,promoted\nsplitsr,20,\nsmsr,3,1\n")
    assert read_families(tmp_path) == [
        {"family": "splitsr", "proposed": 20, "promoted": None},
        {"family": "smsr", "proposed": 3, "promoted": 1},
    ]
    path.write_text("family,proposed\nsplitsr,inf\n")
    with pytest.raises(ValueError, match=r"families\.csv must hold counts by family"):
        read_families(tmp_path)


def test_no_other_file_gets_into_the_page(tmp_path: Path) -> None:
    (tmp_path / CROPS_FOLDER).mkdir()
    for name in ("../secret.png", "/etc/passwd", "a.svg", 'a".png'):
        with pytest.raises(ValueError, match="a crop must be a PNG file"):
            crop_data_uri(tmp_path, name)
    (tmp_path / CROPS_FOLDER / "a.png").write_bytes(b"<svg onload=alert(1)>")
    with pytest.raises(ValueError, match="must be a PNG file, but is none"):
        crop_data_uri(tmp_path, "a.png")
    (tmp_path / CROPS_FOLDER / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(1 << 20))
    with pytest.raises(ValueError, match="must be a small PNG file"):
        crop_data_uri(tmp_path, "b.png")
