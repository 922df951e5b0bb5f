"""Which layers of a network lose what in 8 bits."""

from dataclasses import dataclass

from blocks import SuperResolutionNetwork
from compressors.artefacts import EngineName
from compressors.attempts import Attempts
from compressors.crops import Crops
from compressors.quantiser import ProgramRunner
from compressors.schemes import InstructionSet, Scheme
from foundation.listener import SILENT, Listener


@dataclass(frozen=True)
class LayerSensitivity:
    """What one layer has to do with the loss, in decibels on the held-out crops.

    Attributes:
        layer: its name in the network.
        loss_alone_db: lost where only this layer is quantised.
        loss_without_db: lost where only this layer stays in float, of those that the rule
            quantises.
    """

    layer: str
    loss_alone_db: float
    loss_without_db: float


def sensitivity(
    network: SuperResolutionNetwork,
    engine: EngineName,
    crops: Crops,
    run: ProgramRunner,
    instruction_set: InstructionSet,
    scheme: Scheme,
    *,
    listener: Listener = SILENT,
) -> tuple[LayerSensitivity, ...]:
    """What each layer loses by itself, and what is lost without it, in the order of the program.

    Two programs are made for each layer that the rule quantises, and run on the target.

    Raises:
        ValueError: the engine is not installed, or the crops do not suit the network.
        ExportFailed: the network cannot become a program.
        QuantisationFailed: the engine refuses the network.
    """
    with Attempts.at(network, engine, crops, run, instruction_set) as attempts:
        rows: list[LayerSensitivity] = []
        for layer in attempts.quantisable:
            listener.progress(len(rows), len(attempts.quantisable), f"sensitivity of {layer}")
            rows.append(
                LayerSensitivity(
                    layer,
                    loss_alone_db(attempts, scheme, layer),
                    attempts.attempt(scheme, [layer]).trial.loss_db,
                )
            )
        return tuple(rows)


def loss_alone_db(attempts: Attempts, scheme: Scheme, layer: str) -> float:
    """What is lost where only this layer is quantised."""
    others = [name for name in attempts.quantisable if name != layer]
    return attempts.attempt(scheme, others).trial.loss_db
