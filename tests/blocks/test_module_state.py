"""What is observed of a module leaves it as it was."""

import pytest
import torch
from torch import nn

from blocks.module_state import evaluation_mode, left_unchanged


class Counted(nn.Module):
    """Counts its calls in a buffer, and draws random numbers while it trains."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros((), dtype=torch.long))
        self.weight = nn.Parameter(torch.ones(3))
        self.norm = nn.BatchNorm1d(3)
        self.dropout = nn.Dropout()

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        self.calls = self.calls + 1
        self.weight.data.mul_(2)
        return self.dropout(self.norm(rows * self.weight))


@pytest.fixture
def module() -> Counted:
    counted = Counted()
    counted.norm.eval()
    return counted


def test_evaluation_mode_gives_every_submodule_its_own_flag_back(module: Counted) -> None:
    with pytest.raises(ZeroDivisionError), evaluation_mode(module):
        assert not any(part.training for part in module.modules())
        raise ZeroDivisionError
    assert [module.training, module.norm.training, module.dropout.training] == [True, False, True]


def test_evaluation_mode_of_an_exported_module_is_its_own() -> None:
    exported = torch.export.export(nn.Conv2d(1, 1, 1).eval(), (torch.ones(1, 1, 2, 2),)).module()
    with evaluation_mode(exported):
        exported(torch.ones(1, 1, 2, 2))


def test_state_flags_and_random_numbers_are_as_before(module: Counted) -> None:
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    calls, generator = module.calls, torch.get_rng_state()
    with pytest.raises(ZeroDivisionError), left_unchanged(module):
        rows = module(torch.rand(4, 3))
        assert not rows.requires_grad and module.calls == 1
        raise ZeroDivisionError
    assert module.calls is calls
    assert all(torch.equal(state[name], tensor) for name, tensor in module.state_dict().items())
    assert torch.equal(torch.get_rng_state(), generator)
    assert module.training and not module.norm.training
