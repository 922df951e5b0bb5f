"""Remembered results on the meta device have the shapes, strides and types of real ones."""

import pytest
import torch
from torch import nn

from profilers.counting.meta_device import build_on_meta, call_operator

aten = torch.ops.aten
CALLS = [
    (aten.add.Tensor, ((2, 3), (3,)), {}),
    (aten.add.Tensor, ((2, 3), 1), {}),
    (aten.add.Tensor, ((2, 3), 1.5), {}),
    (aten.mul.Tensor, ((2, 3), True), {}),
    (aten.cat.default, ([(1, 2, 4), (1, 3, 4)], 1), {}),
    (aten.mean.dim, ((2, 3, 4), [1, 2]), {"dtype": torch.float64}),
    (aten.var_mean.correction, ((2, 3, 4), [1]), {"correction": 0}),
    (aten.topk.default, ((2, 5), 2), {}),
    (aten.split.Tensor, ((4, 2), 2), {}),
    (aten.relu_.default, ((4, 2),), {}),
]


def operands(value: object, device: str, dtype: torch.dtype) -> object:
    """`value` with tuples of sizes turned into tensors that are not contiguous."""
    if isinstance(value, tuple):
        return torch.zeros(value[::-1], device=device, dtype=dtype).permute(
            *range(len(value))[::-1]
        )
    if isinstance(value, list) and isinstance(value[0], tuple):
        return [operands(part, device, dtype) for part in value]
    return value


def layouts(output: object) -> list[tuple[object, ...]]:
    parts = output if isinstance(output, (list, tuple)) else [output]
    return [(part.shape, part.stride(), part.dtype) for part in parts]


@pytest.mark.parametrize(("func", "args", "kwargs"), CALLS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_every_call_gives_the_layout_of_a_real_one(
    func: torch._ops.OpOverload,
    args: tuple[object, ...],
    kwargs: dict[str, object],
    dtype: torch.dtype,
) -> None:
    real = func(*(operands(arg, "cpu", dtype) for arg in args), **kwargs)
    for _ in range(2):
        meta = call_operator(func, [operands(arg, "meta", dtype) for arg in args], kwargs)
        assert layouts(meta) == layouts(real)
        assert isinstance(meta, torch.Tensor) == isinstance(real, torch.Tensor)


def test_equal_constants_of_other_types_are_told_apart() -> None:
    integers = torch.zeros(2, dtype=torch.int64, device="meta")
    sums = [call_operator(aten.add.Tensor, (integers, one), {}) for one in (1, 1.0)]
    assert [result.dtype for result in sums] == [torch.int64, torch.float32]


def test_real_tensors_are_computed() -> None:
    result = call_operator(aten.add.Tensor, (torch.ones(2), torch.ones(2)), {})
    assert torch.equal(result, torch.full((2,), 2.0))


def test_tensors_made_on_another_device_stay_there() -> None:
    images = torch.zeros(2, device="meta")
    for _ in range(2):
        copied = call_operator(aten.zeros_like.default, (images,), {"device": torch.device("cpu")})
        created = call_operator(aten.zeros.default, ([2],), {"device": torch.device("cpu")})
        assert torch.equal(copied, torch.zeros(2))
        assert torch.equal(created, torch.zeros(2))


def test_a_repeated_call_gives_a_new_tensor() -> None:
    images = torch.zeros(2, device="meta")
    first, second = (call_operator(aten.add.Tensor, (images, 1), {}) for _ in range(2))
    assert first is not second


def test_building_draws_no_random_numbers() -> None:
    state = torch.get_rng_state()
    network = build_on_meta(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    assert {tensor.device.type for tensor in network.state_dict().values()} == {"meta"}
    assert torch.equal(state, torch.get_rng_state())
