"""The hyperparameters in which networks differ."""

from typing import Any

from reports.page.designs import designs


def test_only_what_differs_is_an_axis(pages: Any) -> None:
    configs: list[dict[str, object]] = [
        {
            "family": "f",
            "scale": 2,
            "channels": 8,
            "on": True,
            "ranks": [1, 2],
            "same": 1,
            "n": None,
        },
        {"family": "f", "scale": 2, "channels": 16, "on": False, "ranks": [1], "same": 1, "n": 3},
    ]
    records = [
        pages.network(2 * trial, 5.0, 34.0, config=config) for trial, config in enumerate(configs)
    ]
    (found,) = designs(records)
    assert found == {
        "family": "splitsr",
        "names": ["channels", "on", "ranks", "n"],
        "rows": [
            {"trial": 0, "values": [8, "yes", "[1, 2]", "none"]},
            {"trial": 2, "values": [16, "no", "[1]", 3]},
        ],
    }


def test_a_mask_is_too_long_for_an_axis(pages: Any) -> None:
    masks = [[[True] * 4] * 4, [[False] * 4] * 4]
    records = [
        pages.network(2 * trial, 5.0, 34.0, config={"mask": mask, "channels": trial})
        for trial, mask in enumerate(masks)
    ]
    assert designs(records)[0]["names"] == ["channels"]


def test_networks_that_are_alike_or_untrained_have_no_axes(pages: Any) -> None:
    alike = [pages.network(trial, 5.0, 34.0, config={"channels": 8}) for trial in (0, 2)]
    assert designs(alike) == []
    failed = pages.network(0, None, None, state="failed", reason="x", config={"channels": 9})
    assert designs([*alike, failed]) == []


def test_the_family_with_the_most_networks_comes_first(pages: Any) -> None:
    records = [pages.network(t, 5.0, 34.0, config={"channels": t}) for t in (0, 2, 1, 3, 5)]
    assert [item["family"] for item in designs(records)] == ["seemore", "splitsr"]
