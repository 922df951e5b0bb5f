"""Several processes that train one network together, as `torchrun` starts them."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import distributed, nn
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


ALONE = Processes()


def shared_by_processes(module: nn.Module) -> nn.Module:
    """The module, its gradients meaned over all processes in every backward pass."""
    with warnings.catch_warnings():
        # Newer versions of torch want another name, which older ones do not know.
        warnings.simplefilter("ignore", FutureWarning)
        # All buffers of our networks are constants.
        return DistributedDataParallel(module, broadcast_buffers=False)


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
