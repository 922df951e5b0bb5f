"""One file is a complete model, and every other file is refused in one line."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from blocks import (
    NetworkConfigBase,
    SeemoReConfig,
    SplitSRConfig,
    build_network,
    load_checkpoint,
    load_network,
    save_checkpoint,
)
from blocks.checkpoints import weights_digest

SPLITSR = SplitSRConfig(
    scale=2, channels=4, groups=1, blocks=2, active_channels=2, hybrid_index=1, hybrid_scope="block"
)
SEEMORE = SeemoReConfig(scale=3, channels=8, groups=1, recursion=1, ranks=(4, 2))


def saved(path: Path, config: NetworkConfigBase = SPLITSR) -> dict[str, Tensor]:
    tensors = build_network(config).state_dict()
    save_checkpoint(path, tensors, config, {"step": "7"})
    return tensors


@pytest.mark.parametrize("config", [SPLITSR, SEEMORE])
def test_round_trip(tmp_path: Path, config: SplitSRConfig | SeemoReConfig) -> None:
    network = build_network(config)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    save_checkpoint(tmp_path / "m.safetensors", network.state_dict(), config, {"step": "7"})
    checkpoint = load_checkpoint(tmp_path / "m.safetensors")
    assert checkpoint.config == config
    assert checkpoint.metadata == {"step": "7"}
    assert checkpoint.tensors.keys() == network.state_dict().keys()
    loaded = load_network(tmp_path / "m.safetensors")
    images = torch.rand(1, 3, 8, 9)
    torch.testing.assert_close(loaded(images), network(images))
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_the_configuration_is_readable_by_others(tmp_path: Path) -> None:
    """The file's own header: eight bytes of length, then JSON."""
    saved(tmp_path / "m.safetensors")
    content = (tmp_path / "m.safetensors").read_bytes()
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["config"]) == SPLITSR.model_dump()


def test_a_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    saved(path)
    before = path.read_bytes()
    meta = torch.empty(1, device="meta")
    with pytest.raises(Exception, match="meta"):
        save_checkpoint(path, {"weight": meta}, SPLITSR, {})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_metadata_cannot_replace_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="'config' holds the configuration; rename yours"):
        save_checkpoint(tmp_path / "m.safetensors", {}, SPLITSR, {"config": "{}"})


def test_the_digest_is_of_names_and_values_wherever_they_are_stored(tmp_path: Path) -> None:
    tensors = saved(tmp_path / "m.safetensors")
    stored = load_checkpoint(tmp_path / "m.safetensors").tensors
    digest = weights_digest(tensors)
    assert weights_digest(dict(reversed(stored.items()))) == digest
    name = next(iter(tensors))
    renamed = {f"{name}!" if key == name else key: value for key, value in tensors.items()}
    changed = {**tensors, name: tensors[name] + 1e-3}
    assert digest not in (weights_digest(renamed), weights_digest(changed))


def text(path: Path) -> None:
    path.write_text("not a model")


def empty(path: Path) -> None:
    path.touch()


def pickle(path: Path) -> None:
    torch.save({"params": torch.zeros(3)}, path)


def truncated(path: Path) -> None:
    saved(path)
    path.write_bytes(path.read_bytes()[:-1])


def truncated_header(path: Path) -> None:
    saved(path)
    path.write_bytes(path.read_bytes()[:100])


def without_config(path: Path) -> None:
    save_file(build_network(SPLITSR).state_dict(), path)


def config_no_json(path: Path) -> None:
    save_file({}, path, {"config": "{"})


def config_unknown_key(path: Path) -> None:
    save_file({}, path, {"config": '{"family": "splitsr", "scale": 2, "chanels": 3}'})


def config_of_unknown_family(path: Path) -> None:
    save_file({}, path, {"config": '{"family": "unet", "scale": 2}'})


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (text, "must be a whole safetensors file, but is damaged"),
        (empty, "must be a whole safetensors file, but is damaged"),
        (pickle, "convert a file of a network's authors .* import-weights"),
        (truncated, "must be a whole safetensors file, but is damaged"),
        (truncated_header, "must be a whole safetensors file, but is damaged"),
        (
            without_config,
            "must carry its network's configuration .* but has none: .* import-weights",
        ),
        (config_no_json, r"must be JSON \(error at line 1, column 2\)"),
        (config_unknown_key, "unknown key 'chanels'; did you mean 'channels'"),
        (config_of_unknown_family, "family 'unet' is unknown; known: splitsr, seemore"),
        (Path.mkdir, "a file is needed, but .* is a folder"),
        (Path.exists, "no such file: "),  # writes nothing: the file is missing
    ],
)
def test_other_files_are_refused_in_one_line(
    tmp_path: Path, write: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "m.safetensors"
    write(path)
    with pytest.raises(ValueError, match=message) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    assert "Error while" not in str(caught.value)  # the words of safetensors


def lacking(tensors: dict[str, Tensor]) -> None:
    del tensors["output_convolution.bias"]


def foreign(tensors: dict[str, Tensor]) -> None:
    tensors["head"] = torch.zeros(1)


def not_finite(tensors: dict[str, Tensor]) -> None:
    tensors["output_convolution.bias"][1] = float("nan")


def reshaped(tensors: dict[str, Tensor]) -> None:
    tensors["output_convolution.bias"] = torch.zeros(4)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lacking, "lacks tensor 'output_convolution.bias'"),
        (foreign, "has a foreign tensor 'head'"),
        (not_finite, r"1 of 3 in tensor 'output_convolution.bias' are NaN or infinite"),
        (reshaped, r"must have shape \(3,\) by its configuration, got \(4,\)"),
    ],
)
def test_tensors_of_another_network_are_refused(
    tmp_path: Path, change: Callable[[dict[str, Tensor]], None], message: str
) -> None:
    path = tmp_path / "m.safetensors"
    tensors = saved(path)
    change(tensors)
    save_checkpoint(path, tensors, SPLITSR, {})
    with pytest.raises(ValueError, match=message) as caught:
        load_network(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
