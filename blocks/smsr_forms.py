"""SMSR's inference forms: masked dense convolutions, or work at active pixels only.

Source: Wang et al. 2021 (SMSR), arXiv:2006.09603, Section 3.3. At inference the channel masks
are constants. Once the dense channels of each layer stand before the sparse ones, a kernel is
four rectangles: dense to dense is the only one that counts at every pixel.
"""

from itertools import pairwise
from typing import NamedTuple, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.smsr import Smsr, SparseMaskModule

# Patches of this size stay in the second-level cache between gathering and multiplying.
PATCH_BYTES = 2**20


def masked_smsr(network: Smsr) -> Smsr:
    """The network with ordinary convolutions, whose outputs are masked."""
    for position, block in enumerate(network.blocks):
        network.blocks[position] = MaskedBlock(block)
    return network


def sparse_smsr(network: Smsr) -> Smsr:
    """The network that computes active pixels only, and dense channels at the others."""
    for position, block in enumerate(network.blocks):
        network.blocks[position] = SparseBlock(block)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


class MaskedBlock(nn.Module):
    """A mask module by at most three convolutions a layer, together as dear as its one.

    Shape: (N, C, H, W) -> (N, C, H, W), H and W even.
    """

    def __init__(self, block: SparseMaskModule) -> None:
        super().__init__()
        self.block = block
        self.dense_counts = put_dense_first(block)

    def forward(self, x: Tensor) -> Tensor:
        mask = self.block.active_pixels(x).to(x.dtype)
        features = [x]
        for conv, (inputs, outputs) in zip(
            self.block.convolutions, pairwise(self.dense_counts), strict=True
        ):
            features.append(F.relu(_masked(features[-1], conv.weight, inputs, outputs, mask)))
        return self.block.finish(x, self.block.fuse(torch.cat(features[1:], dim=1)))


class SparseBlock(nn.Module):
    """A mask module by one matrix product a layer over the patches around active pixels.

    Where a layer has dense channels, a convolution from dense to dense gives the other pixels.

    Shape: (N, C, H, W) -> (N, C, H, W), H and W even.
    """

    def __init__(self, block: SparseMaskModule) -> None:
        super().__init__()
        self.block = block
        self.dense_counts = put_dense_first(block)

    def forward(self, x: Tensor) -> Tensor:
        active = ActivePixels.of(self.block.active_pixels(x)[:, 0])
        seen, table, neighbours = x, _with_border(x).flatten(0, 2), active.in_map
        rows, everywhere = [], []
        for conv, (inputs, outputs) in zip(
            self.block.convolutions, pairwise(self.dense_counts), strict=True
        ):
            rows.append(gathered_product(table, neighbours, _matrix(conv.weight)).relu_())
            if outputs:
                kernel = conv.weight[:outputs, :inputs]
                everywhere.append(F.conv2d(seen[:, :inputs], kernel, padding=1).relu_())
                sparse = conv.out_channels - outputs
                map_ = _with_border(everywhere[-1], sparse)
                map_.flatten(0, 2).index_copy_(0, active.centres, rows[-1])
                seen = map_[:, 1:-1, 1:-1].permute(0, 3, 1, 2)
                table, neighbours = map_.flatten(0, 2), active.in_map
            else:
                table, neighbours = F.pad(rows[-1], (0, 0, 1, 0)), active.in_rows
        fused = self._fused_everywhere(x, everywhere).permute(0, 2, 3, 1).contiguous()
        fuse = self.block.fuse
        fused_rows = F.linear(torch.cat(rows, dim=1), fuse.weight.flatten(1), fuse.bias)
        fused.flatten(0, 2).index_copy_(0, active.pixels, fused_rows)
        return self.block.finish(x, fused.permute(0, 3, 1, 2))

    def _fused_everywhere(self, x: Tensor, everywhere: list[Tensor]) -> Tensor:
        """What `fuse` gives at inactive pixels, where only dense channels are other than 0."""
        fuse = self.block.fuse
        if not everywhere:
            return fuse.bias.to(x.dtype).view(1, -1, 1, 1).expand_as(x)
        layers = fuse.weight.split(x.shape[1], dim=1)
        columns = [layer[:, : part.shape[1]] for layer, part in zip(layers, everywhere)]
        return F.conv2d(torch.cat(everywhere, dim=1), torch.cat(columns, dim=1), fuse.bias)


class ActivePixels(NamedTuple):
    """Where the A active pixels of a batch are, and their 3x3 neighbourhoods."""

    pixels: Tensor
    """Rows of (N H W, C). Shape: (A,)."""
    centres: Tensor
    """Rows of (N (H + 2) (W + 2), C), the map with a border. Shape: (A,)."""
    in_map: Tensor
    """Rows of the neighbours in the map with a border. Shape: (A, 9)."""
    in_rows: Tensor
    """Rows of the neighbours in (1 + A, C), the first of which is for inactive ones. Shape: (A, 9)."""

    @classmethod
    def of(cls, active: Tensor) -> Self:
        """Shape: (N, H, W), bool."""
        bordered = F.pad(active, (1, 1, 1, 1))
        centres = bordered.flatten().nonzero()[:, 0]
        steps = torch.arange(-1, 2, device=active.device)
        offsets = (bordered.shape[2] * steps[:, None] + steps).flatten()
        in_map = centres[:, None] + offsets
        numbers = bordered.flatten().cumsum(0) * bordered.flatten()
        return cls(active.flatten().nonzero()[:, 0], centres, in_map, numbers[in_map])


def gathered_product(table: Tensor, neighbours: Tensor, matrix: Tensor) -> Tensor:
    """The concatenated rows of each neighbourhood, times a matrix.

    Shape: (R, I), (A, 9), (9 I, O) -> (A, O).
    """
    chunk = max(1, PATCH_BYTES // (matrix.shape[0] * table.element_size()))
    products = [
        table.index_select(0, part.flatten()).view(len(part), matrix.shape[0]) @ matrix
        for part in neighbours.split(chunk)
    ]
    return torch.cat(products)


def _matrix(weight: Tensor) -> Tensor:
    """(O, I, 3, 3) -> (9 I, O), in the order of a neighbourhood's rows."""
    return weight.permute(2, 3, 1, 0).flatten(0, 2)


def _with_border(x: Tensor, more_channels: int = 0) -> Tensor:
    """With zeros around and further channels of zeros. (N, C, H, W) -> (N, H + 2, W + 2, C + more)."""
    return F.pad(x.permute(0, 2, 3, 1), (0, more_channels, 1, 1, 1, 1)).contiguous()


@torch.no_grad()
def put_dense_first(block: SparseMaskModule) -> tuple[int, ...]:
    """Order the channels inside a module in place, the dense first; what it computes stays.

    Returns, for the input and then each layer, how many channels can be other than 0 at an
    inactive pixel. These are the dense ones, except that there are none after a layer without.
    """
    dense = block.dense_channels().flatten(1)
    orders = [torch.arange(dense.shape[1], device=dense.device)]
    orders += [row.long().argsort(descending=True, stable=True) for row in dense]
    for conv, (inputs, outputs) in zip(block.convolutions, pairwise(orders), strict=True):
        conv.weight.copy_(conv.weight[outputs][:, inputs])
    columns = block.fuse.weight.unflatten(1, dense.shape)
    for layer, order in enumerate(orders[1:]):
        columns[:, layer] = columns[:, layer, order]
        block.channel_logits[:, :, layer] = block.channel_logits[:, order, layer]
    counts = [dense.shape[1]]
    for count in dense.sum(dim=1).tolist():
        counts.append(count if counts[-1] else 0)
    return tuple(counts)


def _masked(x: Tensor, weight: Tensor, inputs: int, outputs: int, mask: Tensor) -> Tensor:
    """The convolution of x, of which an inactive pixel keeps dense to dense only."""
    if outputs == 0:
        return F.conv2d(x, weight, padding=1) * mask
    if inputs == x.shape[1]:
        y = F.conv2d(x, weight, padding=1)
        return torch.cat((y[:, :outputs], y[:, outputs:] * mask), dim=1)
    to_sparse = F.conv2d(x, weight[outputs:], padding=1) * mask
    dense_to_dense = F.conv2d(x[:, :inputs], weight[:outputs, :inputs], padding=1)
    sparse_to_dense = F.conv2d(x[:, inputs:], weight[:outputs, inputs:], padding=1) * mask
    return torch.cat((dense_to_dense + sparse_to_dense, to_sparse), dim=1)
