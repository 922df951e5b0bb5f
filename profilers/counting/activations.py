"""The peak memory of a forward pass's activations, found without computing it."""

import weakref
from collections.abc import Callable, Mapping, Sequence

import torch

from profilers.counting.meta_device import Operator, OperatorMode, call_operator, tensors_in

MIB = 2**20


def peak_activation_mib(
    network: Callable[[torch.Tensor], torch.Tensor], images: torch.Tensor
) -> float:
    """Return the largest set of live activations of `network(images)`, in MiB.

    The images and every tensor made during the pass count from their creation until the last
    reference is gone, as in eager inference; parameters, buffers and the scratch memory of
    operators do not count. Meta tensors suffice: their storages have sizes but no bytes.

    Shape: images (N, 3, h, w), on the device of the network.
    """
    live = _LiveStorages()
    with torch.no_grad(), live:
        live.add(images)
        network(images)
    return live.peak_bytes / MIB


class _LiveStorages(OperatorMode):
    """Adds up the storages that operators make and takes off those that die."""

    def __init__(self) -> None:
        super().__init__()
        self.peak_bytes: int = 0
        self._live_bytes = 0
        self._known: set[int] = set()

    def add(self, tensor: torch.Tensor) -> None:
        storage = tensor.untyped_storage()
        address = storage._cdata
        if address not in self._known:
            self._known.add(address)
            release = weakref.finalize(storage, self._release, address, storage.nbytes())
            release.atexit = False
            self._live_bytes += storage.nbytes()
            self.peak_bytes = max(self.peak_bytes, self._live_bytes)

    def _release(self, address: int, size_bytes: int) -> None:
        self._known.discard(address)
        self._live_bytes -= size_bytes

    def __torch_dispatch__(
        self,
        func: Operator,
        types: Sequence[type],
        args: Sequence[object] = (),
        kwargs: Mapping[str, object] | None = None,
    ) -> object:
        output = call_operator(func, args, kwargs or {})
        # Views and in-place operators return memory that exists already, perhaps a weight's.
        if not func.is_view and not func._schema.is_mutable:
            for tensor in tensors_in(output):
                self.add(tensor)
        return output
