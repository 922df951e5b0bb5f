"""A description of this machine, as far as PyTorch knows it."""

import torch

from profilers.agent.machine import Description, describe_machine

_BFLOAT16_SETS = ("avx512_bf16", "amx_bf16", "bf16")


def computes_in_bfloat16(device: str) -> bool:
    """Return whether `device`, "cpu" or "cuda", has instructions for bfloat16."""
    if device.startswith("cuda"):
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    known = str(describe_machine()["cpu_instruction_sets"]).split()
    return any(name in known for name in _BFLOAT16_SETS)


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
