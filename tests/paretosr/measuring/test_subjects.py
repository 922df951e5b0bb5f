"""What of a model is measured, and on what kind of machine."""

import pytest
import torch

from blocks import FsrcnnConfig
from blocks.models import Model
from paretosr.measuring.subjects import (
    as_target,
    noise_warning,
    subject_of,
)
from profilers import Subject, Target
from profilers.host.target_program import threads_of


def test_a_network_is_measured_with_its_variant_and_bicubic_is_no_network() -> None:
    config = FsrcnnConfig(scale=2)
    model = Model("mine", 2, config)
    assert subject_of(model, "shuffled") == Subject(config, None, "shuffled")
    assert subject_of(Model("bicubic", 2, None), None) is None
    with pytest.raises(ValueError, match="the variant must be plain or shuffled for mine, got 'x'"):
        subject_of(model, "x")


def test_a_target_may_be_text() -> None:
    assert as_target("eager:threads=2") == as_target(Target(threads=2)) == Target(threads=2)


def test_the_threads_are_as_they_were() -> None:
    before = torch.get_num_threads()
    with pytest.raises(KeyError), threads_of(Target(threads=before + 1)):
        assert torch.get_num_threads() == before + 1
        raise KeyError
    assert torch.get_num_threads() == before


def test_a_machine_on_which_equal_calls_differ_much_is_called_noisy() -> None:
    assert noise_warning(0.05, 0.0) is None
    assert noise_warning(0.25, 1.0) is None
    for quiet_share in (0.5, None):
        assert "spread over 25 % of their time" in str(noise_warning(0.25, quiet_share))
