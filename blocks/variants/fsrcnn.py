"""FSRCNN with its transposed convolution as a convolution and a pixel shuffle.

Every output pixel of a transposed convolution of stride s is a weighted sum of a few input
pixels, and which weights it takes depends only on its place in its square of s x s: so s^2
kernels give the same on the input's grid. Some of their weights are 0, which costs MACs but
less time, since processors have no fast transposed convolution for three channels.
"""

from typing import TypeVar

import torch
from torch import nn

from blocks.layers import convolution
from blocks.networks.fsrcnn import Fsrcnn
from blocks.variants.variant import PLAIN, FamilyVariants, Variant

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def shuffled(network: AnyModule) -> AnyModule:
    """The network, changed in place, with that of every FSRCNN in it so computed."""
    for part in list(network.modules()):
        if isinstance(part, Fsrcnn):
            convolution_first = _as_convolution(part.output_convolution)
            shuffle = nn.PixelShuffle(part.config.scale)
            part.add_module("output_convolution", nn.Sequential(convolution_first, shuffle))
    return network


def _as_convolution(transposed: nn.ConvTranspose2d) -> nn.Conv2d:
    weight, bias = transposed.weight, transposed.bias
    assert bias is not None  # it was built with one
    inputs, planes, kernel = weight.shape[:3]
    stride, padding = transposed.stride[0], int(transposed.padding[0])
    # Output pixel stride q + r gets of input pixel q + d the weight at r + padding - stride d.
    reach = (stride - 1 + padding) // stride
    distances = torch.arange(-reach, reach + 1)
    places = torch.arange(stride)[:, None] + padding - stride * distances
    beyond = (places < 0) | (places >= kernel)
    chosen = weight.detach()[:, :, places.clamp(0, kernel - 1)].masked_fill(beyond[:, :, None], 0)
    chosen = chosen[..., places.clamp(0, kernel - 1)].masked_fill(beyond, 0)
    result = convolution(inputs, planes * stride**2, 2 * reach + 1)
    # From (inputs, planes, place and tap along the height, place and tap along the width).
    result.weight = nn.Parameter(chosen.permute(1, 2, 4, 0, 3, 5).flatten(0, 2).contiguous())
    result.bias = nn.Parameter(bias.detach().repeat_interleave(stride**2))
    return result


FSRCNN_VARIANTS = FamilyVariants("fsrcnn", (PLAIN, Variant("shuffled", shuffled)))
