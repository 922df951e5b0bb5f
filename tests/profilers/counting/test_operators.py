"""Every handler and name of the operator table."""

import pytest
import torch

from profilers.counting.operators import FREE, MACS, is_free

# Defined when their Python file is imported, and an operator that is no aten operator.
DEFINED_LATER = {"quantized_decomposed", "flex_attention"}
KNOWN = {
    ".".join(name.replace("::", ".").split(".")[:2])
    for name in torch._C._dispatch_get_all_op_names()
}


@pytest.mark.parametrize("name", sorted(FREE | set(MACS)))
def test_every_listed_operator_exists(name: str) -> None:
    assert name in KNOWN or name.partition(".")[0] in DEFINED_LATER


def test_no_operator_is_both_free_and_counted() -> None:
    assert not FREE & set(MACS)


def test_element_wise_operators_and_views_are_free_without_being_listed() -> None:
    assert is_free(torch.ops.aten.gelu.default)
    assert is_free(torch.ops.aten.permute.default)


def test_a_transform_nobody_declared_is_not_free() -> None:
    assert not is_free(torch.ops.aten._fft_r2c.default)
