"""What trainings with a cooldown cost a budget, by hand."""

from pathlib import Path
from typing import Any

import pytest

from search.config import SearchConfig, load_search_config
from search.ladder.budget import ladder_of

QUICKSTART = Path(__file__).parents[3] / "examples" / "quickstart.yaml"


def config(recipe: Any) -> SearchConfig:
    quickstart = load_search_config(QUICKSTART).model_dump(mode="json", exclude_none=True)
    return SearchConfig.model_validate(
        {
            **quickstart,
            "training": {"recipe": recipe},
            "budget": {"trials": 2, "steps": 1000},
            "ladder": {"rungs": [400, 1000]},
        }
    )


@pytest.mark.parametrize(
    ("recipe", "steps"),
    # A cooldown of two fifths takes 160 of the 400 steps, which are left out of the longer one.
    [("steady", 600), ({"name": "steady", "cooldown_fraction": 0.4}, 760)],
)
def test_a_rung_is_gone_on_from_where_its_cooldown_began(recipe: Any, steps: int) -> None:
    ladder = ladder_of(config(recipe))
    assert ladder.rungs == (400, 1000)
    assert ladder.steps_between(0, 400) == 400
    assert ladder.steps_between(400, 1000) == steps
