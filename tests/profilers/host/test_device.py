"""The device description can be stored and compared."""

import json
from pathlib import Path

import torch

from profilers import computes_in_bfloat16, describe_device


def test_description_is_json_and_names_what_matters() -> None:
    description = describe_device()
    assert json.loads(json.dumps(description)) == description
    assert description["torch_version"] == torch.__version__
    assert description["torch_threads"] == torch.get_num_threads()
    assert description["cpu_model"]
    assert int(description["cpu_cores"]) >= 1
    assert int(description["memory_mib"]) > 0


def test_bfloat16_is_native_where_linux_lists_an_instruction_set_for_it() -> None:
    flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    listed = {"avx512_bf16", "amx_bf16", "bf16"} & set(flags)
    assert computes_in_bfloat16("cpu") == bool(listed)
