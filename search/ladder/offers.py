"""What may be started next: draws of the sampler, and neighbours of the best."""

import hashlib
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from blocks.networks.registry import NetworkConfig
from reports.records import OBJECTIVES, TrialRecord
from search.allocation.state import Cost, Known, Structure
from search.appraisal import Appraisal
from search.candidates.candidate import Candidate, described
from search.candidates.structure import structure_of
from search.config import SearchConfig
from search.ladder.shadow import FixedValues, Shadow
from search.space.search_space import SearchSpace
from search.storage.proposal import Value
from search.storage.rungs import Counts, Drawn, Draws

# What a network costs and what its structure is takes some ten milliseconds to find out, of which
# each decision may take fifty. So all but the first find them out of few, and others stay on offer.
FIRST_DRAWS = 64
KEPT_DRAWS = 128
"""The first start draws so often, each after it once; so many of the last are offered. The more are
offered from the start, the better are the first (chosen on the tabular benchmark's tuning rows)."""
NEIGHBOURS = 8
NEIGHBOURS_STAY = 8
"""So many starts the same neighbours are offered."""

StructureOf = Callable[[NetworkConfig, int], Structure]
"""The features of a network, from its configuration and its MACs."""
_Proposal = tuple[Candidate, Mapping[str, Value]]
"""A candidate and the parameters of the study that propose it."""


@dataclass(frozen=True)
class Offer:
    """A design that keeps the constraints as far as it alone tells, and was not started."""

    candidate: Candidate
    record: TrialRecord
    structure: Structure
    parameters: Mapping[str, Value]
    """Of the study, which propose it."""

    @property
    def known(self) -> Known:
        """What a decision is told of it."""
        return Known(self.candidate.arch_id, self.structure, cheap_costs(self.record))


def cheap_costs(record: TrialRecord) -> dict[str, Cost]:
    """The costs that a design alone decides, as far as a record has them."""
    found = {name: getattr(record, name) for name, column in OBJECTIVES.items() if column.cheap}
    return {
        name: Cost(float(value), float(value), float(value))
        for name, value in found.items()
        if value is not None
    }


class Offers:
    """Makes the offers of every decision, and counts what was proposed."""

    def __init__(
        self,
        config: SearchConfig,
        space: SearchSpace,
        appraisal: Appraisal,
        shadow: Shadow,
        structure: StructureOf = structure_of,
    ) -> None:
        self._config = config
        self._space = space
        self._appraisal = appraisal
        self._shadow = shadow
        self._structure = structure
        self._draws: deque[_Proposal] = deque(maxlen=KEPT_DRAWS)
        self._drawn_for: tuple[int, int] | None = None
        self._new_draws: list[Drawn] = []
        self._known: dict[str, Offer] = {}
        """The offers of the last decision, by arch_id."""
        self._beside: dict[str, dict[str, NetworkConfig]] = {}
        """The neighbours of each network that was among the best."""
        self._seen: set[str] = set()
        self._proposed: Counter[str] = Counter()
        self._gated: Counter[str] = Counter()

    def go_on(
        self,
        draws: Iterable[Draws],
        proposed: Counts,
        gated: Counts,
        drawn_for: tuple[int, int] | None,
    ) -> None:
        """Go on from what an earlier session had drawn, for which start last, and counted."""
        self._drawn_for = drawn_for
        in_order = sorted(draws, key=lambda it: it.decision)
        drawn = [values for it in in_order for values in it.drawn]
        for values in drawn[-KEPT_DRAWS:]:
            with suppress(ValueError):
                network = self._space.suggest(FixedValues(values))
                self._draws.append((self._candidate(network), values))
        self._proposed.update(proposed)
        self._gated.update(gated)

    def new_draws(self, decision: int) -> Draws:
        """What was drawn since this was asked for last, to be kept in the journal."""
        found, self._new_draws = tuple(self._new_draws), []
        return Draws(decision, found)

    @property
    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """How many different networks were proposed, and how many were gated, by family."""
        return dict(self._proposed), dict(self._gated)

    def count(self, record: TrialRecord) -> None:
        """Count a proposal that is judged by its design, unless the network was counted before."""
        if record.arch_id not in self._seen:
            self._seen.add(record.arch_id)
            self._proposed[record.family] += 1
            self.count_gated(record)

    def count_gated(self, record: TrialRecord) -> None:
        """Count a network that breaks a constraint before it is trained, if it does."""
        self._gated[record.family] += record.state == "infeasible"

    def of(
        self, start: tuple[int, int], best: Sequence[NetworkConfig], tried: set[str]
    ) -> list[Offer]:
        """The offers of a decision, no two of one network.

        `start` is the number that a trial would have, and how often there was nothing to offer; a
        decision that promotes leaves its draws to the next one. Those that break a constraint join
        what was `tried`.
        """
        if start != self._drawn_for:
            self._drawn_for = start
            for place in range(1 if self._draws else FIRST_DRAWS):
                self._draw(*start, place)
        return self._offered([*self._draws, *self._neighbours(start[0], best, tried)], tried)

    def of_network(self, config: NetworkConfig, tried: set[str]) -> list[Offer]:
        """The offer of one network, if it keeps the constraints and was not tried."""
        return self._offered([(self._candidate(config), self._space.parameters(config))], tried)

    def _offered(self, proposals: Iterable[_Proposal], tried: set[str]) -> list[Offer]:
        before, self._known = self._known, {}
        for candidate, parameters in proposals:
            arch_id = candidate.arch_id
            if arch_id in tried or arch_id in self._known:
                continue
            offer = before.get(arch_id) or self._offer(candidate, parameters)
            if offer is None:
                tried.add(arch_id)
            else:
                self._known[arch_id] = offer
        return list(self._known.values())

    def _offer(self, candidate: Candidate, parameters: Mapping[str, Value]) -> Offer | None:
        record = described(None, candidate, self._appraisal.costing)
        record = self._appraisal.of_design(record, candidate)
        self.count(record)
        if record.state == "infeasible":
            return None
        structure = self._structure(candidate.config, record.macs or 0)
        return Offer(candidate, record, structure, parameters)

    def _candidate(self, network: NetworkConfig) -> Candidate:
        return Candidate.of(network, self._config.precisions[0])

    def _draw(self, *key: int) -> None:
        draw = self._shadow.draw(*key)
        try:
            network = self._space.suggest(draw)
        except ValueError:  # each value is in its range, but together they make no network
            return
        self._draws.append((self._candidate(network), draw.values))
        self._new_draws.append(draw.values)

    def _neighbours(
        self, start: int, best: Sequence[NetworkConfig], tried: Container[str]
    ) -> Iterator[_Proposal]:
        found: dict[str, NetworkConfig] = {}
        for config in best:
            if config.arch_id not in self._beside:
                beside = self._space.neighbours(config)
                self._beside[config.arch_id] = {it.arch_id: it for it in beside}
            found |= self._beside[config.arch_id]
        period = start // NEIGHBOURS_STAY

        def place(arch_id: str) -> bytes:
            return hashlib.sha256(f"{self._config.seed}/{period}/{arch_id}".encode()).digest()

        for arch_id in sorted((it for it in found if it not in tried), key=place)[:NEIGHBOURS]:
            network = found[arch_id]
            yield self._candidate(network), self._space.parameters(network)
