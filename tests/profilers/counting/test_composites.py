"""Products of every spelling against hand arithmetic: composite and complex ones, sparse and nested
operands (profilers.counting.operands), and scripted code."""

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn

from profilers import count_macs

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")


class Calls(nn.Module):
    """Calls a function of nothing, which makes its own operands."""

    def __init__(self, function: Callable[[], object]) -> None:
        super().__init__()
        self.function = function

    def forward(self) -> object:
        return self.function()


def ones(*shape: int) -> Tensor:
    return torch.ones(shape)


def complex_ones(*shape: int) -> Tensor:
    return torch.ones(shape, dtype=torch.complex64)


def scattered(rows: int, columns: int) -> Tensor:
    """A matrix of three numbers: in rows 0, 1, 2 and in columns 0, 2, 1."""
    return torch.sparse_coo_tensor([[0, 1, 2], [0, 2, 1]], ones(3), (rows, columns)).to_dense()


def csr(rows: int, columns: int) -> Tensor:
    return scattered(rows, columns).to_sparse_csr()


def coo(rows: int, columns: int) -> Tensor:
    return scattered(rows, columns).to_sparse()


def nested(layout: torch.layout, *shapes: tuple[int, ...]) -> Tensor:
    return torch.nested.nested_tensor([torch.ones(shape) for shape in shapes], layout=layout)


def attention(tokens: Tensor) -> Tensor:
    return F.scaled_dot_product_attention(tokens, tokens, tokens)


def masked_encoder() -> Tensor:
    """Its fast path makes a nested tensor of 3 and 5 tokens."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 1).eval()
    mask = torch.tensor([[False] * 3 + [True] * 2, [False] * 5])
    result: Tensor = encoder(ones(2, 5, 8), src_key_padding_mask=mask)
    return result


def int4_product() -> Tensor:
    weight = torch.ones(16, 32, dtype=torch.int32)
    packed = torch._convert_weight_to_int4pack_for_cpu(weight, 1)
    tokens, scales = ones(11, 32).bfloat16(), ones(1, 16, 2).bfloat16()
    return torch._weight_int4pack_mm_for_cpu(tokens, packed, 32, scales)


def grouped(left: Tensor, right: Tensor, *ends: int) -> Tensor:
    offsets = torch.tensor(ends, dtype=torch.int32) if ends else None
    return torch._grouped_mm(left.bfloat16(), right.bfloat16(), offs=offsets)


def halved(*shape: int) -> Tensor:
    """An operand on the meta device, where operators for CUDA alone have shapes too."""
    return torch.empty(shape, dtype=torch.half, device="meta")


VECTOR = torch.linalg.vecdot
# Two sequences, of 3 and 5 tokens: four projections each and two products, width 8.
TWO_SEQUENCES = 4 * (3 + 5) * 8 * 8 + 2 * (3 * 3 + 5 * 5) * 8

CASES: dict[str, tuple[Callable[[], object], int]] = {
    # Vectors
    "vecdot": (lambda: VECTOR(ones(4, 6), ones(4, 6)), 4 * 6),
    "vecdot, broadcast": (lambda: VECTOR(ones(4, 6), ones(6)), 4 * 6),
    "vecdot along a dimension": (lambda: VECTOR(ones(4, 6), ones(4, 6), dim=0), 4 * 6),
    "vecdot of vectors": (lambda: VECTOR(ones(6), ones(6)), 6),
    "vecdot of complex": (lambda: VECTOR(complex_ones(4, 6), complex_ones(4, 6)), 4 * 6),
    "vecdot as an operator": (
        lambda: torch.ops.aten.linalg_vecdot(ones(4, 6), ones(4, 6)),
        4 * 6,
    ),
    "vecdot under vmap": (lambda: torch.vmap(VECTOR)(ones(3, 4, 6), ones(3, 4, 6)), 3 * 4 * 6),
    "dot": (lambda: torch.dot(ones(6), ones(6)), 6),
    "vdot of complex": (lambda: torch.vdot(complex_ones(6), complex_ones(6)), 6),
    "inner": (lambda: torch.inner(ones(3, 6), ones(4, 6)), 3 * 4 * 6),
    "outer": (lambda: torch.outer(ones(6), ones(5)), 6 * 5),
    "outer as a method": (lambda: ones(6).outer(ones(5)), 6 * 5),
    "ger": (lambda: torch.ger(ones(6), ones(5)), 6 * 5),
    "addr": (lambda: torch.addr(ones(6, 5), ones(6), ones(5)), 6 * 5),
    "addr in place": (lambda: ones(6, 5).addr_(ones(6), ones(5)), 6 * 5),
    "kron": (lambda: torch.kron(ones(2, 3), ones(4, 5)), 2 * 3 * 4 * 5),
    "einsum, an outer product": (lambda: torch.einsum("i,j->ij", ones(5), ones(7)), 5 * 7),
    "einsum over one number": (lambda: torch.einsum("bk,kd->bd", ones(4, 1), ones(1, 7)), 4 * 7),
    "einsum, element by element": (lambda: torch.einsum("i,i->i", ones(5), ones(5)), 0),
    "einsum, rows scaled": (lambda: torch.einsum("ij,i->ij", ones(5, 3), ones(5)), 0),
    "an element-wise product, summed": (lambda: (ones(4, 6) * ones(4, 6)).sum(-1), 0),
    # Matrices
    "tensordot": (lambda: torch.tensordot(ones(3, 4, 5), ones(4, 5, 6), 2), 3 * 4 * 5 * 6),
    "multi_dot": (
        lambda: torch.linalg.multi_dot([ones(2, 3), ones(3, 5), ones(5, 7)]),
        2 * 3 * 5 + 2 * 5 * 7,
    ),
    "matrix_power": (lambda: torch.linalg.matrix_power(ones(4, 4), 4), 2 * 4**3),
    "addmv": (lambda: torch.addmv(ones(6), ones(6, 5), ones(5)), 6 * 5),
    "addmv in place": (lambda: ones(6).addmv_(ones(6, 5), ones(5)), 6 * 5),
    "addbmm": (lambda: torch.addbmm(ones(6, 7), ones(4, 6, 5), ones(4, 5, 7)), 4 * 6 * 5 * 7),
    "addbmm in place": (lambda: ones(6, 7).addbmm_(ones(4, 6, 5), ones(4, 5, 7)), 4 * 6 * 5 * 7),
    # 7 outputs: each row of 5 times 5x6, then the 6 numbers times the other row.
    "bilinear": (lambda: F.bilinear(ones(4, 5), ones(4, 6), ones(7, 5, 6)), 4 * 7 * (5 * 6 + 6)),
    "grouped, of equal size": (lambda: grouped(ones(4, 16, 32), ones(4, 32, 16)), 4 * 16 * 32 * 16),
    "grouped, rows shared out": (
        lambda: grouped(ones(16, 32), ones(4, 32, 16), 4, 8, 12, 16),
        16 * 32 * 16,
    ),
    "grouped, columns shared out": (
        lambda: grouped(ones(4, 16, 32), ones(32, 16), 4, 8, 12, 16),
        16 * 32 * 16,
    ),
    "grouped, the inside shared out": (
        lambda: grouped(ones(16, 32), ones(32, 24), 16, 32),
        16 * 32 * 24,
    ),
    "int4 weights": (int4_product, 11 * 32 * 16),
    # Convolutions
    "complex convolution": (
        lambda: F.conv2d(complex_ones(1, 3, 10, 10), complex_ones(8, 3, 3, 3)),
        3 * 8 * 9 * 64,
    ),
    "complex convolution module": (
        lambda: nn.Conv2d(3, 8, 3, dtype=torch.complex64)(complex_ones(1, 3, 10, 10)),
        3 * 8 * 9 * 64,
    ),
    "complex convolution, grouped, same size": (
        lambda: F.conv2d(
            complex_ones(1, 4, 10, 10), complex_ones(8, 2, 3, 3), padding="same", groups=2
        ),
        2 * 8 * 9 * 100,
    ),
    "complex convolution, 1d": (
        lambda: F.conv1d(complex_ones(1, 3, 10), complex_ones(8, 3, 3)),
        3 * 8 * 3 * 8,
    ),
    "complex convolution, 3d": (
        lambda: F.conv3d(complex_ones(1, 3, 4, 4, 4), complex_ones(8, 3, 3, 3, 3)),
        3 * 8 * 27 * 8,
    ),
    "complex convolution, transposed": (
        lambda: F.conv_transpose2d(complex_ones(1, 3, 5, 5), complex_ones(3, 8, 3, 3)),
        3 * 8 * 9 * 25,
    ),
    "complex convolution under vmap": (
        lambda: torch.vmap(F.conv2d)(complex_ones(2, 1, 3, 10, 10), complex_ones(2, 8, 3, 3, 3)),
        2 * 3 * 8 * 9 * 64,
    ),
    "two complex convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(3, 8, 1, dtype=torch.complex64), nn.Conv2d(8, 3, 1, dtype=torch.complex64)
        )(complex_ones(1, 3, 5, 5)),
        2 * 3 * 8 * 25,
    ),
    "complex matrix product": (lambda: complex_ones(4, 6) @ complex_ones(6, 2), 4 * 6 * 2),
    "three real convolutions of one's own": (
        lambda: [F.conv2d(complex_ones(1, 3, 5, 5).real, ones(8, 3, 1, 1)) for _ in range(3)],
        3 * 3 * 8 * 25,
    ),
    "convolution by its own operator": (
        lambda: torch._C._nn.thnn_conv2d(ones(1, 3, 5, 5), ones(4, 3, 3, 3), (3, 3)),
        4 * 3 * 9 * 9,
    ),
    "convolution under vmap": (
        lambda: torch.vmap(lambda x: F.conv2d(x, ones(8, 3, 3, 3)))(ones(4, 1, 3, 10, 10)),
        4 * 3 * 8 * 9 * 64,
    ),
    # Sparse operands: each of three numbers meets a row of the other
    "CSR times dense": (lambda: csr(4, 5) @ ones(5, 7), 3 * 7),
    "CSR transposed times dense": (lambda: csr(5, 4).t() @ ones(5, 7), 3 * 7),
    "dense times CSR": (lambda: ones(7, 4) @ csr(4, 5), 3 * 7),
    "CSR addmm": (lambda: torch.addmm(ones(4, 7), csr(4, 5), ones(5, 7)), 3 * 7),
    "CSR addmm in place": (lambda: ones(4, 7).addmm_(csr(4, 5), ones(5, 7)), 3 * 7),
    "CSR times vector": (lambda: csr(4, 5) @ ones(5), 3),
    "CSR addmv": (lambda: torch.addmv(ones(4), csr(4, 5), ones(5)), 3),
    "CSR as a weight": (lambda: F.linear(ones(7, 5), csr(4, 5), ones(4)), 3 * 7),
    "CSC times dense": (lambda: scattered(4, 5).to_sparse_csc() @ ones(5, 7), 3 * 7),
    "BSR times dense": (lambda: ones(4, 6).to_sparse_bsr((2, 2)) @ ones(6, 8), 4 * 6 * 8),
    "COO times dense": (lambda: coo(4, 5) @ ones(5, 7), 3 * 7),
    "dense times COO": (lambda: ones(7, 4) @ coo(4, 5), 3 * 7),
    "COO times vector": (lambda: coo(4, 5) @ ones(5), 3),
    "COO, batched": (lambda: torch.bmm(scattered(4, 5).expand(2, 4, 5).to_sparse(), ones(2, 5, 7)),
                     2 * 3 * 7),
    "COO that is stored twice": (
        lambda: torch.sparse_coo_tensor([[0, 0], [1, 1]], ones(2), (4, 5)) @ ones(5, 3),
        2 * 3,
    ),
    "sparse.mm": (lambda: torch.sparse.mm(coo(4, 5), ones(5, 7)), 3 * 7),
    "sparse.mm, reduced": (lambda: torch.sparse.mm(csr(4, 5), ones(5, 7), "sum"), 3 * 7),
    "sparse.addmm": (lambda: torch.sparse.addmm(ones(4, 7), coo(4, 5), ones(5, 7)), 3 * 7),
    "smm": (lambda: torch.smm(coo(4, 5), ones(5, 7)), 3 * 7),
    "hspmm": (lambda: torch.hspmm(coo(4, 5), ones(5, 7)), 3 * 7),
    "sampled product": (
        lambda: torch.sparse.sampled_addmm(csr(4, 5), ones(4, 6), ones(6, 5)),
        3 * 6,
    ),
    # Columns 0, 2, 1 hold a number each; rows 0 to 2 do: three pairs meet.
    "CSR times CSR": (lambda: csr(4, 5) @ csr(5, 4), 3),
    "COO times a full COO": (lambda: coo(4, 5) @ ones(5, 7).to_sparse(), 3 * 7),
    "weighted bags": (
        lambda: F.embedding_bag(
            torch.tensor([[0, 1]]), ones(4, 3), mode="sum", per_sample_weights=ones(1, 2)
        ),
        2 * 3,
    ),
    "bags": (lambda: F.embedding_bag(torch.tensor([[0, 1]]), ones(4, 3), mode="sum"), 0),
    # Of each four numbers two are stored, so that 32x32 stand for 32x64.
    "2:4 sparse product": (
        lambda: torch.ops.aten._sparse_semi_structured_mm(
            halved(32, 32), halved(32, 4).short(), halved(64, 16)
        ),
        32 * 32 * 16,
    ),
    "2:4 sparse product, added": (
        lambda: torch.ops.aten._sparse_semi_structured_addmm(
            halved(32), halved(32, 32), halved(32, 4).short(), halved(64, 16)
        ),
        32 * 32 * 16,
    ),
    "2:4 sparse linear layer": (
        lambda: torch.ops.aten._sparse_semi_structured_linear(
            halved(16, 64), halved(32, 32), halved(32, 4).short()
        ),
        16 * 32 * 32,
    ),
    # Nested tensors
    "nested linear": (
        lambda: F.linear(nested(torch.strided, (2, 5), (3, 5)), ones(7, 5)),
        (2 + 3) * 5 * 7,
    ),
    "nested linear, jagged": (
        lambda: F.linear(nested(torch.jagged, (2, 5), (3, 5)), ones(7, 5)),
        (2 + 3) * 5 * 7,
    ),
    "nested bmm": (
        lambda: torch.bmm(
            nested(torch.strided, (2, 5), (3, 5)), nested(torch.strided, (5, 7), (5, 7))
        ),
        (2 + 3) * 5 * 7,
    ),
    "nested attention": (
        lambda: attention(nested(torch.strided, (2, 3, 8), (2, 5, 8))),
        2 * (9 + 25) * (8 + 8),
    ),
    "nested attention, jagged": (
        lambda: attention(
            nested(torch.jagged, (3, 16), (5, 16)).unflatten(-1, [2, 8]).transpose(1, 2)
        ),
        2 * (9 + 25) * (8 + 8),
    ),
    "encoder that nests what is masked": (masked_encoder, TWO_SEQUENCES + 2 * (3 + 5) * 8 * 16),
    # Recurrent layers of packed sequences: 3 + 2 steps
    "packed LSTM": (
        lambda: nn.LSTM(5, 7)(nn.utils.rnn.pack_padded_sequence(ones(3, 2, 5), [3, 2]))[0].data,
        5 * 4 * 7 * (5 + 7),
    ),
    "LSTM with a projection": (
        lambda: nn.LSTM(5, 7, proj_size=4)(ones(3, 2, 5))[0],
        6 * (4 * 7 * 5 + 4 * 7 * 4 + 4 * 7),
    ),
    "GRU of two layers, both directions": (
        lambda: nn.GRU(5, 7, 2, bidirectional=True)(ones(3, 2, 5))[0],
        6 * 2 * 3 * 7 * (5 + 7) + 6 * 2 * 3 * 7 * (14 + 7),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_macs_are_those_counted_by_hand(name: str) -> None:
    function, macs = CASES[name]
    report = count_macs(Calls(function))
    assert (report.total, dict(report.uncounted)) == (macs, {})


@pytest.mark.parametrize("name", CASES)
def test_macs_under_inference_mode(name: str) -> None:
    function, macs = CASES[name]
    with torch.inference_mode():
        report = count_macs(Calls(function))
    assert (report.total, dict(report.uncounted)) == (macs, {})


@pytest.mark.parametrize(
    "function",
    [
        lambda: torch.fft.fft(ones(8)),
        lambda: torch.linalg.inv(torch.eye(4)),
        lambda: torch.linalg.matrix_exp(torch.eye(4)),
        lambda: torch.linalg.solve(torch.eye(4), ones(4, 2)),
        lambda: torch.cdist(ones(30, 5), ones(40, 5)),
    ],
)
def test_what_nobody_can_count_is_reported(function: Callable[[], object]) -> None:
    report = count_macs(Calls(function))
    assert report.total == 0
    assert report.uncounted


class Scripted(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.outer(x, x)


def test_what_a_script_calls_is_counted_or_reported() -> None:
    report = count_macs(torch.jit.script(Scripted()), ones(5))
    assert report.total == 25 or "aten.outer" in report.uncounted


def test_bytes_of_a_sparse_operand_are_those_it_stores() -> None:
    report = count_macs(Calls(lambda: csr(4, 5) @ ones(5, 7)))
    (row,) = (row for row in report.by_operator if row.state == "counted")
    # Three numbers, their columns and the ends of the rows; the dense operand and the result.
    assert row.bytes_moved == 3 * 4 + 3 * 8 + 5 * 8 + 35 * 4 + 28 * 4
