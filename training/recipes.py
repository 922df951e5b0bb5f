"""How a network is trained: frozen, named recipes, and their learning rate at every step."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from blocks.config import FrozenConfig

Decay = Literal["linear", "cosine"]
Beta = Annotated[float, Field(ge=0, lt=1)]


class Recipe(FrozenConfig):
    """Everything about a training that is neither the network, the data, the seed nor its length.

    Adam without weight decay minimises the L1 distance of RGB values in [0, 1].
    """

    name: str
    batch_size: PositiveInt
    lr_patch_px: Annotated[int, Field(ge=2)]
    """Side of a low-resolution patch."""
    best_of: PositiveInt
    """Each patch is the one with the most gradient energy among so many random ones."""
    learning_rate: PositiveFloat
    """The peak, reached at the end of the warm-up."""
    betas: tuple[Beta, Beta]
    warmup_fraction: Annotated[float, Field(ge=0, lt=1)]
    decay: Decay
    """How the learning rate falls from the peak to 0 at the last step."""
    ema_decay: Beta
    """Decay per step of the moving average of the weights, which is what a training returns."""
    zero_last_convolution: bool
    """Whether training starts with the last convolution's weight and bias at zero."""
    loss: Literal["l1"]
    steps: PositiveInt
    """The usual length, for who does not ask for another."""


QUICK = Recipe(
    name="quick",
    batch_size=8,
    lr_patch_px=16,
    best_of=4,
    learning_rate=4e-3,
    betas=(0.9, 0.99),
    warmup_fraction=0.1,
    decay="linear",
    ema_decay=0.99,
    zero_last_convolution=True,
    loss="l1",
    steps=1000,
)
"""Makes a thousand steps, seconds on a CPU core, say something about a network.

It counts on a network with an image skip: the zeroed last convolution then starts the
training at the enlarged input. Source: this project's own prototype study, where Set5 x4
rose 1.5 dB above bicubic in 2.6-2.9 s on one core; the usual settings (Adam 5e-4, batch 16,
patch 24, no skip) had not gained 0.5 dB after 13 s.
"""

LONG = Recipe(
    name="long",
    batch_size=16,
    lr_patch_px=48,
    best_of=1,
    learning_rate=1e-3,
    betas=(0.9, 0.99),
    warmup_fraction=0.01,
    decay="cosine",
    ema_decay=0.999,
    zero_last_convolution=False,
    loss="l1",
    steps=100_000,
)
"""For final weights, in hours on a GPU.

Sources: batch 16, LR patch 48 and L1 from EDSR (Lim et al. 2017, arXiv:1707.02921, section
4.2); Adam 1e-3 with betas (0.9, 0.99) from SeemoRe's published options (github.com/
eduardzamfir/seemoredetails). Departures from both: 100,000 steps instead of 300,000 and
500,000, hence one smooth cosine decay instead of halvings at fixed steps, a short warm-up,
an average of the weights, and neither SeemoRe's Fourier loss nor its larger batch.
"""

RECIPES: Mapping[str, Recipe] = MappingProxyType({"quick": QUICK, "long": LONG})


def get_recipe(name: str) -> Recipe:
    """Return the recipe called `name`.

    Raises:
        ValueError: no recipe has that name; the message lists those that exist.
    """
    if name not in RECIPES:
        raise ValueError(f"recipe must be one of {', '.join(RECIPES)}, got {name!r}")
    return RECIPES[name]


def learning_rate_at(recipe: Recipe, step: int, steps: int) -> float:
    """Return the learning rate of `step` (from 0) in a training of `steps` steps.

    It rises linearly over the first `warmup_fraction` of the steps, whose last one has the
    peak, and then falls towards 0, which the step after the last one would have.
    """
    warmup = round(recipe.warmup_fraction * steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    remaining = (steps - step) / (steps - warmup)
    if recipe.decay == "linear":
        return recipe.learning_rate * remaining
    return recipe.learning_rate * (1 - math.cos(math.pi * remaining)) / 2
