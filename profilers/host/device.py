"""A description of this machine, as far as PyTorch knows it."""

import torch

from profilers.agent.machine import Description, describe_machine


def describe_device() -> Description:
    """Return `describe_machine()` with what PyTorch uses of the machine, and its GPU."""
    description = describe_machine() | {
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "torch_threads": torch.get_num_threads(),
    }
    if torch.cuda.is_available():
        description["cuda_device"] = torch.cuda.get_device_name()
        description["cuda_version"] = torch.version.cuda or "unknown"
    return description
