"""The weights of a seed depend on the seed alone, and drawing them leaves no trace."""

import pytest
import torch

from blocks import Safmn, SafmnConfig
from blocks.random_weights import seeded, seeded_network

SMALL = SafmnConfig(scale=2, channels=8, blocks=1)


def test_weights_are_those_of_a_freshly_seeded_generator() -> None:
    ours = seeded_network(SMALL, seed=7).state_dict()
    torch.manual_seed(7)
    theirs = Safmn(SMALL).state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    other = seeded_network(SMALL, seed=8).state_dict()
    assert not all(torch.equal(ours[name], other[name]) for name in ours)


def test_drawing_leaves_the_generator_where_it_was() -> None:
    torch.manual_seed(3)
    expected = torch.rand(4)
    torch.manual_seed(3)
    seeded_network(SMALL, seed=7)
    assert torch.equal(torch.rand(4), expected)


def test_an_error_leaves_the_generator_where_it_was() -> None:
    before = torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), seeded(1):
        torch.rand(())
        raise ZeroDivisionError
    assert torch.equal(torch.get_rng_state(), before)
