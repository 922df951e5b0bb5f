"""The families whose networks decide by their input, and what their decisions were."""

from collections.abc import Sequence
from dataclasses import replace

from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from foundation.registry import Registry
from imaging.evaluation import ValidationPair
from training.behaviour.behaviour import Decisions
from training.behaviour.classsr import CLASSSR_BEHAVIOUR
from training.behaviour.hybrid import HYBRID_BEHAVIOUR
from training.behaviour.seemore import SEEMORE_BEHAVIOUR
from training.behaviour.smsr import SMSR_BEHAVIOUR

BEHAVIOURS = Registry(
    "behaviour", (SMSR_BEHAVIOUR, CLASSSR_BEHAVIOUR, SEEMORE_BEHAVIOUR, HYBRID_BEHAVIOUR)
)


def behaviour_columns(config: NetworkConfigBase) -> tuple[str, ...]:
    """The columns of the training's log for what is decided; none where nothing is."""
    own = BEHAVIOURS.get(config.family)
    return () if own is None else own.columns(config)


def decisions_of(
    network: SuperResolutionNetwork, pairs: Sequence[ValidationPair], *, device: str
) -> Decisions:
    """What the network decides on validation images, by all families' keys of the document."""
    decisions = own_decisions_of(network, pairs, device=device)
    return replace(decisions, document={**_undecided(), **decisions.document})


def own_decisions_of(
    network: SuperResolutionNetwork, pairs: Sequence[ValidationPair], *, device: str
) -> Decisions:
    """What the network decides on images, by the keys of its own family."""
    own = BEHAVIOURS.get(network.config.family)
    return Decisions() if own is None else own.decide(network, pairs, device)


def _undecided() -> dict[str, object]:
    return {key: nothing for own in BEHAVIOURS.values() for key, nothing in own.undecided.items()}
