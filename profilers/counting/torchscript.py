"""What TorchScript runs without PyTorch's dispatcher."""

from collections.abc import Iterator

import torch
from torch import nn

from profilers.counting.composites import is_opaque_in_script

# Groups of fused operators, and what `torch.jit.optimize_for_inference` makes of convolutions.
_HIDDEN = ("prim::mkldnn", "prim::MKLDNNGroup", "prim::TensorExprGroup", "prim::FusionGroup")


def hidden_operators(module: nn.Module) -> Iterator[str]:
    """Yield the name of each node that no dispatch reveals, in the scripted parts of `module`."""
    inner: set[nn.Module] = set()
    for part in module.modules():
        if isinstance(part, torch.jit.ScriptModule) and part not in inner:
            inner.update(part.modules())
            for node in part.inlined_graph.nodes():
                if node.kind().startswith(_HIDDEN) or is_opaque_in_script(node.kind()):
                    yield node.kind().replace("::", ".")
