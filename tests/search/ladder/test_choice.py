"""What a config says of the ladder: the default, and what is refused in one line.

Covers search.target_list.
"""

from typing import Any

import pytest

from search.config import SearchConfig, parse_search_config
from search.storage.changes import config_in

STEADY = {"training": {"recipe": "steady"}, "budget": {"trials": 3, "steps": 2500}}


def parsed(small_search: dict[str, Any], **changes: Any) -> SearchConfig:
    return parse_search_config({**small_search, **changes}, "search.yaml")


def test_a_recipe_that_continues_has_rungs_and_one_that_stretches_has_none(
    small_search: dict[str, Any],
) -> None:
    rungs = parsed(small_search, **STEADY).rungs
    assert rungs[-1] == 2500 and len(rungs) > 1
    assert parsed(small_search, **STEADY, ladder="none").rungs == ()
    assert parsed(small_search).rungs == ()
    own = {**STEADY, "training": {"recipe": {"name": "quick", "decay": "constant"}}}
    assert parsed(small_search, **own).rungs == rungs
    cooled = {"name": "steady", "cooldown_fraction": 0.61}
    assert parsed(small_search, **{**STEADY, "training": {"recipe": cooled}}).rungs == (2500,)
    tiny = {**STEADY, "budget": {"trials": 3, "steps": 1}}
    assert parsed(small_search, **tiny).rungs == (1,)


def test_a_config_is_read_as_it_was_written(small_search: dict[str, Any]) -> None:
    for ladder in ({}, {"ladder": "none"}, {"ladder": {"rungs": [500, 2500]}}):
        config = parsed(small_search, **STEADY, **ladder)
        written = config.model_dump(mode="json", exclude_none=True)
        assert SearchConfig.model_validate(written) == config
        assert SearchConfig.model_validate(config) == config


def test_runs_of_earlier_versions_have_no_ladder(small_search: dict[str, Any]) -> None:
    written = {**small_search, **STEADY}
    assert config_in({"config": written}, "run.yaml").rungs == ()
    now = {**written, "ladder": {"rungs": [2500]}}
    assert config_in({"config": now}, "run.yaml").rungs == (2500,)


def test_what_a_ladder_cannot_do_has_none_by_default(small_search: dict[str, Any]) -> None:
    programs = {"target": "onnxruntime", "precision": ["float32", "int8"]}
    assert parsed(small_search, **STEADY, **programs).rungs == ()
    assert parsed(small_search, **STEADY, objectives=["ssim_y", "macs"]).rungs == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ladder": {"rungs": [1000, 500, 2500]}}, ("must rise", "got 500 after 1000")),
        ({"ladder": {"rungs": [500, 500, 2500]}}, ("must rise", "[500, 2500]")),
        ({"ladder": {"rungs": [500, 2000]}}, ("2500 steps of a full training", "got 2000")),
        ({"ladder": {"rungs": [500, 3000]}}, ("2500 steps", "got 3000 above them")),
        ({"ladder": {"rungs": []}}, ("rungs", "at least 1")),
        ({"ladder": {"rungs": [0, 2500]}}, ("rungs", "greater than 0")),
        ({"ladder": "steep"}, ("ladder", "none", "steep")),
        (
            {"ladder": {"rungs": [500, 2500]}, "training": {"recipe": "quick"}},
            ("can be continued", "quick stretches", "steady", "ladder: none"),
        ),
        (
            {
                "ladder": {"rungs": [1000, 1700, 2500]},
                "training": {"recipe": {"name": "steady", "cooldown_fraction": 0.4}},
            },
            ("before the cooldown", "after 1500 steps", "got 1700", "at most 0.32"),
        ),
        (
            {"ladder": {"rungs": [2500]}, "target": "onnxruntime", "precision": ["float32"]},
            ("the target's programs", "ladder: none"),
        ),
        (
            {"ladder": {"rungs": [2500]}, "objectives": ["ssim_y", "macs"]},
            ("estimates psnr_y_db", "ssim_y, macs"),
        ),
        (
            {"ladder": {"rungs": [2500]}, "constraints": {"ssim_y": {"min": 0.9}}},
            ("psnr_y_db alone", "leave ssim_y out"),
        ),
    ],
)
def test_a_ladder_that_cannot_be_is_refused_in_one_line(
    small_search: dict[str, Any], change: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(ValueError) as caught:
        parsed(small_search, **{**STEADY, **change})
    message = str(caught.value)
    assert "\n" not in message and message.startswith("search.yaml: ladder")
    assert [word for word in words if word not in message] == []
