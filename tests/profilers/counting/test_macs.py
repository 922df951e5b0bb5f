"""MACs of single layers against hand arithmetic, and what is booked of observed operators
(profilers.counting.observer)."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import nn

from profilers import count_macs


class Functional(nn.Module):
    """Calls a function, optionally with weights of its own."""

    def __init__(self, function: Callable[..., torch.Tensor], *weights: torch.Tensor) -> None:
        super().__init__()
        self.function = function
        self.weights = nn.ParameterList(weights)

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.function(*inputs, *self.weights)


class SubclassedConv2d(nn.Conv2d):
    """A convolution that hook tables keyed by type do not know."""


def transposed(stride: int) -> nn.Module:
    return nn.ConvTranspose2d(6, 4, 4, stride=stride, groups=2)


LAYERS = [
    (nn.Conv2d(3, 8, 3, padding=1), (1, 3, 10, 10), 3 * 8 * 9 * 100),
    (nn.Conv2d(3, 8, 3), (2, 3, 10, 10), 2 * 3 * 8 * 9 * 64),
    (nn.Conv2d(3, 8, 3, stride=2, padding=1, bias=False), (1, 3, 10, 10), 3 * 8 * 9 * 25),
    (nn.Conv2d(8, 8, 3, padding=2, dilation=2), (1, 8, 10, 10), 8 * 8 * 9 * 100),
    (nn.Conv2d(8, 8, 3, padding=1, groups=8), (1, 8, 10, 10), 8 * 9 * 100),
    (nn.Conv2d(8, 4, 1, groups=2), (1, 8, 10, 10), 4 * 4 * 100),
    (nn.Conv2d(3, 8, 3, padding=1), (3, 10, 10), 3 * 8 * 9 * 100),
    (nn.Conv1d(4, 6, 5), (2, 4, 12), 2 * 4 * 6 * 5 * 8),
    (nn.Conv3d(2, 3, 3, padding=1), (1, 2, 4, 5, 6), 2 * 3 * 27 * 120),
    (SubclassedConv2d(3, 8, 3, padding=1), (1, 3, 10, 10), 3 * 8 * 9 * 100),
    (transposed(1), (1, 6, 5, 7), 35 * 16 * 6 * 4 // 2),
    (transposed(4), (1, 6, 5, 7), 35 * 16 * 6 * 4 // 2),
    (
        nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3, padding=1)),
        (1, 3, 10, 10),
        3 * 8 * 9 * 100,
    ),
    (nn.Linear(5, 7), (11, 5), 11 * 5 * 7),
    (nn.Linear(5, 7, bias=False), (2, 3, 11, 5), 66 * 5 * 7),
    (nn.Linear(5, 7), (5,), 35),
    (Functional(F.conv2d, torch.ones(8, 3, 3, 3)), (1, 3, 10, 10), 3 * 8 * 9 * 64),
    (Functional(torch.matmul, torch.ones(5, 7)), (4, 6, 5), 24 * 5 * 7),
    (Functional(torch.matmul, torch.ones(5)), (4, 5), 20),
    (
        Functional(lambda x, w: torch.einsum("bnc,dc->bnd", x, w), torch.ones(7, 5)),
        (4, 6, 5),
        24 * 5 * 7,
    ),
    (Functional(lambda x: torch.bmm(x, x.mT)), (4, 6, 5), 4 * 6 * 5 * 6),
    (Functional(lambda x: torch.baddbmm(x, x, x)), (4, 6, 6), 4 * 216),
    (Functional(lambda x: F.scaled_dot_product_attention(x, x, x)), (2, 3, 8, 4), 6 * 8 * 8 * 8),
    (nn.MultiheadAttention(8, 2, batch_first=True), None, 2 * (4 * 5 * 64 + 2 * 5 * 5 * 8)),
    (
        nn.TransformerEncoderLayer(8, 2, 16, batch_first=True),
        (2, 5, 8),
        2 * (4 * 5 * 64 + 2 * 5 * 5 * 8) + 2 * 10 * 8 * 16,
    ),
    (nn.Sequential(nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8), nn.GELU()), (1, 4, 3, 3), 32 * 9),
    (nn.Sequential(nn.AvgPool2d(2), nn.Upsample(scale_factor=3), nn.PReLU()), (1, 2, 4, 4), 0),
    (nn.Sequential(nn.PixelShuffle(2), nn.ChannelShuffle(1), nn.Softmax(1)), (1, 4, 4, 4), 0),
    (nn.Sequential(nn.GroupNorm(2, 4), nn.LayerNorm([4, 4]), nn.Dropout()), (1, 4, 4, 4), 0),
    (Functional(lambda x: F.interpolate(x, scale_factor=2.0, mode="bicubic")), (1, 2, 4, 4), 0),
]  # fmt: skip


def inputs_of(shape: tuple[int, ...] | None, device: str) -> tuple[torch.Tensor, ...]:
    if shape is None:  # self-attention takes its input three times
        return (torch.zeros(2, 5, 8, device=device),) * 3
    return (torch.zeros(shape, device=device),)


@pytest.mark.parametrize(("layer", "shape", "macs"), LAYERS)
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_macs(layer: nn.Module, shape: tuple[int, ...] | None, macs: int, device: str) -> None:
    inputs = inputs_of(shape, device)
    report = count_macs(layer.to_empty(device=device), *inputs)
    assert report.total == macs
    assert not report.uncounted


@pytest.mark.parametrize(("layer", "shape", "macs"), LAYERS)
def test_macs_of_inference_tensors(
    layer: nn.Module, shape: tuple[int, ...] | None, macs: int
) -> None:
    with torch.inference_mode():
        inputs = inputs_of(shape, "meta")
        assert count_macs(layer.to_empty(device="meta"), *inputs).total == macs


def test_a_transform_is_reported_and_not_silently_zero() -> None:
    spectrum = Functional(lambda x: torch.fft.rfft2(x).abs())
    report = count_macs(spectrum, torch.zeros(1, 3, 8, 8))
    assert report.total == 0
    assert report.uncounted == {"aten._fft_r2c": 1}
    assert any("_fft_r2c" in note for note in report.notes)


def test_an_opaque_custom_operator_is_reported() -> None:
    with torch.library._scoped_library("paretosr_test", "FRAGMENT"):

        @torch.library.custom_op("paretosr_test::square", mutates_args=())
        def square(images: torch.Tensor) -> torch.Tensor:
            return images @ images

        report = count_macs(Functional(square), torch.zeros(4, 4))
    assert report.uncounted == {"paretosr_test.square": 1}


def test_what_runs_beside_an_opaque_operator_is_counted() -> None:
    network = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), Functional(lambda x: torch.fft.rfft2(x).abs())
    )
    report = count_macs(network, torch.zeros(1, 3, 8, 8))
    assert (report.total, dict(report.uncounted)) == (3 * 4 * 9 * 64, {"aten._fft_r2c": 1})


def test_rows_name_modules_and_sum_up() -> None:
    inner = nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.ReLU())
    network = nn.Sequential(nn.Conv2d(3, 4, 1), inner, inner, nn.Conv2d(4, 3, 1))
    report = count_macs(network, torch.zeros(1, 3, 5, 5))
    rows = {row.path: row for row in report.by_module}
    assert (rows[""].macs, rows[""].module_type) == (report.total, "Sequential")
    assert (rows["1"].calls, rows["1"].macs) == (2, 2 * 4 * 4 * 9 * 25)
    assert rows["1.0"].macs == rows["1"].macs
    assert rows["1.1"].macs == 0
    assert sum(row.own_macs for row in rows.values()) == report.total
    assert (rows[""].own_macs, rows["1"].own_macs) == (0, 0)
    (convolution,) = (row for row in report.by_operator if row.state == "counted")
    assert (convolution.operator, convolution.calls) == ("aten.convolution", 4)
    assert convolution.macs == report.total


def test_bytes_moved_are_those_of_operands_and_results() -> None:
    report = count_macs(nn.ReLU(), torch.zeros(2, 3, dtype=torch.float32))
    (row,) = report.by_operator
    assert (row.state, row.bytes_moved) == ("free", 2 * 6 * 4)


def test_a_mask_that_attention_takes_by_name_is_moved_too() -> None:
    query, mask = torch.zeros(1, 1, 8, 4), torch.zeros(8, 8)
    masked = Functional(lambda x: F.scaled_dot_product_attention(x, x, x, mask))
    unmasked = Functional(lambda x: F.scaled_dot_product_attention(x, x, x))
    moved = [count_macs(module, query).by_operator[0].bytes_moved for module in (masked, unmasked)]
    assert moved[0] - moved[1] == 8 * 8 * 4


def test_branches_chosen_by_the_input_count_what_runs() -> None:
    layer = nn.Linear(4, 4, bias=False)
    network = Functional(lambda x: layer(x) if x.sum() > 0 else x)
    assert count_macs(network, torch.ones(1, 4)).total == 16
    assert count_macs(network, -torch.ones(1, 4)).total == 0


def test_the_module_is_left_as_it_was() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    network[1].eval()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    random_state = torch.get_rng_state()
    count_macs(network, torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)))
    assert [part.training for part in network.modules()] == [True, True, False, True]
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())
    assert torch.equal(random_state, torch.get_rng_state())
    after = network.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_the_module_is_left_as_it_was_after_an_error() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Conv2d(5, 4, 3))
    with pytest.raises(RuntimeError):
        count_macs(network, torch.zeros(1, 3, 8, 8))
    assert network.training
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in network.modules())


class Restless(nn.Module):
    """Writes its buffers in both ways and draws random numbers in every pass, then may fail."""

    def __init__(self, *, fails: bool) -> None:
        super().__init__()
        self.fails = fails
        self.register_buffer("in_place", torch.zeros(3))
        self.register_buffer("assigned", torch.zeros(3))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.in_place += torch.rand(3)
        self.assigned = self.assigned + 1
        if self.fails:
            raise RuntimeError("on purpose")
        return images


@pytest.mark.parametrize("fails", [False, True])
def test_what_a_pass_writes_is_undone(fails: bool) -> None:
    module = Restless(fails=fails)
    random_state = torch.get_rng_state()
    in_place, assigned = module.in_place, module.assigned
    with pytest.raises(RuntimeError, match="on purpose") if fails else nullcontext():
        count_macs(module, torch.zeros(1))
    assert module.in_place is in_place
    assert module.assigned is assigned
    assert not any(tensor.any() for tensor in module.state_dict().values())
    assert torch.equal(random_state, torch.get_rng_state())
    assert module.training


class Shared(nn.Module):
    """A parameter of its own, and one layer under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(5))
        self.first = self.second = nn.Linear(5, 5)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.second(self.first(tokens * self.scale))
        return result


@pytest.mark.parametrize(
    ("build", "parameters"),
    [
        (Shared, 5 + 5 * 5 + 5),
        # A direction of the same size and a length for each of the 7 rows, and the bias.
        (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(5, 7)), 7 * 5 + 7 + 7),
        (lambda: torch.compile(nn.Linear(5, 7)), 7 * 5 + 7),
        (nn.ReLU, 0),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_parameters_are_counted_once(build: Callable[[], nn.Module], parameters: int) -> None:
    assert count_macs(build(), torch.zeros(2, 5)).parameters == parameters


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_what_scripted_code_hides_is_reported() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.ReLU()).eval()
    images = torch.zeros(1, 3, 8, 8)
    hidden = torch.jit.optimize_for_inference(torch.jit.trace(network, images))
    assert count_macs(hidden, images).uncounted == {"prim.mkldnn_convolution": 1}


def test_an_exported_module_is_counted() -> None:
    images = torch.zeros(1, 3, 8, 8)
    exported = torch.export.export(nn.Sequential(nn.Conv2d(3, 8, 3)), (images,)).module()
    assert count_macs(exported, images).total == 3 * 8 * 9 * 36
