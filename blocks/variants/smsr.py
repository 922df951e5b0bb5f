"""SMSR's inference variants: masked dense convolutions, or work at active pixels only.

Source: Wang et al. 2021 (SMSR), arXiv:2006.09603, Fig. 4. At inference the channel masks
are constants. Once the dense channels of each layer stand before the sparse ones, a kernel is
four rectangles: dense to dense is the only one that counts at every pixel.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, Self, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.networks.smsr import MaskedNetwork, SparseMaskModule
from blocks.variants.variant import FamilyVariants, Variant, replace_modules

Masking = TypeVar("Masking", bound=MaskedNetwork)

# Patches of this size stay in the second-level cache between gathering and multiplying.
PATCH_BYTES = 2**20


def masked_smsr(network: Masking) -> Masking:
    """The network with ordinary convolutions, whose outputs are masked."""
    replace_modules(network, SparseMaskModule, MaskedBlock)
    return network


def sparse_smsr(network: Masking) -> Masking:
    """The network that computes active pixels only, and dense channels at the others."""
    replace_modules(network, SparseMaskModule, SparseBlock)
    sparse: Masking = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return sparse


class SplitBlock(nn.Module, ABC):
    """A mask module whose kernels fall into rectangles: the dense channels stand first.

    Shape: (N, C, H, W) -> (N, C, H, W), H and W even.
    """

    def __init__(self, block: SparseMaskModule) -> None:
        super().__init__()
        self.block = block
        self.dense_counts = put_dense_first(block)

    def layers(self) -> Iterator[tuple[Tensor, int, int]]:
        """For each layer the kernel, and how many dense inputs and outputs it has."""
        counts = pairwise(self.dense_counts)
        for conv, (inputs, outputs) in zip(self.block.convolutions, counts, strict=True):
            yield conv.get_parameter("weight"), inputs, outputs

    @abstractmethod
    def forward(self, x: Tensor) -> Tensor:
        """The output of the module."""


class MaskedBlock(SplitBlock):
    """By at most three convolutions a layer, together as dear as its one."""

    def __init__(self, block: SparseMaskModule) -> None:
        super().__init__(block)
        self.convolutions = nn.ModuleList(MaskedConvolution(*layer) for layer in self.layers())

    def forward(self, x: Tensor) -> Tensor:
        mask = self.block.active_pixels(x).to(x.dtype)
        features = [x]
        for convolution in self.convolutions:
            features.append(convolution(features[-1], mask).relu_())
        return self.block.finish(x, self.block.fuse(torch.cat(features[1:], dim=1)))


class MaskedConvolution(nn.Module):
    """A convolution of which an inactive pixel keeps what dense inputs give dense outputs.

    The rectangles of the kernel are kept, not cut in every call: to a compiler they are then
    constant. XNNPACK takes no others, and in ExecuTorch's loops a network took 100 times longer.

    Shape: (N, I, H, W), mask (N, 1, H, W) -> (N, O, H, W).
    """

    whole: Tensor
    to_sparse: Tensor
    sparse_to_dense: Tensor
    dense_to_dense: Tensor

    def __init__(self, weight: Tensor, dense_inputs: int, dense_outputs: int) -> None:
        super().__init__()
        self.dense_inputs, self.dense_outputs = dense_inputs, dense_outputs
        self.is_cut = 0 < dense_inputs < weight.shape[1] and dense_outputs > 0
        parts = {"whole": weight}
        if self.is_cut:
            to_dense = weight[:dense_outputs]
            parts = {
                "to_sparse": weight[dense_outputs:],
                "sparse_to_dense": to_dense[:, dense_inputs:],
                "dense_to_dense": to_dense[:, :dense_inputs],
            }
        for name, part in parts.items():
            self.register_buffer(name, part.detach().clone())

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        # In place, since fresh memory for a map costs more time than the multiplication.
        if self.is_cut:
            to_sparse = F.conv2d(x, self.to_sparse, padding=1).mul_(mask)
            dense, sparse = x[:, : self.dense_inputs], x[:, self.dense_inputs :]
            to_dense = F.conv2d(sparse, self.sparse_to_dense, padding=1).mul_(mask)
            to_dense.add_(F.conv2d(dense, self.dense_to_dense, padding=1))
            return torch.cat((to_dense, to_sparse), dim=1)
        output = F.conv2d(x, self.whole, padding=1)
        if self.dense_inputs == 0 or self.dense_outputs == 0:
            return output.mul_(mask)
        to_dense, to_sparse = torch.tensor_split(output, [self.dense_outputs], dim=1)
        return torch.cat((to_dense, to_sparse * mask), dim=1)


class SparseBlock(SplitBlock):
    """By one matrix product a layer over the patches around the active pixels.

    Where a layer has dense channels, a convolution from dense to dense gives the other pixels.
    It runs over all pixels, and the product takes the whole kernel: at active pixels, from dense
    to dense is computed twice, which the paper's algorithm does not. A product without that
    rectangle would be two, of narrower patches gathered twice.
    """

    def forward(self, x: Tensor) -> Tensor:
        active = ActivePixels.of(self.block.active_pixels(x)[:, 0])
        dense, table, neighbours = x, _bordered(x).flatten(0, 2), active.in_map
        rows, everywhere = [], []
        for weight, inputs, outputs in self.layers():
            rows.append(gathered_product(table, neighbours, _matrix(weight)).relu_())
            everywhere.append(_convolved(dense[:, :inputs], weight[:outputs, :inputs]).relu_())
            if outputs:
                bordered = _bordered(everywhere[-1], more_channels=len(weight) - outputs)
                table, neighbours = bordered.flatten(0, 2), active.in_map
                table.index_copy_(0, active.centres, rows[-1])
                dense = bordered[:, 1:-1, 1:-1].permute(0, 3, 1, 2)
            else:
                table, neighbours = F.pad(rows[-1], (0, 0, 1, 0)), active.in_rows
        return self.block.finish(x, self._fused(active, rows, everywhere))

    def _fused(
        self, active: "ActivePixels", rows: list[Tensor], everywhere: list[Tensor]
    ) -> Tensor:
        """The 1x1 convolution, of all channels at active pixels and of dense ones elsewhere."""
        weight = self.block.fuse.get_parameter("weight").flatten(1)
        bias = self.block.fuse.get_parameter("bias")
        layers = zip(torch.split(weight, len(weight), dim=1), everywhere, strict=True)
        dense_weight = torch.cat([columns[:, : part.shape[1]] for columns, part in layers], dim=1)
        dense = torch.cat(everywhere, dim=1).permute(0, 2, 3, 1)
        fused = F.linear(dense, dense_weight, bias)
        fused_rows = F.linear(torch.cat(rows, dim=1), weight, bias)
        fused.flatten(0, 2).index_copy_(0, active.pixels, fused_rows)
        return fused.permute(0, 3, 1, 2)


class ActivePixels(NamedTuple):
    """Where the A active pixels of a batch are, and their 3x3 neighbourhoods."""

    pixels: Tensor
    """Rows of (N H W, C). Shape: (A,)."""
    centres: Tensor
    """Rows of (N (H + 2) (W + 2), C), the map with a border. Shape: (A,)."""
    in_map: Tensor
    """Rows of the neighbours in the map with a border. Shape: (A, 9)."""
    in_rows: Tensor
    """Rows of the neighbours in (1 + A, C), 0 if inactive. Shape: (A, 9)."""

    @classmethod
    def of(cls, active: Tensor) -> Self:
        """Shape: (N, H, W), bool."""
        bordered = F.pad(active, (1, 1, 1, 1))
        flat = bordered.flatten()
        centres = flat.nonzero()[:, 0]
        steps = torch.arange(-1, 2, device=active.device)
        offsets = (bordered.shape[2] * steps[:, None] + steps).flatten()
        in_map = centres[:, None] + offsets
        numbers = flat.cumsum(0) * flat  # from 1
        return cls(active.flatten().nonzero()[:, 0], centres, in_map, numbers[in_map])


def gathered_product(table: Tensor, neighbours: Tensor, matrix: Tensor) -> Tensor:
    """The concatenated rows of each neighbourhood, times a matrix.

    Shape: (R, I), (A, 9), (9 I, O) -> (A, O).
    """
    chunk = max(1, PATCH_BYTES // (matrix.shape[0] * table.element_size()))
    products = [
        table.index_select(0, part.flatten()).view(len(part), matrix.shape[0]) @ matrix
        for part in torch.split(neighbours, chunk)
    ]
    return torch.cat(products)


def _matrix(weight: Tensor) -> Tensor:
    """(O, I, 3, 3) -> (9 I, O), in the order of a neighbourhood's rows."""
    return weight.permute(2, 3, 1, 0).flatten(0, 2)


def _convolved(x: Tensor, weight: Tensor) -> Tensor:
    """A 3x3 convolution that takes and gives any number of channels, also none."""
    if 0 in weight.shape:
        return x.new_zeros(x.shape[0], len(weight), *x.shape[2:])
    return F.conv2d(x, weight, padding=1)


def _bordered(x: Tensor, more_channels: int = 0) -> Tensor:
    """With zeros around it and in further channels.

    Shape: (N, C, H, W) -> (N, H + 2, W + 2, C + more), contiguous.
    """
    return F.pad(x.permute(0, 2, 3, 1), (0, more_channels, 1, 1, 1, 1)).contiguous()


@torch.no_grad()
def put_dense_first(block: SparseMaskModule) -> tuple[int, ...]:
    """Order the channels inside a module in place, the dense first; what it computes stays.

    Returns how many are dense, all of the input and then those of each layer.
    """
    dense = block.dense_channels().flatten(1)
    orders = [torch.arange(dense.shape[1], device=dense.device)]
    orders += [row.long().argsort(descending=True, stable=True) for row in dense]
    for conv, (inputs, outputs) in zip(block.convolutions, pairwise(orders), strict=True):
        weight = conv.get_parameter("weight")
        weight.copy_(weight[outputs][:, inputs])
    columns = block.fuse.weight.view(-1, *dense.shape, 1, 1)
    for layer, order in enumerate(orders[1:]):
        columns[:, layer] = columns[:, layer, order]
        block.channel_logits[:, :, layer] = block.channel_logits[:, order, layer]
    return (dense.shape[1], *dense.sum(dim=1).tolist())


SMSR_VARIANTS = FamilyVariants(
    "smsr",
    (
        Variant("multiplied"),
        Variant("masked", masked_smsr, is_for_export=True),
        Variant("sparse", sparse_smsr),
    ),
)
