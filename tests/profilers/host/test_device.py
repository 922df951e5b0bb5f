"""The device description can be stored and compared."""

import json

import torch

from profilers import describe_device


def test_description_is_json_and_names_what_matters() -> None:
    description = describe_device()
    assert json.loads(json.dumps(description)) == description
    assert description["torch_version"] == torch.__version__
    assert description["torch_threads"] == torch.get_num_threads()
    assert description["cpu_model"]
    assert int(description["cpu_cores"]) >= 1
    assert int(description["memory_mib"]) > 0
