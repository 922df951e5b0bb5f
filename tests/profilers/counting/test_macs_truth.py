"""The truth suite: MACs worked out by hand, for every way a network spells a multiplication.

`benchmarks/counters.py` gives the same cases to other counters.
"""

import functools
from collections.abc import Callable
from typing import NamedTuple

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils import parametrizations, parametrize

from profilers import count_macs

int8 = torch.ao.nn.quantized  # type: ignore[attr-defined]


class Case(NamedTuple):
    """`build()` gives a module that spends `macs` on `inputs()`."""

    name: str
    build: Callable[[], nn.Module]
    inputs: Callable[[], tuple[Tensor, ...]]
    macs: int
    on_meta: bool = True
    """Whether it also runs without values: no branches on them, no packed weights."""


class Calls(nn.Module):
    """Calls a function with its inputs and weights of the given shapes."""

    def __init__(self, function: Callable[..., Tensor], *shapes: tuple[int, ...]) -> None:
        super().__init__()
        self.function = function
        self.weights = nn.ParameterList(torch.full(shape, 0.5) for shape in shapes)

    def forward(self, *inputs: Tensor) -> Tensor:
        return self.function(*inputs, *self.weights)


class SubclassedConv2d(nn.Conv2d):
    """A convolution that hook tables keyed by type do not know."""


class LowRank(nn.Module):
    """Makes an 8 x 12 weight of an 8 x 2 and a 2 x 12 one."""

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return left @ right

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return weight[:, :2], weight[:2]


class OwnParameter(nn.Module):
    """A weight that belongs to the module itself, beside a submodule."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8, 3, 3, 3))
        self.last = nn.Conv2d(8, 3, 1)

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = self.last(F.conv2d(images, self.weight, padding=1))
        return result


class PlainAttention(nn.Module):
    """Window attention as transformers for super-resolution write it: 4 windows of 16 tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.project = nn.Linear(8, 8)

    def forward(self, images: Tensor) -> Tensor:
        windows = images.reshape(1, 2, 4, 2, 4, 8).transpose(2, 3).reshape(4, 16, 8)
        query, key, value = self.qkv(windows).reshape(4, 16, 3, 2, 4).permute(2, 0, 3, 1, 4)
        mixed = (query @ key.transpose(-2, -1) / 2).softmax(-1) @ value
        result: Tensor = self.project(mixed.transpose(1, 2).reshape(4, 16, 8))
        return result


class Routed(nn.Module):
    """Runs one expert or two, as the mean of the images decides."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 3, 3, padding=1)
        self.second = nn.Conv2d(3, 3, 1)

    def forward(self, images: Tensor) -> Tensor:
        result: Tensor = self.first(images)
        if images.mean() > 0.5:
            result = self.second(result)
        return result


def sparse_convolution(images: Tensor, weight: Tensor) -> Tensor:
    """A 3x3 convolution at the pixels above 0.5 alone, by gathering their neighbourhoods."""
    columns = F.unfold(images, 3, padding=1)[0].T
    active = (images[0, 0].flatten() > 0.5).nonzero()[:, 0]
    result = images.new_zeros(columns.shape[0], weight.shape[1])
    result[active] = columns[active] @ weight
    return result


def half_lit() -> tuple[Tensor, ...]:
    """One 3-channel image of 10x10 pixels whose upper 40 pixels are 1, the others 0."""
    images = torch.zeros(1, 3, 10, 10)
    images[:, :, :4] = 1
    return (images,)


def plain(query: Tensor) -> Tensor:
    with sdpa_kernel(SDPBackend.MATH):
        return F.scaled_dot_product_attention(query, query, query)


def flexible(query: Tensor) -> Tensor:
    from torch.nn.attention.flex_attention import flex_attention

    result: Tensor = flex_attention(query, query, query)
    return result


def ones(*shapes: tuple[int, ...]) -> Callable[[], tuple[Tensor, ...]]:
    return lambda: tuple(torch.ones(shape) for shape in shapes)


def tokens() -> tuple[Tensor, ...]:
    """Self-attention takes one tensor three times."""
    return (torch.ones(2, 5, 8),) * 3


def quantized(*shape: int) -> Callable[[], tuple[Tensor, ...]]:
    return lambda: (torch.quantize_per_tensor(torch.ones(shape), 0.1, 0, torch.quint8),)


def compiled(build: Callable[[], nn.Module], **options: object) -> Callable[[], nn.Module]:
    return lambda: torch.compile(build(), **options)  # type: ignore[call-overload, no-any-return]


def conv3x3() -> nn.Module:
    return nn.Conv2d(3, 8, 3, padding=1)


def traced() -> nn.Module:
    module: nn.Module = torch.jit.trace(conv3x3().eval(), torch.ones(1, 3, 10, 10))
    return module


def scripted() -> nn.Module:
    module: nn.Module = torch.jit.script(conv3x3())
    return module


def onednn() -> nn.Module:
    from torch.utils.mkldnn import to_mkldnn  # imports TorchScript, with a warning

    module: nn.Module = to_mkldnn(conv3x3().eval())
    return nn.Sequential(Calls(Tensor.to_mkldnn), module)


def dynamic_int8() -> nn.Module:
    return torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(5, 7)), {nn.Linear})


def encoder_layer() -> nn.Module:
    return nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)


# A multi-head attention of width 8 over 2 sequences of 5 tokens: four projections, two products.
ATTENTION = 2 * (4 * 5 * 8 * 8 + 2 * 5 * 5 * 8)
# A 3x3 convolution of 3 to 8 channels on 10x10 pixels.
CONVOLUTION = 3 * 8 * 9 * 100
IMAGE = ones((1, 3, 10, 10))

CASES = (
    # Convolutions
    Case("convolution", conv3x3, IMAGE, 3 * 8 * 9 * 100),
    Case("batch of 4", conv3x3, ones((4, 3, 10, 10)), 4 * 3 * 8 * 9 * 100),
    Case("no padding", lambda: nn.Conv2d(3, 8, 3), IMAGE, 3 * 8 * 9 * 8 * 8),
    Case("stride 2", lambda: nn.Conv2d(3, 8, 3, 2, 1, bias=False), IMAGE, 3 * 8 * 9 * 5 * 5),
    Case("dilated", lambda: nn.Conv2d(3, 8, 3, dilation=2), IMAGE, 3 * 8 * 9 * 6 * 6),
    Case("kernel 1x5", lambda: nn.Conv2d(3, 8, (1, 5)), IMAGE, 3 * 8 * 5 * 10 * 6),
    Case("grouped", lambda: nn.Conv2d(6, 8, 3, groups=2), ones((1, 6, 5, 5)), 3 * 8 * 9 * 3 * 3),
    Case("depthwise", lambda: nn.Conv2d(6, 6, 3, groups=6), ones((1, 6, 5, 5)), 6 * 9 * 3 * 3),
    Case("depthwise, multiplied", lambda: nn.Conv2d(4, 8, 3, groups=4), ones((1, 4, 5, 5)),
         8 * 9 * 3 * 3),
    Case("circular padding", lambda: nn.Conv2d(3, 8, 3, padding=1, padding_mode="circular"), IMAGE,
         CONVOLUTION),
    Case("1d", lambda: nn.Conv1d(4, 6, 5), ones((2, 4, 12)), 2 * 4 * 6 * 5 * 8),
    Case("3d", lambda: nn.Conv3d(2, 3, 3, padding=1), ones((1, 2, 4, 5, 6)),
         2 * 3 * 27 * 4 * 5 * 6),
    Case("without a batch", conv3x3, ones((3, 10, 10)), CONVOLUTION),
    Case("transposed", lambda: nn.ConvTranspose2d(6, 4, 3), ones((1, 6, 5, 7)), 6 * 4 * 9 * 5 * 7),
    Case("transposed, stride 4", lambda: nn.ConvTranspose2d(6, 4, 4, 4), ones((1, 6, 5, 7)),
         6 * 4 * 16 * 5 * 7),
    Case("transposed, grouped", lambda: nn.ConvTranspose2d(6, 4, 9, 2, 4, 1, groups=2),
         ones((1, 6, 5, 7)), 6 * 2 * 81 * 5 * 7),
    Case("functional", lambda: Calls(F.conv2d, (8, 3, 3, 3)), IMAGE, 3 * 8 * 9 * 8 * 8),
    Case("functional, transposed", lambda: Calls(F.conv_transpose2d, (3, 8, 3, 3)), IMAGE,
         3 * 8 * 9 * 10 * 10),
    Case("functional, own parameter", OwnParameter, IMAGE, CONVOLUTION + 8 * 3 * 100),
    Case("subclass", lambda: SubclassedConv2d(3, 8, 3, padding=1), IMAGE, CONVOLUTION),
    Case("weight norm", lambda: parametrizations.weight_norm(conv3x3()), IMAGE, CONVOLUTION),
    # What makes a weight in each pass is paid in each pass: 8 x 27 times 27, then 8 times 8.
    Case("spectral norm", lambda: parametrizations.spectral_norm(conv3x3()), IMAGE,
         CONVOLUTION + 8 * 27 + 8),
    Case("low-rank parametrisation",
         lambda: parametrize.register_parametrization(nn.Linear(12, 8), "weight", LowRank()),
         ones((5, 12)), 5 * 12 * 8 + 8 * 2 * 12),
    Case("unfold and multiply", lambda: Calls(lambda x, w: w @ F.unfold(x, 3, padding=1), (8, 27)),
         IMAGE, CONVOLUTION),
    Case("sparse convolution", lambda: Calls(sparse_convolution, (27, 8)), half_lit, 40 * 27 * 8,
         on_meta=False),
    # Linear layers and matrix products
    Case("linear", lambda: nn.Linear(5, 7), ones((2, 3, 11, 5)), 2 * 3 * 11 * 5 * 7),
    Case("linear without bias", lambda: nn.Linear(5, 7, bias=False), ones((5,)), 5 * 7),
    Case("matmul", lambda: Calls(torch.matmul, (5, 7)), ones((4, 6, 5)), 4 * 6 * 5 * 7),
    Case("matrix times vector", lambda: Calls(torch.matmul, (5,)), ones((4, 5)), 4 * 5),
    Case("broadcast matmul", lambda: Calls(torch.matmul, (3, 5, 7)), ones((2, 1, 6, 5)),
         2 * 3 * 6 * 5 * 7),
    Case("bmm", lambda: Calls(torch.bmm, (4, 5, 7)), ones((4, 6, 5)), 4 * 6 * 5 * 7),
    Case("addmm", lambda: Calls(torch.addmm, (6, 5), (5, 7)), ones((6, 7)), 6 * 5 * 7),
    Case("baddbmm", lambda: Calls(torch.baddbmm, (4, 6, 5), (4, 5, 7)), ones((4, 6, 7)),
         4 * 6 * 5 * 7),
    Case("einsum", lambda: Calls(functools.partial(torch.einsum, "bhwc,cd->bhwd"), (5, 7)),
         ones((2, 3, 4, 5)), 2 * 3 * 4 * 5 * 7),
    Case("einsum of three", lambda: Calls(functools.partial(torch.einsum, "ab,bc,cd->ad"),
         (3, 5), (5, 7)), ones((2, 3)), 2 * 3 * 5 + 2 * 5 * 7),
    Case("GRU cell", lambda: nn.GRUCell(5, 7), ones((2, 5)), 2 * 3 * 7 * (5 + 7)),
    Case("LSTM", lambda: nn.LSTM(5, 7), ones((3, 2, 5)), 3 * 2 * 4 * 7 * (5 + 7), on_meta=False),
    # Attention: tokens x tokens x (width of keys + width of values) for each head
    Case("fused attention", lambda: Calls(lambda x: F.scaled_dot_product_attention(x, x, x)),
         ones((2, 3, 8, 4)), 2 * 3 * 8 * 8 * (4 + 4)),
    Case("cross attention", lambda: Calls(lambda q, k: F.scaled_dot_product_attention(q, k, k)),
         ones((2, 3, 8, 4), (2, 3, 6, 4)), 2 * 3 * 8 * 6 * (4 + 4)),
    Case("causal attention",
         lambda: Calls(lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True)),
         ones((2, 3, 8, 4)), 2 * 3 * 8 * 8 * (4 + 4)),
    Case("attention by its formula", lambda: Calls(plain), ones((2, 3, 8, 4)), 2 * 3 * 8 * 8 * 8),
    Case("flexible attention", lambda: Calls(flexible), ones((2, 3, 16, 4)), 2 * 3 * 16 * 16 * 8,
         on_meta=False),
    Case("window attention", PlainAttention, ones((1, 8, 8, 8)),
         64 * 8 * 24 + 4 * 2 * 16 * 16 * (4 + 4) + 64 * 8 * 8),
    Case("multi-head attention, fast path",
         lambda: nn.MultiheadAttention(8, 2, batch_first=True), tokens, ATTENTION),
    Case("multi-head attention, slow path",
         lambda: nn.MultiheadAttention(8, 2), lambda: (torch.ones(5, 2, 8),) * 3, ATTENTION),
    Case("encoder layer, fast path", encoder_layer, ones((2, 5, 8)),
         ATTENTION + 2 * 10 * 8 * 16),
    # Free work
    Case("normalisation and activation",
         lambda: nn.Sequential(nn.BatchNorm2d(4), nn.GroupNorm(2, 4), nn.LayerNorm(4), nn.GELU(),
                               nn.PReLU(), nn.Hardswish(), nn.Softmax(1)),
         ones((1, 4, 4, 4)), 0),
    Case("pooling and shuffles",
         lambda: nn.Sequential(nn.PixelUnshuffle(2), nn.PixelShuffle(2), nn.AvgPool2d(2),
                               nn.MaxPool2d(2), nn.AdaptiveAvgPool2d(1)),
         ones((1, 4, 8, 8)), 0),
    *(
        Case(f"{mode} interpolation",
             lambda mode=mode: nn.Upsample(scale_factor=2, mode=mode), ones((1, 4, 8, 8)), 0)
        for mode in ("nearest", "bilinear", "bicubic")
    ),
    Case("gather and scale", lambda: Calls(lambda x: 2 * x[:, [2, 0]] + x.flip(1)[:, :2]), IMAGE,
         0),
    # Branches
    Case("branch not taken", Routed, lambda: (torch.zeros(1, 3, 10, 10),), 3 * 3 * 9 * 100,
         on_meta=False),
    Case("branch taken", Routed, IMAGE, 3 * 3 * 9 * 100 + 3 * 3 * 100, on_meta=False),
    Case("torch.cond",
         lambda: Calls(lambda x: torch.cond(x.sum() > 0, torch.mm, torch.add, (x, x))),
         ones((4, 4)), 4 * 4 * 4, on_meta=False),
    # Compiled, scripted and int8
    Case("torch.compile", compiled(conv3x3), IMAGE, CONVOLUTION),
    Case("torch.compile, whole graph", compiled(conv3x3, fullgraph=True), IMAGE, CONVOLUTION),
    Case("traced", traced, IMAGE, CONVOLUTION, on_meta=False),
    Case("scripted", scripted, IMAGE, CONVOLUTION, on_meta=False),
    Case("oneDNN layout", onednn, IMAGE, CONVOLUTION, on_meta=False),
    Case("bfloat16", lambda: conv3x3().bfloat16(), lambda: (torch.ones(1, 3, 9, 9).bfloat16(),),
         3 * 8 * 9 * 81),
    Case("int8 convolution", lambda: int8.Conv2d(3, 8, 3, padding=1), quantized(1, 3, 10, 10),
         CONVOLUTION, on_meta=False),
    Case("int8 convolution, grouped", lambda: int8.Conv2d(6, 8, 3, groups=2),
         quantized(1, 6, 5, 5), 3 * 8 * 9 * 3 * 3, on_meta=False),
    Case("int8 convolution, 1d", lambda: int8.Conv1d(4, 6, 5), quantized(1, 4, 12), 4 * 6 * 5 * 8,
         on_meta=False),
    Case("int8 convolution, ReLU", lambda: torch.ao.nn.intrinsic.quantized.ConvReLU2d(3, 8, 1),
         quantized(1, 3, 10, 10), 3 * 8 * 100, on_meta=False),
    Case("int8 convolution, transposed", lambda: int8.ConvTranspose2d(6, 4, 4, 4),
         quantized(1, 6, 5, 7), 6 * 4 * 16 * 5 * 7, on_meta=False),
    Case("int8 linear", lambda: int8.Linear(5, 7), quantized(11, 5), 11 * 5 * 7, on_meta=False),
    Case("int8 weights", dynamic_int8, ones((11, 5)), 11 * 5 * 7, on_meta=False),
)  # fmt: skip


# PyTorch deprecates its own int8 modules and TorchScript, which people still deploy.
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(
    ("case", "device"),
    [
        pytest.param(case, device, id=f"{case.name} on {device}")
        for case in CASES
        for device in ("cpu", "meta")
        if device == "cpu" or case.on_meta
    ],
)
def test_macs_are_those_counted_by_hand(case: Case, device: str) -> None:
    with torch.device(device):
        report = count_macs(case.build(), *case.inputs())
    assert (report.total, dict(report.uncounted)) == (case.macs, {})
    assert sum(row.macs for row in report.by_operator) == report.total
