"""Predicted and measured latency, nominal and realised speed-up, by hand."""

from typing import Any

import pytest

from reports.page.insights import Insights
from reports.page.latencies import predicted_latencies, speedups


def test_what_was_predicted_and_measured(pages: Any) -> None:
    insights = Insights.model_validate(
        {
            "coverage": 0.9,
            "predictions": [
                {"trial": 0, "latency_ms": 11.0, "ci_low_ms": 9.0, "ci_high_ms": 12.0},
                {"trial": 1, "latency_ms": 30.0, "ci_low_ms": 25.0, "ci_high_ms": 35.0},
                {"trial": 9, "latency_ms": 30.0, "ci_low_ms": 25.0, "ci_high_ms": 35.0},
            ],
        }
    )
    records = [pages.network(0, 10.0, 34.0), pages.network(1, 20.0, 35.0)]
    found = predicted_latencies(records, insights)
    assert found is not None
    assert [point["trial"] for point in found["points"]] == [0, 1]  # type: ignore[attr-defined]
    assert (found["coverage"], found["inside"]) == (0.9, 0.5)
    assert found["median_error"] == pytest.approx((0.1 + 0.5) / 2)
    assert predicted_latencies(records, None) is None
    assert predicted_latencies(records[:0], insights) is None


def test_speedups_over_the_network_of_the_front_with_the_most_macs(pages: Any) -> None:
    records = [
        pages.network(0, 10.0, 34.0, macs=100),
        pages.network(1, 20.0, 35.0, macs=400),
        pages.network(2, 90.0, 33.0, macs=800),  # off the front
        pages.network(3, None, None, macs=100, state="failed", reason="x"),
    ]
    found = speedups(records, records[:2])
    assert found == {
        "reference": 1,
        "points": [
            {"trial": 0, "nominal": 4.0, "realised": 2.0},
            {"trial": 1, "nominal": 1.0, "realised": 1.0},
            {"trial": 2, "nominal": 0.5, "realised": 20 / 90},
        ],
        "median_share": 0.5,
    }
    assert speedups(records[:1], records[:1]) is None
    assert speedups(records, []) is None
