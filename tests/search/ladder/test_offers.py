"""What is offered to a decision: draws, neighbours of the best, nothing that was tried."""

from typing import Any

import pytest

from search.appraisal import Appraisal
from search.candidates.latency_filter import no_latency_filter
from search.config import SearchConfig
from search.ladder.offers import FIRST_DRAWS, NEIGHBOURS, Offers
from search.ladder.shadow import Shadow


@pytest.fixture
def offers_of(ladder_search: dict[str, Any], curves: Any, two_workers: Any) -> Any:
    def make(**changes: Any) -> Offers:
        config = SearchConfig.model_validate({**ladder_search, **changes})
        pool = two_workers(curves)
        appraisal = Appraisal(config, curves, no_latency_filter, pool, None)
        shadow = Shadow(config.objectives, config.sampler, seed=config.seed, population=8)
        return Offers(config, config.space, appraisal, shadow)

    return make


def ids(offers: Any) -> list[str]:
    return [offer.candidate.arch_id for offer in offers]


def test_what_was_drawn_stays_on_offer_until_it_is_tried(offers_of: Any) -> None:
    offers, tried = offers_of(), set[str]()
    first = ids(offers.of((0, 0), [], tried))
    assert len(first) == len(set(first)) and 1 < len(first) <= FIRST_DRAWS
    tried.add(first[0])
    second = ids(offers.of((1, 0), [], tried))
    assert set(first[1:]) <= set(second) and first[0] not in second
    assert len(second) <= len(first)  # one more was drawn
    # Where a waiting candidate is promoted instead, the next decision has the same offers.
    assert ids(offers.of((1, 0), [], tried)) == second
    draws = offers.new_draws(1)
    assert len(draws.drawn) == FIRST_DRAWS + 1 and offers.new_draws(2).drawn == ()
    assert sum(offers.counts[0].values()) == len({*first, *second})

    again = offers_of()
    again.go_on([draws], *offers.counts, (1, 0))
    assert ids(again.of((1, 0), [], tried)) == second
    third = offers.of((2, 0), [], tried)
    assert [it.parameters for it in again.of((2, 0), [], tried)] == [it.parameters for it in third]


def test_neighbours_of_the_best_differ_in_one_hyperparameter(offers_of: Any) -> None:
    offers = offers_of()
    (best, *_) = offers.of((0, 0), [], set())
    drawn = set(ids(offers.of((1, 0), [], set())))
    beside = [
        it for it in offers.of((1, 0), [best.candidate.config], set()) if ids([it])[0] not in drawn
    ]
    assert 0 < len(beside) <= NEIGHBOURS
    own = best.candidate.config.model_dump()
    for offer in beside:
        assert offer.candidate.config.family == own["family"]
        assert offer.candidate.config.model_dump() != own


def test_what_breaks_a_constraint_is_counted_and_not_offered(offers_of: Any) -> None:
    offers, tried = offers_of(constraints={"macs": {"max": 2.5e9}}), set[str]()
    found = offers.of((0, 0), [], tried)
    assert all(offer.record.macs <= 2.5e9 for offer in found)
    proposed, gated = offers.counts
    assert 0 < sum(gated.values()) == len(tried)
    assert sum(proposed.values()) == len(found) + len(tried)
