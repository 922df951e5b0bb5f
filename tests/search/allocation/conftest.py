"""Situations made by hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from search.allocation.state import Cost, CurvePoint, Known, Ladder, Situation, State, Structure


class Make:
    """Makes candidates and what is known of them; a latency is 10 ms unless said otherwise."""

    ladder = Ladder((1000, 2500))

    def exactly(self, value: float) -> Cost:
        return Cost(value, value, value)

    def candidate(
        self,
        name: str,
        latency_ms: float = 10.0,
        *,
        gmacs: float = 4.0,
        depth: float | None = 8.0,
        family: str = "splitsr",
        costs: Mapping[str, Cost] | None = None,
    ) -> Known:
        """One that was only proposed."""
        structure = Structure(family, round(gmacs * 1e9), 16, 9, depth, None, 10.0)
        known = {"latency_ms": self.exactly(latency_ms)} if costs is None else costs
        return Known(name, structure, known)

    def trained(self, known: Known, *qualities: float, trial: int) -> Known:
        """The candidate after as many rungs as there are qualities."""
        curve = tuple(map(CurvePoint, self.ladder.rungs, qualities))
        state: State = "finished" if len(curve) == len(self.ladder.rungs) else "waiting"
        return replace(known, curve=curve, state=state, trial=trial, seconds_per_step=0.01)

    def situation(
        self, known: Sequence[Known] = (), pool: Sequence[Known] = (), **others: object
    ) -> Situation:
        """A search for quality and latency, whose reference is 30 dB at 100 ms."""
        plain = Situation(
            ladder=self.ladder,
            objectives=("psnr_y_db", "latency_ms"),
            bounds={},
            reference={"psnr_y_db": 30.0, "latency_ms": 100.0},
            known=tuple(known),
            pool=tuple(pool),
            seed=0,
        )
        return replace(plain, **others)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def make() -> Make:
    return Make()
