"""What a hybrid network decides: which part of its work its masks leave, and its experts."""

from collections.abc import Sequence

from blocks.networks.hybrid import Hybrid, HybridConfig
from imaging.evaluation import ValidationPair
from training.behaviour.behaviour import Behaviour, Decisions
from training.behaviour.seemore import SEEMORE_BEHAVIOUR
from training.behaviour.smsr import SMSR_BEHAVIOUR

PARTS = (SMSR_BEHAVIOUR, SEEMORE_BEHAVIOUR)
"""Of which each says nothing about a network that lacks what it is about."""


def _columns(config: HybridConfig) -> tuple[str, ...]:
    return tuple(column for part in PARTS for column in part.columns(config))


def _decide(network: Hybrid, pairs: Sequence[ValidationPair], device: str) -> Decisions:
    """All that is decided; the figure is that of the masks, where there are any."""
    masks, experts = (part.decide(network, pairs, device) for part in PARTS)
    return Decisions(
        logged=(*masks.logged, *experts.logged),
        document={**masks.document, **experts.document},
        sentences=(*masks.sentences, *experts.sentences),
        sections=(*masks.sections, *experts.sections),
        drawn=experts.drawn if masks.drawn is None else masks.drawn,
    )


HYBRID_BEHAVIOUR = Behaviour("hybrid", _columns, _decide)
