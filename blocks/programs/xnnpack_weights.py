"""Weights of convolutions in XNNPACK's programs: in float16 where that changes none of them."""

from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.fx import Node

_CONVOLUTION = "aten.convolution.default"


@cache
def store_exact_weights_in_half() -> None:
    """Make ExecuTorch store weights of convolutions in float16 if each has its exact value there.

    XNNPACK's convolution of float32 takes weights in float16, and converts them when it loads the
    program: it computes the same, as fast, on every processor. No operator of PyTorch takes both,
    so that ExecuTorch alone would store such weights in float32.
    """
    import executorch.backends.xnnpack.operators  # noqa: F401 - registers the visitors
    from executorch.backends.xnnpack.operators.node_visitor import (
        get_node_visitors,
        register_node_visitor,
    )

    base: Any = type(get_node_visitors(None, None, None)[_CONVOLUTION])

    @register_node_visitor
    class ConvolutionVisitor(base):  # type: ignore[misc]
        """Writes a convolution into a program of XNNPACK."""

        def define_node(self, node: Node, *others: Any) -> None:
            weight = node.args[1]
            assert isinstance(weight, Node)
            program = self.exported_program  # of this part of the network alone
            name = program.graph_signature.inputs_to_parameters.get(weight.name)
            values = program.state_dict.get(name)  # None: what is in 8 bits is dequantised
            self._in_half = None
            if values is not None and _has_all_in_half(values):
                program.state_dict[name] = nn.Parameter(values.half(), requires_grad=False)
                weight.meta["val"] = weight.meta["val"].half()
                self._in_half = weight
            super().define_node(node, *others)

        def define_tensor(
            self, tensor: Node, *others: Any, force_fp32: bool = False, **settings: Any
        ) -> None:
            force_fp32 = force_fp32 and tensor is not self._in_half
            super().define_tensor(tensor, *others, force_fp32=force_fp32, **settings)


def _has_all_in_half(values: Tensor) -> bool:
    return values.dtype == torch.float32 and torch.equal(values.half().float(), values)
