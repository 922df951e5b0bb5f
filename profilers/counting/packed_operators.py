"""What operators with packed weights cost: for int8, or in oneDNN's memory format."""

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import torch

# Tensors in the arguments and the result are replaced by their shapes, as torch.Size.
MacHandler = Callable[[Sequence[Any], Any], int]


def reordered_convolution(weight: int) -> MacHandler:
    """A convolution that is not transposed, the argument `weight` stored in any order."""
    return lambda args, output: int(prod(output) * prod(args[weight]) // output[1])


def fused_with_addition(convolution_or_linear: Callable[[int], MacHandler]) -> MacHandler:
    """The weight second, or third behind the tensor that the variant adds to the result."""
    plain, adding = convolution_or_linear(1), convolution_or_linear(2)

    def handler(args: Sequence[Any], output: Any) -> int:
        # A bias in that place has one dimension, or is none.
        has_addend = args[2] is not None and len(args[2]) > 1
        return (adding if has_addend else plain)(args, output)

    return handler


def reordered_linear(weight: int) -> MacHandler:
    """A linear layer whose weight, the argument at that position, may be stored transposed."""
    return lambda args, _output: int(prod(args[0]) * prod(args[weight]) // args[0][-1])


def _unpacked_weight(args: Sequence[Any]) -> torch.Size:
    packed: Any = next(arg for arg in args if isinstance(arg, torch.ScriptObject))
    weight: torch.Tensor = packed.unpack()[0]
    return weight.shape


def packed_convolution(args: Sequence[Any], output: Any) -> int:
    """Every output position meets the kernel once."""
    return int(prod(output) * prod(_unpacked_weight(args)[1:]))


def packed_transposed_convolution(args: Sequence[Any], _output: Any) -> int:
    """Every input position meets the kernel once."""
    return int(prod(args[0]) * prod(_unpacked_weight(args)[1:]))


def packed_linear(args: Sequence[Any], _output: Any) -> int:
    """(..., in) x (in, out)."""
    return int(prod(args[0]) * _unpacked_weight(args)[0])


_CONVOLUTIONS = """conv1d conv1d_relu conv1d_dynamic conv2d conv2d_relu conv2d_dynamic conv2d_add
    conv2d_add_relu conv3d conv3d_relu conv3d_dynamic"""
_TRANSPOSED = """conv_transpose1d conv_transpose1d_dynamic conv_transpose2d
    conv_transpose2d_dynamic conv_transpose3d conv_transpose3d_dynamic"""
_LINEAR = """linear linear_relu linear_leaky_relu linear_tanh linear_dynamic linear_relu_dynamic
    linear_dynamic_fp16 linear_relu_dynamic_fp16"""
_ONEDNN = "qconv_pointwise qconv1d_pointwise qconv2d_pointwise qconv3d_pointwise"

PACKED: Mapping[str, MacHandler] = {
    **{f"quantized.{name}": packed_convolution for name in _CONVOLUTIONS.split()},
    **{f"quantized.{name}": packed_transposed_convolution for name in _TRANSPOSED.split()},
    **{f"quantized.{name}": packed_linear for name in _LINEAR.split()},
    **{f"onednn.{name}": reordered_convolution(3) for name in _ONEDNN.split()},
    "onednn.qlinear_pointwise": reordered_linear(3),
    "aten.mkldnn_convolution": reordered_convolution(1),
    "aten.mkldnn_linear": reordered_linear(1),
    "aten._weight_int8pack_mm": reordered_linear(1),
    "mkldnn._convolution_pointwise": fused_with_addition(reordered_convolution),
    "mkldnn._convolution_pointwise_": reordered_convolution(2),
    "mkldnn._linear_pointwise": fused_with_addition(reordered_linear),
}
