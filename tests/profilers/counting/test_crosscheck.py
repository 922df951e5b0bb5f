"""What the other tools say, and whether the causes are the known ones."""

import signal

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

from blocks import SeemoReConfig, build_network
from profilers import CrossCheck, cross_check


class FunctionalConvolution(nn.Module):
    """thop hangs on modules and cannot see this."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(8, 3, 3, 3))
        self.last = nn.Conv2d(8, 3, 1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.last(F.conv2d(images, self.weight, padding=1))
        return result


class FusedAttention(nn.Module):
    """fvcore has no rule for the fused operator."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        tokens = images.flatten(2).mT
        return F.scaled_dot_product_attention(tokens, tokens, tokens)


def checks(network: nn.Module) -> tuple[CrossCheck, CrossCheck]:
    fvcore, thop = cross_check(network, lr_height_px=16, lr_width_px=16)
    assert (fvcore.tool, thop.tool) == ("fvcore", "thop")
    return fvcore, thop


def test_plain_convolutions_agree() -> None:
    for check in checks(nn.Conv2d(3, 8, 3, padding=1)):
        assert (check.macs, check.ratio, check.cause) == (3 * 8 * 9 * 256, 1.0, None)


def test_thop_misses_functional_convolutions() -> None:
    fvcore, thop = checks(FunctionalConvolution())
    assert fvcore.cause is None
    assert thop.macs == 8 * 3 * 256
    assert thop.cause == "counts 0.0553 M fewer in functional calls"


def test_thop_counts_a_stride_four_transposed_convolution_sixteen_fold() -> None:
    _, thop = checks(nn.Sequential(nn.ConvTranspose2d(3, 8, 4, stride=4)))
    assert thop.ratio == 16
    assert thop.cause is not None
    assert "ConvTranspose2d" in thop.cause


def test_fvcore_misses_fused_attention() -> None:
    fvcore, _ = checks(nn.Sequential(nn.Conv2d(3, 4, 1), FusedAttention()))
    assert fvcore.cause is not None
    assert "fewer in convolutions and matrix products" in fvcore.cause
    assert fvcore.cause.endswith("does not know aten::scaled_dot_product_attention")


def test_fvcore_counts_interpolation_as_macs() -> None:
    enlarged = nn.Sequential(
        nn.Conv2d(3, 4, 1), nn.Upsample(scale_factor=2.0, mode="bilinear"), nn.BatchNorm2d(4)
    )
    fvcore, _ = checks(enlarged)
    products, interpolated = 12 * 256, 4 * 4 * 1024
    assert fvcore.ratio is not None
    assert fvcore.ratio > (products + interpolated) / products
    assert "more in upsample_bilinear2d" in str(fvcore.cause)
    assert "more in batch_norm" in str(fvcore.cause)


def test_a_tool_that_fails_says_so() -> None:
    class Refusing(nn.Module):
        def __deepcopy__(self, memo: object) -> "Refusing":
            broken = Refusing()
            broken.forward = None  # type: ignore[method-assign, assignment]
            return broken

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images

    for check in checks(Refusing()):
        assert check.macs is None
        assert str(check.cause).startswith("fails: ")


def test_an_interrupt_that_became_an_error_is_not_a_failure_of_the_tool() -> None:
    class Interrupted(nn.Module):
        def __deepcopy__(self, memo: object) -> "Interrupted":
            try:
                signal.raise_signal(signal.SIGINT)
            finally:
                raise RuntimeError("trying to pop from empty mode stack")

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images

    with pytest.raises(KeyboardInterrupt):
        checks(Interrupted())


def test_the_network_is_untouched_and_nothing_is_printed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    network = build_network(SeemoReConfig(scale=2, channels=8, groups=1))
    keys = list(network.state_dict())
    checks(network)
    assert list(network.state_dict()) == keys
    assert network.training
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
