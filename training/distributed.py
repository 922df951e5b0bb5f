"""Several processes that train one network together, as `torchrun` starts them."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel

T = TypeVar("T")


@dataclass(frozen=True)
class Processes:
    """Which of how many processes this is; by default the only one."""

    rank: int = 0
    count: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def check_share(self, batch_size: int) -> None:
        """Check that a batch can be shared evenly.

        Raises:
            ValueError: it cannot.
        """
        if batch_size % self.count:
            raise ValueError(
                f"the batch size must be a multiple of the {self.count} processes that share it, "
                f"got {batch_size}: choose another with --batch-size"
            )

    def agreed(self, value: T) -> T:
        """The value that the first process has."""
        if self.count == 1:
            return value
        values = [value]
        distributed.broadcast_object_list(values)
        return values[0]

    def gathered(self, rows: Tensor) -> Tensor:
        """The rows of all processes, those of the first one first; each has as many.

        A gradient reaches every row from what all processes make of it. Shape: (N, ...) ->
        (count * N, ...).
        """
        if self.count == 1:
            return rows
        gathered = _Gathered.apply(rows, self)  # type: ignore[no-untyped-call]
        return cast(Tensor, gathered)


ALONE = Processes()


class _Gathered(torch.autograd.Function):
    """`Processes.gathered`; the one of torch is deprecated without a public successor."""

    @staticmethod
    def forward(context: Any, rows: Tensor, processes: Processes) -> Tensor:
        context.processes = processes
        rows = rows.contiguous()
        gathered = [torch.empty_like(rows) for _ in range(processes.count)]
        distributed.all_gather(gathered, rows)
        return torch.cat(gathered)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        processes: Processes = context.processes
        # A copy, for the sum is formed in place.
        gradient = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(gradient)
        return gradient.chunk(processes.count)[processes.rank], None


def shared_by_processes(module: nn.Module) -> nn.Module:
    """The module, its gradients meaned over all processes in every backward pass."""
    with warnings.catch_warnings():
        # Newer versions of torch want another name, which older ones do not know.
        warnings.simplefilter("ignore", FutureWarning)
        # All buffers of our networks are constants.
        return DistributedDataParallel(module, broadcast_buffers=False)


def is_first_process() -> bool:
    """Whether `torchrun` started this process before all others, or not at all."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined_processes(device: str) -> Iterator[tuple[Processes, str]]:
    """Join the others that `torchrun` started, if it did; the second value is the own device.

    On CUDA every process gets the GPU of its number on this machine.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1:
        yield ALONE, device
        return
    if device == "cuda":
        device = f"cuda:{os.environ['LOCAL_RANK']}"
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield Processes(distributed.get_rank(), count), device
    finally:
        distributed.destroy_process_group()
