"""What the page of a run says besides its trials."""

from pathlib import Path
from typing import Any

from reports.ladder import LadderFacts


def test_reasons_that_differ_in_numbers_alone_are_one(pages: Any, full_page: Path) -> None:
    assert pages.document(full_page)["reasons"] == [
        {
            "state": "infeasible",
            "reason": "macs ... is above its max 1e9",
            "count": 2,
            "trials": [40, 41],
        },
        {"state": "failed", "reason": "the loss is NaN", "count": 1, "trials": [42]},
    ]


def test_a_name_with_digits_is_no_number(pages: Any) -> None:
    reasons = ["splitsr-x2-3c51 ran out", "splitsr-x2-77aa ran out"]
    records = [
        pages.network(k, None, None, state="failed", reason=it) for k, it in enumerate(reasons)
    ]
    folder = pages.write("names", records)
    assert [it["reason"] for it in pages.document(folder)["reasons"]] == reasons


def test_counts_the_pick_and_its_ledger(pages: Any, full_page: Path) -> None:
    found = pages.document(full_page)
    assert found["counts"]["trials"] == 43
    assert found["counts"]["states"] == {"trained": 40, "infeasible": 2, "failed": 1}
    assert found["counts"]["front"] == len(found["front"]) - 1  # bicubic, which is on it
    assert found["seconds"] == 40 * 1.5
    pick = found["pick"]
    assert pick["trial"] in {row["trial"] for row in found["front"]} and pick["why"]
    assert found["predicted"]["coverage"] == 0.9


def test_a_ledger_is_that_of_the_pick_with_shares(pages: Any) -> None:
    records = [pages.network(0, 5.0, 34.0)]
    folder = pages.write("ledger", records, kept=[0])
    ledger = pages.document(folder)["ledger"]
    assert ledger["trial"] == 0
    assert [(row["name"], row["share"]) for row in ledger["operators"]] == [
        ("aten.convolution", 0.75),
        ("aten.linear", 0.25),
    ]


def test_a_run_without_trials(pages: Any) -> None:
    folder = pages.write("nothing", [])
    found = pages.document(folder)
    assert (found["pick"], found["hypervolume"], found["speedups"]) == (None, None, None)
    assert found["front"] == [] and found["counts"]["states"] == {}


def test_how_the_ladder_estimated_stands_beside_structure_alone(
    pages: Any, full_page: Path
) -> None:
    found = pages.document(full_page)["estimation"]
    sentence = (
        "estimates went by structure and rungs: off by 0.021 dB (tau 0.83) on 12 finished "
        "trainings, each predicted from the others; structure alone: 0.036 dB (tau 0.71)"
    )
    assert found == {
        "finished": 12,
        "structure_error_db": 0.0361,
        "curve_error_db": 0.0214,
        "structure_tau": 0.71,
        "curve_tau": 0.83,
        "curve_is_used": True,
        "sentence": sentence,
    }
    marked = f'<span data-path="[&#34;estimation&#34;, &#34;sentence&#34;]">{sentence}</span>'
    assert marked in (full_page / "report.html").read_text(encoding="utf-8")
    few = pages.document(pages.write("few", pages.many(4), ladder=LadderFacts((250, 1000))))
    assert few["estimation"]["finished"] == 0
    assert "by structure alone: 0 finished trainings are too few" in few["estimation"]["sentence"]
    assert pages.document(pages.write("none", pages.many(4)))["estimation"] is None
