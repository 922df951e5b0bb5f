"""SMSR's inference variants against the network's own, on masks of every kind."""

import copy

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from blocks import Smsr, SmsrConfig, in_variant, variants_of
from blocks.networks.smsr import SparseMaskModule
from blocks.variants.smsr import MaskedBlock, SparseBlock, gathered_product, put_dense_first

C, LAYERS = 16, 4
SMALL = SmsrConfig(scale=2, channels=32, modules=2, layers=3)


class GivenLogits(nn.Module):
    """A predictor that says the same of every image. Shape: (N, H, W)."""

    def __init__(self, active: Tensor) -> None:
        super().__init__()
        self.active = active

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack((torch.zeros_like(self.active), self.active), dim=1)


def pixels(kind: str, batch: int, height: int, width: int) -> Tensor:
    """1 where a pixel is active, -1 elsewhere. Shape: (N, H, W)."""
    active = -torch.ones(batch, height, width)
    match kind:
        case "full":
            active = -active
        case "first":
            active[0, 0, 0] = 1
        case "last":
            active[-1, -1, -1] = 1
        case "one image":
            active[-1] = 1
        case "border":
            active[:, [0, -1]] = 1
            active[:, :, [0, -1]] = 1
        case "random":
            active = torch.rand(batch, height, width) - 0.6
    return active


DENSE_CHANNELS = {
    "none": torch.zeros(LAYERS, C),
    "all": torch.ones(LAYERS, C),
    "one": torch.eye(LAYERS, C),
    "all but one": 1 - torch.eye(LAYERS, C),
    "half": (torch.arange(LAYERS * C).view(LAYERS, C) * 7 % 16 < 8).float(),
    "none between": torch.tensor([1.0, 0, 1, 1]).view(LAYERS, 1).expand(LAYERS, C),
    "none at first": torch.tensor([0.0, 1, 0, 1]).view(LAYERS, 1).expand(LAYERS, C),
    "fewer and fewer": (torch.arange(C) < torch.tensor([12, 5, 1, 0]).view(LAYERS, 1)).float(),
}


def masked_block(active: Tensor, dense: str) -> SparseMaskModule:
    block = SparseMaskModule(C, LAYERS).double().eval().requires_grad_(False)
    block.predictor = GivenLogits(active.double())  # type: ignore[assignment]
    block.channel_logits[..., 0] = DENSE_CHANNELS[dense].T
    block.channel_logits[..., 1] = 0.5
    return block


@pytest.mark.parametrize("dense", DENSE_CHANNELS)
@pytest.mark.parametrize(
    "kind", ["empty", "full", "first", "last", "one image", "border", "random"]
)
@pytest.mark.parametrize("size", [(2, 6, 8), (1, 1, 9), (3, 7, 1), (1, 5, 4)])
def test_variants_of_a_module_are_equal(dense: str, kind: str, size: tuple[int, int, int]) -> None:
    block = masked_block(pixels(kind, *size), dense)
    x = torch.randn(size[0], C, *size[1:], dtype=torch.float64)
    expected = block(x)
    for variant in (MaskedBlock, SparseBlock):
        torch.testing.assert_close(variant(copy.deepcopy(block))(x), expected)


@pytest.mark.parametrize("dense", DENSE_CHANNELS)
def test_kernels_of_the_masked_variant_are_constant_in_a_graph(dense: str) -> None:
    block = MaskedBlock(masked_block(pixels("random", 1, 6, 8), dense))
    program = torch.export.export(block, (torch.randn(1, C, 6, 8, dtype=torch.float64),))
    constant = {*program.graph_signature.inputs_to_buffers}
    constant |= {*program.graph_signature.inputs_to_parameters}
    convolutions = [node for node in program.graph.nodes if "conv2d" in str(node.target)]
    assert len(convolutions) > LAYERS
    assert all(node.args[1].name in constant for node in convolutions)


@pytest.mark.parametrize("dense", DENSE_CHANNELS)
def test_the_order_of_channels_changes_nothing(dense: str) -> None:
    block = masked_block(pixels("random", 1, 6, 8), dense)
    x = torch.randn(1, C, 6, 8, dtype=torch.float64)
    expected = block(x)
    counts = put_dense_first(block)
    torch.testing.assert_close(block(x), expected)
    flags = DENSE_CHANNELS[dense].bool()
    assert [int(row.sum()) for row in block.dense_channels()] == flags.sum(dim=1).tolist()
    for row in block.dense_channels().flatten(1).int():
        assert row.tolist() == sorted(row.tolist(), reverse=True)
    assert counts == (C, *flags.sum(dim=1).tolist())


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (9, 6), (16, 13)])
def test_variants_of_a_network_are_equal(size: tuple[int, int]) -> None:
    network = Smsr(SMALL).double().eval()
    images = torch.rand(3, 3, *size, dtype=torch.float64)
    with torch.no_grad():
        expected = network(images)
        for name in variants_of(SMALL):
            torch.testing.assert_close(in_variant(network, name)(images), expected)


def test_the_variants_have_names_and_leave_the_network_alone() -> None:
    assert variants_of(SMALL) == ("multiplied", "masked", "sparse")
    network = Smsr(SMALL)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    for name in variants_of(SMALL):
        in_variant(network, name)
    assert network.training
    assert all(torch.equal(before[name], t) for name, t in network.state_dict().items())


@pytest.mark.parametrize("name", ["multiplied", "masked", "sparse"])
def test_variants_stay_near_in_bfloat16(name: str) -> None:
    network = Smsr(SMALL).eval()
    images = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        expected = network(images)
        with torch.autocast("cpu", torch.bfloat16):
            output = in_variant(network, name)(images)
    assert output.dtype == torch.float32
    bound = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(output, expected, atol=0.05 * bound, rtol=0)


def macs(block: nn.Module, x: Tensor) -> int:
    with FlopCounterMode(display=False) as counter:
        block(x)
    return counter.get_total_flops() // 2  # it counts a multiply-add twice


@pytest.mark.parametrize(("kind", "active"), [("empty", 0), ("first", 1), ("full", 48)])
def test_the_sparse_variant_works_at_active_pixels_only(kind: str, active: int) -> None:
    x = torch.randn(1, C, 6, 8, dtype=torch.float64)
    block = SparseBlock(masked_block(pixels(kind, 1, 6, 8), "fewer and fewer"))
    attention = 2 * C * 1
    everywhere = 48 * (9 * (16 * 12 + 12 * 5 + 5 * 1) + (12 + 5 + 1) * C)
    assert macs(block, x) == active * LAYERS * (9 + 1) * C * C + everywhere + attention


def test_the_sparse_variant_repeats_from_dense_to_dense_at_active_pixels() -> None:
    """So much it may exceed the MACs of the architecture, which are one convolution a layer."""
    x = torch.randn(1, C, 6, 8, dtype=torch.float64)
    block = masked_block(pixels("full", 1, 6, 8), "fewer and fewer")
    architecture = 48 * LAYERS * (9 + 1) * C * C + 2 * C
    repeated = 48 * (9 * (16 * 12 + 12 * 5 + 5 * 1) + (12 + 5 + 1) * C)
    assert macs(SparseBlock(block), x) == architecture + repeated


def test_the_masked_variant_costs_what_one_convolution_a_layer_does() -> None:
    x = torch.randn(1, C, 6, 8, dtype=torch.float64)
    for dense in DENSE_CHANNELS:
        block = masked_block(pixels("random", 1, 6, 8), dense)
        assert macs(MaskedBlock(block), x) == 48 * LAYERS * (9 + 1) * C * C + 2 * C


def test_gathered_rows_by_hand() -> None:
    """Nine rows of one channel, each with its weight; more pixels than fit into one patch."""
    table = torch.arange(5.0).view(5, 1)
    neighbours = torch.arange(9).expand(60_000, 9) % 5
    matrix = torch.arange(9.0).view(9, 1)
    expected = sum(n % 5 * n for n in range(9))
    assert (gathered_product(table, neighbours, matrix) == expected).all()


def test_the_masked_variant_can_be_exported() -> None:
    masked = in_variant(Smsr(SMALL), "masked")
    exported = torch.export.export(masked, (torch.rand(1, 3, 9, 8),)).module()
    images = torch.rand(1, 3, 9, 8)
    with torch.no_grad():
        torch.testing.assert_close(exported(images), masked(images))
