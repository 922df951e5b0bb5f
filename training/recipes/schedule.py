"""A recipe's schedule in words, in the steps of one training."""

import math

from blocks.config import NetworkConfigBase
from training.recipes.recipe import Recipe, learning_rate_at
from training.recipes.registry import events


def schedule_in_words(recipe: Recipe, config: NetworkConfigBase, steps: int) -> str:
    """What happens at which step; one line, which says where the length is not the recipe's."""
    others = events(recipe, config, recipe.course_steps(steps))
    schedule = "; ".join((*_learning_rate_events(recipe, steps), *others))
    if recipe.continues:
        return f"{steps:,} steps by recipe {recipe.name}, which can be continued: {schedule}"
    if steps == recipe.steps:
        return f"{steps:,} steps as in recipe {recipe.name}: {schedule}"
    return (
        f"recipe {recipe.name} is made for {recipe.steps:,} steps, this training has {steps:,}, so "
        f"that its schedule is {'compressed' if steps < recipe.steps else 'stretched'} in "
        f"proportion: {schedule}"
    )


def _learning_rate_events(recipe: Recipe, steps: int) -> list[str]:
    events = []
    if recipe.warmup_fraction:
        peak_step = round(recipe.warmup_fraction * recipe.course_steps(steps))
        events.append(f"learning rate rises to {recipe.learning_rate:.3g} until step {peak_step:,}")
    if recipe.decay == "constant":
        kept = recipe.kept_steps(steps)
        end = "the end" if kept == steps else f"step {kept:,}, then falls along a line to 0"
        events.append(f"learning rate {recipe.learning_rate:.3g} until {end}")
    elif recipe.decay == "halving":
        # Rounded first, so that 0.1 * 30 is 3 and not a little more.
        after = [math.ceil(round(fraction * steps, 6)) for fraction in recipe.halvings]
        milestones = ", ".join(f"{step:,}" for step in after if step < steps)
        halved = f", halved after steps {milestones}" if milestones else " throughout"
        events.append(f"learning rate {recipe.learning_rate:.3g}{halved}")
    else:
        shape = "along a line" if recipe.decay == "linear" else "as a cosine"
        last = learning_rate_at(recipe, steps - 1, steps)
        events.append(
            f"learning rate falls {shape} from {recipe.learning_rate:.3g} to {last:.3g} at the end"
        )
    return events
