import torch

from training.random_numbers import seeded_noise


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
