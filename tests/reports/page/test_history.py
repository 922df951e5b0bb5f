"""The hypervolume in the course of a run, by hand."""

from typing import Any

from reports.page.history import history

REFERENCE = {"psnr_y_db": 33.0, "latency_ms": 100.0}
OBJECTIVES = ("psnr_y_db", "latency_ms")


def test_the_volume_after_each_trial(pages: Any) -> None:
    records = [
        pages.network(0, 50.0, 34.0, wall_seconds=2.0),  # 1 dB x 50 ms
        pages.network(1, 60.0, 33.5, wall_seconds=3.0),  # dominated
        pages.network(2, None, None, state="failed", reason="x", wall_seconds=1.0),
        pages.network(3, 80.0, 36.0, wall_seconds=4.0),  # 2 dB x 20 ms more
        pages.network(4, 120.0, 39.0, wall_seconds=5.0),  # beyond the reference
    ]
    course = history(records, OBJECTIVES, REFERENCE)
    assert course.trials == (0, 1, 2, 3, 4)
    assert course.seconds == (2.0, 5.0, 6.0, 10.0, 15.0)
    assert course.volumes == (50.0, 50.0, 50.0, 90.0, 90.0)


def test_bicubic_is_there_from_the_start(pages: Any) -> None:
    baseline, *_ = pages.many(0)  # 33 dB in 1 ms
    reference = {**REFERENCE, "psnr_y_db": 32.0}
    course = history([baseline, pages.network(0, 50.0, 34.0)], OBJECTIVES, reference)
    # 1 dB x 99 ms, and 1 dB x 50 ms more.
    assert course.volumes == (149.0,)
    assert history([baseline], OBJECTIVES, reference).volumes == ()
