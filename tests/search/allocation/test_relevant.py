"""What a long search forgets."""

from typing import Any

import numpy as np

from search.allocation.relevant import MOST_FINISHED, MOST_WAITING, relevant


def test_a_short_search_is_left_as_it_is(make: Any) -> None:
    situation = make.situation([make.trained(make.candidate("a"), 31.0, trial=0)])
    assert relevant(situation) is situation


def test_the_front_stays_and_so_do_those_near_it(make: Any) -> None:
    rng = np.random.default_rng(0)
    front = [
        make.trained(make.candidate(f"front{n}", 10.0 + n), 31.0, 32.0 + n / 100, trial=n)
        for n in range(20)
    ]
    behind = [
        make.trained(make.candidate(f"behind{n}", 50.0), 31.0, 31 + rng.uniform(0, 1), trial=20 + n)
        for n in range(500)
    ]
    waiting = [
        make.trained(make.candidate(f"waiting{n}", 50.0), 30.0 + n / 1000, trial=1000 + n)
        for n in range(500)
    ]
    found = relevant(make.situation([*front, *behind, *waiting])).known
    assert set(front) <= set(found)
    finished = [it for it in found if it.state == "finished"]
    assert finished[20:] == behind[-MOST_FINISHED:]
    assert [it for it in found if it.state == "waiting"] == waiting[-MOST_WAITING:]


def test_each_rung_keeps_its_best(make: Any) -> None:
    ladder = type(make.ladder)((10, 20, 30))
    early = [
        make.trained(make.candidate(f"early{n}"), 30.0 + n / 1000, trial=n) for n in range(200)
    ]
    late = [
        make.trained(make.candidate(f"late{n}"), 31.0, 32.0 + n / 1000, trial=500 + n)
        for n in range(200)
    ]
    late = [type(it)(**{**vars(it), "state": "waiting"}) for it in late]
    found = relevant(make.situation([*early, *late], ladder=ladder)).known
    assert list(found) == early[-MOST_WAITING // 2 :] + late[-MOST_WAITING // 2 :]


def test_what_is_relevant_stays_so(make: Any) -> None:
    """So a search may look for it once, before the offers of a decision are known."""
    rng = np.random.default_rng(0)
    known = [
        make.trained(
            make.candidate(f"{n}", rng.uniform(5, 50)),
            *rng.uniform(30.5, 32, size=2)[: rng.integers(1, 3)],
            trial=n,
        )
        for n in range(900)
    ]
    found = relevant(make.situation(known))
    assert len(found.known) < len(known)
    with_offers = type(found)(**{**vars(found), "pool": (make.candidate("new"),)})
    assert relevant(with_offers) == with_offers
