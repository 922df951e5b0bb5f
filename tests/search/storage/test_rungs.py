"""What the journal holds of a trial that climbs, and what is refused of it.

Covers search.storage.proposal.
"""

import json
from dataclasses import asdict

import pytest

from reports.ladder import Estimation
from reports.records import TrialRecord
from search.allocation.state import Structure
from search.storage.rungs import (
    DRAWS_KEY,
    STARTED_KEY,
    STRUCTURE_KEY,
    Draws,
    Goal,
    RungResult,
    attribute_of,
    climb_of,
    ladder_facts,
)

FIRST = RungResult(500, 31.5, None, 0.9, 4.0, 1.0, 5.5)
SECOND = RungResult(1000, 31.7, 0.01, 0.91, 8.0, 1.0, 5.0)
GOALS = (
    Goal(500, "", {"splitsr": 16}, {"splitsr": 1}, Draws(1, ())),
    Goal(1000, "31.9 dB expected", {"splitsr": 18}, {"splitsr": 2}, Draws(3, ({"kind": "a"},))),
)
RECORD = TrialRecord(trial=0, arch_id="a", family="splitsr", scale=2, state="proposed")
STRUCTURE = Structure("splitsr", 10, width=8)


def attributes(*items: Goal | RungResult) -> dict[str, object]:
    """As JSON brings them back."""
    found = dict(map(attribute_of, items))
    loaded: dict[str, object] = json.loads(json.dumps(found))
    return loaded


def test_how_far_a_trial_has_come_is_read_from_its_attributes() -> None:
    kept = attributes(GOALS[1], SECOND, FIRST, GOALS[0])
    draws = Draws(0, ({"channels": 8}, {"channels": 16}))
    kept |= {DRAWS_KEY: asdict(draws), STARTED_KEY: RECORD.to_json(), "other": 3}
    kept |= {STRUCTURE_KEY: vars(STRUCTURE)}
    climb = climb_of(kept)
    assert (climb.goals, climb.results, climb.steps) == (GOALS, (FIRST, SECOND), 1000)
    assert (climb.started, climb.structure) == (RECORD, STRUCTURE)
    assert climb.all_draws == (draws, GOALS[0].draws, GOALS[1].draws)
    assert climb_of({}).steps == 0


@pytest.mark.parametrize(
    "wrong", [{"rung:500": {"steps": 500}}, {"goal:500": 3}, {"structure": {"macs": "many"}}]
)
def test_an_attribute_that_no_search_writes_is_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        climb_of(wrong)


def test_the_last_counts_and_all_rungs_are_the_facts_of_a_run() -> None:
    trials = [attributes(*GOALS, FIRST, SECOND), {}, attributes(GOALS[0], FIRST)]
    settings = {"config": {"ladder": {"rungs": [500, 1000, 2500]}}}
    facts = ladder_facts(settings, trials, None)
    assert facts is not None
    assert [(row.trial, row.steps, row.seconds) for row in facts.curves] == [
        (0, 500, 4.0),
        (0, 1000, 8.0),
        (2, 500, 4.0),
    ]
    assert (facts.rungs, facts.estimation) == ((500, 1000, 2500), None)
    assert (facts.proposed, facts.gated) == ({"splitsr": 18}, {"splitsr": 2})
    estimation = Estimation(3, None, None, None, None, True, {0: 0.5})
    last = {"proposed": {"splitsr": 20}, "gated": {"splitsr": 3}, "estimation": vars(estimation)}
    facts = ladder_facts(settings, trials, json.loads(json.dumps(last)))
    assert facts is not None
    assert (facts.proposed, facts.estimation) == ({"splitsr": 20}, estimation)
    assert ladder_facts({"config": {"ladder": "none"}}, [], None) is None
    assert ladder_facts({"config": {}}, [], None) is None


@pytest.mark.parametrize("ladder", [{}, {"rungs": "high"}, {"rungs": [500, ["a"]]}])
def test_a_ladder_that_no_search_writes_is_named(ladder: object) -> None:
    with pytest.raises(ValueError, match=r"run\.yaml, config\.ladder: rungs"):
        ladder_facts({"config": {"ladder": ladder}}, [], None)
