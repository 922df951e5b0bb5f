"""Which part of its work an SMSR network does."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from blocks.networks.smsr import Smsr, SmsrConfig
from blocks.pixels import to_images
from imaging.evaluation import ValidationPair
from training.behaviour.behaviour import Behaviour, Decisions, Section


@torch.inference_mode()
def active_fractions(
    network: Smsr, pairs: Sequence[ValidationPair], *, device: str
) -> NDArray[np.float64]:
    """The part of its work that each layer does, by hard masks, meaned over the images.

    Shape: (modules, layers), values in [0, 1].
    """
    of_images = [network.active_fractions(to_images(pair.low, device))[0] for pair in pairs]
    mean: NDArray[np.float64] = torch.stack(of_images).double().mean(dim=0).cpu().numpy()
    return mean


def _columns(config: SmsrConfig) -> tuple[str, ...]:
    return ("active_fraction",)


def _decide(network: Smsr, pairs: Sequence[ValidationPair], device: str) -> Decisions:
    fractions = active_fractions(network, pairs, device=device)
    mean, of_modules = float(fractions.mean()), fractions.mean(axis=1)
    return Decisions(
        logged=(mean,),
        document={"active_fraction": mean, "active_fraction_by_module": of_modules.tolist()},
        sentences=(
            f"active fraction {mean:.3f}, of the modules "
            f"{', '.join(f'{part:.2f}' for part in of_modules)}",
        ),
        sections=(_section(fractions),),
    )


def _section(fractions: NDArray[np.float64]) -> Section:
    layers = (f"layer {number}" for number in range(1, fractions.shape[1] + 1))
    return Section(
        "Active fraction",
        "The part of all channels and pixels that the hard masks let compute, meaned over the "
        f"validation images: **{fractions.mean():.3f}**.",
        ("module", "mean", *layers),
        tuple(
            (str(number), *(f"{fraction:.3f}" for fraction in (of_module.mean(), *of_module)))
            for number, of_module in enumerate(fractions, 1)
        ),
    )


SMSR_BEHAVIOUR = Behaviour(
    "smsr",
    _columns,
    _decide,
    undecided={"active_fraction": None, "active_fraction_by_module": None},
)
