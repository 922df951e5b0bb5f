"""How masks are trained: SMSR's published recipe, and what happens to sparsity on the way."""

from blocks.config import NetworkConfigBase
from training.recipes.family import FamilyRecipes
from training.recipes.recipe import Recipe

SMSR = Recipe(
    name="smsr",
    family="smsr",
    batch_size=16,
    lr_patch_px=96,
    best_of=1,
    learning_rate=2e-4,
    betas=(0.9, 0.999),
    warmup_fraction=0.0,
    decay="halving",
    halvings=(0.199, 0.399, 0.599, 0.799, 0.999),
    ema_decay=0.0,
    zero_last_convolution=False,
    loss="l1",
    steps=1_000_000,
)
"""As SMSR was trained: 1000 epochs of 1000 steps.

The rate of epoch e, counted from 1, is halved e // 200 times: before epochs 200, 400, ..., 1000.
Source: github.com/LongguangWang/SMSR. Departures: those of `Sparsity`, and a batch whose loss
is far above the usual is not skipped.
"""


def sparsity_events(recipe: Recipe, config: NetworkConfigBase, steps: int) -> list[str]:
    """The schedule of the sparsity, in words; nothing for a network without masks."""
    if not config.is_input_adaptive:
        return []
    sparsity = recipe.sparsity
    if not sparsity.weight:
        weighed = "no sparsity loss"
    else:
        warm = sparsity.warmup_fraction * steps
        weighed = f"sparsity loss rises to weight {sparsity.weight:g} until step {warm:,.0f}"
    cold = sparsity.temperature_fraction * steps
    return [
        weighed,
        f"temperature falls from {sparsity.first_temperature:g} to {sparsity.last_temperature:g} "
        f"until step {cold:,.0f}",
    ]


SMSR_RECIPES = FamilyRecipes("smsr", "sparsity", recipes=(SMSR,), events=sparsity_events)
HYBRID_RECIPES = FamilyRecipes("hybrid", "sparsity", events=sparsity_events)
