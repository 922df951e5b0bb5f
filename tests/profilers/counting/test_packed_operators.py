"""Operators that read packed weights, called directly: what they cost is the layer's size."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from profilers import count_macs

onednn, mkldnn = torch.ops.onednn, torch.ops.mkldnn

IMAGES = torch.ones(1, 6, 10, 10)
# A 3x3 convolution of 6 to 8 channels, in two groups, to 8x8 pixels.
CONVOLUTION = 8 * 3 * 9 * 8 * 8
GROUPED = ([0, 0], [1, 1], [1, 1], 2)
NO_POST_OPERATION = ("none", [], "")


class Calls(nn.Module):
    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, images: Tensor) -> Tensor:
        return self.function(images)


def int8_convolution(images: Tensor) -> Tensor:
    weight = torch.ones(8, 3, 3, 3, dtype=torch.int8)
    scales, zeros = torch.ones(8), torch.zeros(8, dtype=torch.int)
    shape = list(images.shape)
    packed = onednn.qconv_prepack(weight, scales, 1.0, 0, [1, 1], [0, 0], [1, 1], 2, shape)
    answer = (1.0, 0, torch.float32, *NO_POST_OPERATION)
    return onednn.qconv2d_pointwise(
        images, 1.0, 0, packed, scales, zeros, None, [1, 1], [0, 0], [1, 1], 2, *answer
    )


def int8_linear(tokens: Tensor) -> Tensor:
    packed = onednn.qlinear_prepack(torch.ones(7, 5, dtype=torch.int8), list(tokens.shape))
    scales, zeros = torch.ones(7), torch.zeros(7, dtype=torch.int)
    answer = (1.0, 0, torch.float32, *NO_POST_OPERATION)
    return onednn.qlinear_pointwise(tokens, 1.0, 0, packed, scales, zeros, None, *answer)


def fused_convolution(images: Tensor) -> Tensor:
    weight = torch.ones(8, 3, 3, 3)
    return mkldnn._convolution_pointwise(images, weight, None, *GROUPED, *NO_POST_OPERATION)


def fused_linear(tokens: Tensor) -> Tensor:
    return mkldnn._linear_pointwise(tokens, torch.ones(7, 5), None, *NO_POST_OPERATION)


def fused_convolution_and_sum(images: Tensor) -> Tensor:
    weight, addend = torch.ones(8, 3, 3, 3), torch.ones(1, 8, 8, 8)
    after = ("add", 1.0, None, [], None)
    return mkldnn._convolution_pointwise(images, addend, weight, None, *GROUPED, *after)


def fused_linear_and_sum(tokens: Tensor) -> Tensor:
    return mkldnn._linear_pointwise(tokens, torch.ones(11, 7), torch.ones(7, 5), None, "add")


def int4_groups(tokens: Tensor) -> Tensor:
    weight, scales = torch.ones(16, 16, dtype=torch.uint8), torch.ones(16)
    packed = torch.ops.aten._dyn_quant_pack_4bit_weight(weight, scales, None, 32, 32, 16)
    return torch.ops.aten._dyn_quant_matmul_4bit(tokens, packed, 32, 32, 16)


def int8_weights(tokens: Tensor) -> Tensor:
    scales = torch.ones(16, dtype=torch.bfloat16)
    return torch._weight_int8pack_mm(tokens, torch.ones(16, 32, dtype=torch.int8), scales)


@pytest.mark.parametrize(
    ("function", "operand", "macs"),
    [
        (int8_convolution, IMAGES.to(torch.uint8), CONVOLUTION),
        (int8_linear, torch.ones(11, 5, dtype=torch.uint8), 11 * 5 * 7),
        (fused_convolution, IMAGES, CONVOLUTION),
        (fused_linear, torch.ones(2, 11, 5), 2 * 11 * 5 * 7),
        (fused_convolution_and_sum, IMAGES, CONVOLUTION),
        (fused_linear_and_sum, torch.ones(11, 5), 11 * 5 * 7),
        (int4_groups, torch.ones(2, 32), 2 * 32 * 16),
        (int8_weights, torch.ones(11, 32, dtype=torch.bfloat16), 11 * 32 * 16),
    ],
)
def test_macs(function: Callable[[Tensor], Tensor], operand: Tensor, macs: int) -> None:
    assert count_macs(Calls(function), operand).total == macs
