"""Rows from runs and papers, and back from tables."""

from dataclasses import replace

import pandas as pd
import pytest

from reports.papers.systems import (
    System,
    counted_alike,
    frame_of,
    published_systems,
    systems_of,
    systems_of_run,
)
from reports.published import published_results
from reports.records import TrialRecord
from reports.run_settings import RunSettings
from reports.tables import trials_table


def row(name: str, scale: int = 4, data: str = "Set5") -> System:
    (system,) = published_systems(scale, (data,), (name,))[0]
    return system


def test_a_run_is_rows_with_their_data_set_and_standing(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    systems = systems_of_run(records, settings, "mine")
    # The duplicate, trial 6, is left out.
    assert [it.name for it in systems] == ["bicubic", *(f"#{trial}" for trial in range(6))]
    assert {it.data for it in systems} == {"bundled"} and {it.run for it in systems} == {"mine"}
    standing = {it.name: it.standing for it in systems}
    assert standing["#2"] == "front" and standing["#3"] == "dominated" and standing["#4"] is None


def test_what_is_not_printed_is_counted() -> None:
    printed, counted = row("IMDN"), row("RLFN")
    assert (printed.macs, printed.params) == (41e9, 715_000)
    assert printed.macs_counted == 40_885_865_472.0
    assert printed.convention is not None and "1280x720" in printed.convention
    # 29.82 G is what the house's specification measured of RLFN x4, 543,740 parameters.
    assert (counted.macs, counted.params) == (29_821_533_696.0, 543_740)
    assert counted.convention is None
    assert counted_alike(printed).macs == printed.macs_counted
    assert counted_alike(row("CARN")) == row("CARN")


def test_costly_models_are_left_out_unless_they_are_named() -> None:
    found, beyond = published_systems(4, ("Set5",))
    assert "DRCN" not in {it.name for it in found} and "EDSR (2,895 GMACs)" in beyond
    assert row("EDSR").psnr_y_db == 32.46
    assert published_systems(4, ("Set5",), ("edsr",))[1] == []


@pytest.mark.parametrize("data", ["Set14", "B100", "Urban100", "Manga109"])
def test_other_data_sets_are_usable(data: str) -> None:
    found, _ = published_systems(4, (data,))
    known = {it.name for it in found if it.macs is not None}
    assert {"EDSR-baseline", "RLFN", "RCAN", "CARN", "IMDN", "SeemoRe-T"} - known <= (
        {"RLFN", "EDSR-baseline"} if data == "Manga109" else set()
    )


@pytest.mark.parametrize(
    ("data", "models", "message"),
    [
        (("Set6",), (), "published results are of Set5, .* got 'Set6'; did you mean 'Set5'"),
        (("Set5",), ("IMDNN",), "no published model is called 'IMDNN'; did you mean 'IMDN'"),
    ],
)
def test_unknown_names(data: tuple[str, ...], models: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        published_systems(4, data, models)


def test_a_table_gives_the_rows_back(records: list[TrialRecord], settings: RunSettings) -> None:
    systems = [*systems_of_run(records, settings, "mine"), *published_systems(2, ("Set5",))[0]]
    assert systems_of(frame_of(systems)) == systems


def test_the_trials_of_a_run_are_rows_too(
    records: list[TrialRecord], settings: RunSettings
) -> None:
    systems = systems_of(trials_table(records))
    assert [it.name for it in systems][:3] == ["bicubic", "#0", "#1"]
    assert systems[1].macs == 230_400_000.0 and systems[0].is_baseline


def test_a_part_of_a_table_is_rows_too() -> None:
    table = pd.DataFrame({"name": ["a"], "macs": [1e9], "psnr_y_db": [30.0]})
    assert systems_of(table) == [System(name="a", kind="trial", macs=1e9, psnr_y_db=30.0)]
    with pytest.raises(ValueError, match="state must be one of"):
        systems_of(table.assign(state="odd"))


def test_bicubic_of_papers_is_a_baseline() -> None:
    found, _ = published_systems(4, ("B100",))
    (bicubic,) = [it for it in found if it.is_baseline]
    assert (bicubic.psnr_y_db, bicubic.macs) == (25.96, None)
    assert len(published_results()) > 500
    assert not replace(bicubic, family=None).is_baseline
