"""What is picked of a small run that is known by hand.

By latency its front is trial 0 (10 ms, 35.00 dB), 1 (20 ms, 35.05) and 2 (40 ms, 36.00); 3 (50 ms,
35.5) is beaten. Intervals reach from 0.97 to 1.05 of a latency. Noise between two seeds: 0.04 dB
each, 0.03 of trial 0, so that two tie up to 0.11 dB, and with trial 0 up to 0.10.
"""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.records import TrialRecord
from reports.selection import Selection, parse_bounds, select

OBJECTIVES = ("psnr_y_db", "latency_ms")


def picked(records: list[TrialRecord], selector: str, by: str = "psnr_y_db") -> Selection:
    return select(records, OBJECTIVES, selector, by)


def numbers(selection: Selection) -> tuple[int | None, int | None]:
    runner_up = selection.runner_up
    return selection.chosen.trial, None if runner_up is None else runner_up.trial


def test_the_best_that_keeps_the_bound_is_picked(records: list[TrialRecord]) -> None:
    selection = picked(records, "latency_ms<=45")
    assert numbers(selection) == (2, 1)
    assert selection.why == ("trial 2 has the most psnr_y_db of the 3 that keep latency_ms <= 45",)


def test_a_cheaper_one_that_ties_is_recommended(records: list[TrialRecord]) -> None:
    selection = picked(records, "latency_ms<=30")
    assert numbers(selection) == (0, 1)
    assert selection.why[1] == (
        "trial 0 is recommended instead: it has latency_ms 10 [9.7, 10.5] instead of 20, and the "
        "0.05 dB that trial 1 has more are within the noise between seeds, 0.10 dB"
    )


def test_a_cheaper_one_that_does_not_tie_is_not(records: list[TrialRecord]) -> None:
    records[1] = replace(records[1], psnr_y_db=34.9)
    assert numbers(picked(records, "latency_ms<=30")) == (1, 0)


def test_one_that_keeps_the_bound_safely_comes_before_one_that_may(
    records: list[TrialRecord],
) -> None:
    selection = picked(records, "latency_ms<=41")  # trial 2 reaches up to 42
    assert numbers(selection) == (0, 1)
    assert [record.trial for record in selection.uncertain] == [2]
    assert (
        "their interval crosses the bound: trial 2 with latency_ms 40 [38.8, 42]"
        in (selection.why[1])
    )
    # 38.8 to 42 crosses 39.5 as well, though 40 does not keep it.
    assert [r.trial for r in picked(records, "latency_ms<=39.5").uncertain] == [2]


def test_where_none_keeps_it_safely_the_best_is_said_to_be_uncertain(
    records: list[TrialRecord],
) -> None:
    selection = picked(records, "latency_ms<=10.2")
    assert numbers(selection) == (0, None)
    assert selection.why[0] == "trial 0 alone of 4 trained networks keeps latency_ms <= 10.2"
    assert selection.why[1].startswith("its interval crosses the bound")


def test_several_bounds_and_another_column_decide(records: list[TrialRecord]) -> None:
    selection = picked(records, "psnr_y_db>=35.2 and macs<=1e9", "latency_ms")
    assert numbers(selection) == (2, 3)
    assert selection.why == (
        "trial 2 has the least latency_ms of the 2 that keep psnr_y_db >= 35.2 and "
        "macs <= 1,000,000,000",
    )


def test_none_keeps_it_names_the_nearest_and_bicubic(records: list[TrialRecord]) -> None:
    with pytest.raises(ValueError) as caught:
        picked(records, "latency_ms<=5")
    assert str(caught.value) == (
        "none of 4 trained networks keeps latency_ms <= 5: the nearest is trial 0 with latency_ms "
        "10 [9.7, 10.5]; bicubic has latency_ms 2 [1.9, 2.1]"
    )


def test_the_knee_of_the_front(records: list[TrialRecord]) -> None:
    # Costs 0, 1/3, 1 and missing 1, 0.95, 0: nothing lies below the line.
    selection = picked(records, "knee")
    assert numbers(selection) == (2, 3)
    assert "a front of 3 in psnr_y_db and latency_ms has no knee" in selection.why[0]
    # With 35.8 dB trial 1 misses a fifth, and lies 1 - 1/3 - 1/5 below.
    records[2] = replace(records[2], psnr_y_db=35.8)
    selection = picked(records, "knee")
    assert numbers(selection) == (1, 0)
    assert selection.why == ("trial 1 is the knee of the front of 3 in psnr_y_db and latency_ms",)


def test_what_ties_with_the_knee_is_recommended(records: list[TrialRecord]) -> None:
    records[2] = replace(records[2], psnr_y_db=35.8)
    # Misses 0.28 at a cost of 8/30, which is less far below the line than 1/5 at 1/3.
    records.append(replace(records[2], trial=7, latency_ms=18.0, psnr_y_db=35.72))
    selection = picked(records, "knee")
    assert numbers(selection) == (7, 1)
    assert selection.why[0] == "trial 1 is the knee of the front of 4 in psnr_y_db and latency_ms"


def test_an_only_network_is_its_front(records: list[TrialRecord]) -> None:
    assert numbers(picked(records[:2], "knee")) == (0, None)


def test_a_trial_by_number_or_architecture(records: list[TrialRecord]) -> None:
    selection = picked(records, "1")
    assert numbers(selection) == (1, 0)
    assert "trial 0 may do as well" in selection.why[1]
    assert picked(records, records[3].arch_id).chosen == records[3]
    beaten = picked(records, "3")
    assert beaten.why[1].endswith("instead of 50, and no less PSNR")


def test_a_pick_that_is_no_better_than_bicubic_is_doubted(records: list[TrialRecord]) -> None:
    records[0] = replace(records[0], psnr_y_db=36.0)
    assert picked(records, "2").why[-1] == (
        "bicubic has no less PSNR, 36.00 dB: train trial 2 for longer or on more photographs "
        "before it is used"
    )
    records[0] = replace(records[0], psnr_y_db=35.9)
    assert "bicubic" not in picked(records, "2").why[-1]


def test_intervals_that_overlap_do_not_tell_which_is_faster(records: list[TrialRecord]) -> None:
    records[2] = replace(records[2], latency_ci_low_ms=10.4)  # that of trial 0 reaches to 10.5
    why = picked(records, "psnr_y_db>=35", "latency_ms").why
    assert why[-1] == "trial 1 may have as little latency_ms: the intervals of both overlap"
    records[2] = replace(records[2], latency_ci_low_ms=10.6)
    assert "overlap" not in picked(records, "psnr_y_db>=35", "latency_ms").why[-1]


@pytest.mark.parametrize(
    ("selector", "by", "message"),
    [
        ("99", "psnr_y_db", "a pick must be knee, the number of a trial"),
        ("kneee", "psnr_y_db", "got 'kneee'; did you mean 'knee'?"),
        ("4", "psnr_y_db", "must be trained, but trial 4 is infeasible, for macs above 1e9"),
        ("bicubic-x2", "psnr_y_db", "a pick must be knee"),
        ("knee", "latency_ms", "between a cost and a quality, but latency_ms is a cost"),
        ("knee", "quality", "an objective must be one of"),
        ("latency_ms<=15", "family", "an objective must be one of"),
        ("peak_memory_mib<=15", "psnr_y_db", "but peak_memory_mib is known of no trained network"),
        ("train_steps>=5000 and latency_ms<=15", "psnr_y_db", "keeps train_steps >= 5,000 and"),
    ],
)  # fmt: skip
def test_what_cannot_be_picked(
    records: list[TrialRecord], selector: str, by: str, message: str
) -> None:
    with pytest.raises(ValueError) as caught:
        picked(records, selector, by)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_picked_of_a_run_that_trained_nothing(records: list[TrialRecord]) -> None:
    with pytest.raises(ValueError, match="there must be a trained network"):
        picked([records[0], records[5]], "knee")


NETWORKS = st.lists(st.tuples(st.floats(1, 100), st.floats(20, 40)), min_size=1, max_size=8)


@given(NETWORKS, st.floats(1, 100))
def test_nothing_better_keeps_the_bound(values: list[tuple[float, float]], limit: float) -> None:
    records = [
        TrialRecord(
            trial=number, arch_id=f"a{number}", family="splitsr", scale=2, state="trained",
            latency_ms=latency_ms, psnr_y_db=psnr_y_db, psnr_y_std_db=0.0,
        )
        for number, (latency_ms, psnr_y_db) in enumerate(values)
    ]  # fmt: skip
    keeping = [psnr_y_db for latency_ms, psnr_y_db in values if latency_ms <= limit]
    if not keeping:
        with pytest.raises(ValueError, match="none of"):
            picked(records, f"latency_ms<={limit!r}")
        return
    chosen = picked(records, f"latency_ms<={limit!r}").chosen
    assert chosen.psnr_y_db == max(keeping)
    assert all(bound.is_kept(chosen) for bound in parse_bounds(f"latency_ms<={limit!r}"))


def test_a_bound_that_only_networks_without_the_quality_know_is_named(
    records: list[TrialRecord],
) -> None:
    timed = replace(records[1], psnr_y_db=None)
    judged = replace(records[2], latency_ms=None)
    with pytest.raises(ValueError, match="but latency_ms is known of no trained network"):
        select([timed, judged], ("psnr_y_db", "latency_ms"), "latency_ms<=5")
