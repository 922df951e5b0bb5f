"""The moving average of the weights, by hand, what a saved step restores, and its noise."""

import pytest
import torch
from torch import Tensor

from blocks import CarnConfig, build_network
from training.recipes.recipe import Recipe
from training.recipes.registry import get_recipe
from training.step import TrainingStep, seeded_noise

# CARN has buffers as well, which no step changes and no average may lose.
CONFIG = CarnConfig(scale=2, channels=4, convolution_groups=2)
QUICK = get_recipe("quick")


def new_step(recipe: Recipe = QUICK) -> TrainingStep:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = build_network(CONFIG)
    return TrainingStep(network, recipe, device="cpu", precision="float32")


def weights_before_and_after(training: TrainingStep, steps: int) -> list[dict[str, Tensor]]:
    """All weights, first as they are and then after each of the steps."""
    generator = torch.Generator().manual_seed(1)
    low = torch.rand(2, 3, 8, 8, generator=generator)
    high = torch.rand(2, 3, 16, 16, generator=generator)
    states = [{name: value.clone() for name, value in training.network.state_dict().items()}]
    for _ in range(steps):
        training.take(low, high, learning_rate=1e-2, progress=0.0)
        states.append({n: value.clone() for n, value in training.network.state_dict().items()})
    return states


def test_the_average_begins_with_the_first_weights_and_forgets_them_fast() -> None:
    """Decays of 1/10 and 2/11, as long as these are below that of the recipe."""
    training = new_step()
    first, second, third = weights_before_and_after(training, 2)
    average = training.averaged_weights()
    assert average.keys() == third.keys()
    for name, weight in third.items():
        after_one = first[name] / 10 + 9 * second[name] / 10
        expected = 2 * after_one / 11 + 9 * weight / 11
        torch.testing.assert_close(average[name], expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(("decay", "share"), [(0.0, 1.0), (0.05, 0.95)])
def test_the_recipe_bounds_the_decay(decay: float, share: float) -> None:
    training = new_step(QUICK.model_copy(update={"ema_decay": decay}))
    first, second = weights_before_and_after(training, 1)
    for name, average in training.averaged_weights().items():
        expected = (1 - share) * first[name] + share * second[name]
        torch.testing.assert_close(average, expected, rtol=1e-6, atol=1e-7)


def test_what_is_saved_continues_to_the_last_bit() -> None:
    training, other = new_step(), new_step()
    weights_before_and_after(training, 3)
    saved = {name: value.clone() for name, value in training.tensors().items()}
    other.restore(saved, 3)
    for step in (training, other):
        weights_before_and_after(step, 2)
    continued = other.tensors()
    assert continued.keys() == saved.keys()
    assert all(torch.equal(value, continued[name]) for name, value in training.tensors().items())


def test_a_state_that_lacks_a_tensor_is_refused() -> None:
    training = new_step()
    saved = training.tensors()
    del saved["average/output_convolution.bias"]
    with pytest.raises(ValueError, match=r"lacks average/output_convolution\.bias"):
        new_step().restore(saved, 0)


def draw(*numbers: int) -> torch.Tensor:
    with seeded_noise("cpu", *numbers):
        return torch.rand(4)


def test_noise_depends_on_all_numbers_and_on_nothing_else() -> None:
    first = draw(-3, 1)
    torch.rand(5)
    assert torch.equal(draw(-3, 1), first)
    assert not torch.equal(draw(-3, 2), first)
    assert not torch.equal(draw(3, 1), first)


def test_the_global_generator_is_put_back() -> None:
    before = torch.get_rng_state()
    draw(1)
    assert torch.equal(torch.get_rng_state(), before)
