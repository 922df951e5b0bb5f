"""SPAN: folding, by hand and as a whole."""

import pytest
import torch
from torch.nn import functional as F  # noqa: N812

from blocks import Span, SpanConfig, build_network, fold_span
from blocks.networks.span import BranchedConvolution

TRAINING = SpanConfig(scale=3, channels=6, fusion_channels=5, blocks=2, form="training")


def test_a_folded_convolution_is_exact_up_to_the_borders() -> None:
    branched = BranchedConvolution(3, 5).double()
    weight, bias = branched.folded()
    images = torch.randn(2, 3, 4, 6, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(F.conv2d(images, weight, bias, padding=1), branched(images))


def test_a_folded_convolution_by_hand() -> None:
    """One channel, all middle weights 1: 2 x (3 + 4) in every tap, the skip in the centre."""
    branched = BranchedConvolution(1, 1)
    with torch.no_grad():
        branched.expand.weight.copy_(torch.tensor([3.0, 4.0]).view(2, 1, 1, 1))
        branched.middle.weight.fill_(1)
        branched.project.weight.fill_(1)
        branched.skip.weight.fill_(10)
        for part, bias in (("expand", 0.5), ("middle", 7.0), ("project", 100.0), ("skip", 1000.0)):
            torch.nn.init.constant_(getattr(branched, part).bias, bias)
    weight, bias = branched.folded()
    expected = torch.full((1, 1, 3, 3), 14.0, dtype=torch.float64)
    expected[0, 0, 1, 1] += 10
    assert torch.equal(weight, expected)
    # Two middle channels, each 18 taps of 0.5 and its own 7; then the two last biases.
    assert bias.item() == 2 * (18 * 0.5 + 7) + 100 + 1000


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (12, 9)])
def test_a_folded_network_gives_the_same_images(size: tuple[int, int]) -> None:
    network = Span(TRAINING).double()
    folded = fold_span(network)
    images = torch.rand(2, 3, *size, dtype=torch.float64)
    with torch.no_grad():
        torch.testing.assert_close(folded(images), network(images))


def test_a_folded_network_is_one_of_its_own() -> None:
    network = Span(TRAINING).eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    folded = fold_span(network)
    assert folded.config == TRAINING.replace(form="folded")
    assert not folded.training
    torch.nn.init.zeros_(folded.last_convolutions[0].weight)
    after = network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_folding_twice_changes_nothing() -> None:
    once = fold_span(Span(TRAINING))
    twice = fold_span(once)
    state = twice.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in once.state_dict().items())


def test_the_usual_fusion_has_one_name() -> None:
    spelt_out = SpanConfig(scale=2, channels=8, fusion_channels=8)
    assert spelt_out.arch_id == SpanConfig(scale=2, channels=8).arch_id
    assert spelt_out.arch_id != SpanConfig(scale=2, channels=8, form="training").arch_id


def test_no_mean_is_added_back() -> None:
    network = build_network(SpanConfig(scale=2, channels=4, blocks=1))
    for parameter in network.last_convolutions[0].parameters():
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        assert not network(torch.rand(1, 3, 5, 5)).any()
