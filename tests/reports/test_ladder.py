"""Families counted by hand, curves and the words of an estimate."""

from pathlib import Path
from typing import Any

import pandas as pd

from reports.ladder import (
    CurveRow,
    Estimation,
    FamilyRow,
    LadderFacts,
    family_columns,
    family_rows,
    ladder_values,
    with_probabilities,
    write_ladder,
)
from reports.records import TrialRecord


def record(trial: int, family: str, state: Any, steps: int | None, **more: Any) -> TrialRecord:
    config = {"family": family}
    known = {"arch_id": f"{family}-{trial}", "scale": 2, "config": config, "train_steps": steps}
    return TrialRecord(trial=trial, family=family, state=state, **{**known, **more})


RECORDS = (
    record(0, "splitsr", "trained", 2500),
    record(1, "splitsr", "stopped", 500),
    record(2, "splitsr", "stopped", 1000),
    record(3, "smsr", "infeasible", None),
    record(4, "smsr", "failed", 500),
    record(5, "smsr", "infeasible", 2500),
)
ESTIMATION = Estimation(9, 0.11, 0.06, 0.7, 0.9, curve_is_used=True, front_probability={0: 0.75})
FACTS = LadderFacts(
    (500, 1000, 2500),
    (CurveRow(0, 500, 31.0, 0.9, 5.0), CurveRow(0, 2500, 32.0, None, 25.0)),
    {"splitsr": 20, "smsr": 9, "hybrid": 4},
    {"smsr": 3, "hybrid": 4},
    ESTIMATION,
)


def test_each_family_is_counted_from_its_proposals_to_its_last_rung() -> None:
    assert family_rows(RECORDS, FACTS) == [
        FamilyRow("hybrid", 4, 4, 0, 0, 0),
        FamilyRow("smsr", 9, 3, 2, 1, 1),
        FamilyRow("splitsr", 20, 0, 3, 2, 1),
    ]


def test_without_a_ladder_the_trials_tell_and_nothing_is_promoted() -> None:
    repeated = record(6, "splitsr", "duplicate", 2500, arch_id="splitsr-0")
    rows = family_rows([*RECORDS, repeated], None)
    assert rows == [FamilyRow("smsr", 3, 1, 2, None, 1), FamilyRow("splitsr", 3, 0, 3, None, 1)]
    assert list(family_columns(rows)) == ["family", "proposed", "gated", "trained", "finished"]
    assert family_rows([], None) == []


def test_probabilities_belong_to_their_trials() -> None:
    found = with_probabilities(RECORDS, FACTS)
    assert [it.front_probability for it in found] == [0.75, None, None, None, None, None]
    assert with_probabilities(RECORDS, None) == RECORDS


def test_the_better_estimate_is_named_first_with_both_errors() -> None:
    words = str(FACTS)
    assert words.index("structure and rungs: off by 0.060 dB (tau 0.90)") < words.index("0.110 dB")
    worse = Estimation(9, 0.05, 0.06, 0.7, 0.9, curve_is_used=False)
    assert "went by structure alone: off by 0.050 dB (tau 0.70)" in str(worse)
    assert "3 finished trainings are too few" in str(Estimation(3, None, None, None, None, False))
    assert "0 finished trainings are too few" in str(LadderFacts((5,)))


def test_the_files_hold_a_row_for_each_family_and_each_rung(tmp_path: Path) -> None:
    families, curves = write_ladder(tmp_path, RECORDS, FACTS)
    assert families is not None and curves is not None
    assert list(pd.read_csv(families)["family"]) == ["hybrid", "smsr", "splitsr"]
    assert curves.read_text().splitlines() == [
        "trial,steps,psnr_y_db,ssim_y,seconds",
        "0,500,31.0,0.9,5.0",
        "0,2500,32.0,,25.0",
    ]
    assert write_ladder(tmp_path / "none", [], None) == (None, None)
    assert ladder_values(RECORDS, FACTS)["families"] == [
        vars(it) for it in family_rows(RECORDS, FACTS)
    ]
    assert ladder_values((), None) == {"families": [], "estimation": None}
