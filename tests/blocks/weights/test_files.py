"""Where the weights are in the files of authors, and which files hold none.

Covers blocks.weights.reading, blocks.weights.candidates and blocks.weights.choosing.
"""

import argparse
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from blocks import FsrcnnConfig, import_official

CONFIG = FsrcnnConfig(scale=4, channels=6, mapping_channels=3, mapping_layers=1, design="rgb")
SHAPES: Mapping[str, tuple[int, ...]] = {
    "head_conv.0.weight": (6, 3, 5, 5), "head_conv.0.bias": (6,), "head_conv.1.weight": (1,),
    "body_conv.0.0.weight": (3, 6, 1, 1), "body_conv.0.0.bias": (3,),
    "body_conv.0.1.weight": (1,), "body_conv.1.weight": (3, 3, 3, 3), "body_conv.1.bias": (3,),
    "body_conv.2.weight": (1,), "body_conv.3.0.weight": (6, 3, 1, 1),
    "body_conv.3.0.bias": (6,), "body_conv.3.1.weight": (1,),
    "tail_conv.weight": (6, 3, 9, 9), "tail_conv.bias": (3,),
}  # fmt: skip
Tensors = dict[str, Tensor]


def weights(value: float, prefix: str = "") -> Tensors:
    """Tensors by the authors' names, every number of which is `value`."""
    return {prefix + name: torch.full(shape, float(value)) for name, shape in SHAPES.items()}


def imported(folder: Path, content: object) -> tuple[float, tuple[str, ...]]:
    """The value of all numbers of the imported state, and the notes."""
    torch.save(content, folder / "file.pth")
    result = import_official(folder / "file.pth", CONFIG)
    values = torch.cat([tensor.flatten() for tensor in result.state.values()]).unique()
    assert len(result.state) == len(SHAPES) and len(values) == 1
    return float(values), result.notes


def test_weights_at_the_top_need_no_note(tmp_path: Path) -> None:
    assert imported(tmp_path, weights(1)) == (1, ())


@pytest.mark.parametrize(
    "containers",
    ["params", "state_dict", "model", "model_state_dict", "generator", "net_g", "weights",
     "model.state_dict", "checkpoint.net.params", "0"],
)  # fmt: skip
@pytest.mark.parametrize(
    "prefix",
    ["", "module.", "_orig_mod.", "model.", "netG.", "generator.", "module.module.",
     "model._orig_mod.module."],
)  # fmt: skip
def test_containers_and_prefixes_are_unwrapped_and_named(
    tmp_path: Path, containers: str, prefix: str
) -> None:
    content: object = weights(1, prefix)
    for key in reversed(containers.split(".")):
        content = [content] if key == "0" else {key: content, "epoch": 7, "name": "best"}
    value, (note,) = imported(tmp_path, content)
    assert value == 1
    assert note == f"the weights were found in '{containers}'" + (
        f" and named without the prefix '{prefix}'" if prefix else ""
    )


@pytest.mark.parametrize(
    ("plain", "averaged"),
    [
        ("params", "params_ema"),
        ("state_dict", "ema_state_dict"),
        ("state_dict", "state_dict_ema"),
        ("model", "model_ema"),
        ("model", "ema"),
        ("model", "ema_model"),
        ("model", "swa_model"),
        ("model", "averaged_model"),
        ("model", "modelEMA"),
        ("generator", "generator_ema"),
        ("net_g", "net_g_ema"),
        ("g", "g_ema"),
    ],
)
@pytest.mark.parametrize("averaged_first", [False, True])
def test_averaged_weights_come_before_plain_ones(
    tmp_path: Path, plain: str, averaged: str, averaged_first: bool
) -> None:
    content = {plain: weights(1), averaged: weights(2, "module.")}
    if averaged_first:
        content = dict(reversed(content.items()))
    value, notes = imported(tmp_path, content)
    assert value == 2
    assert notes == (
        f"the averaged weights were found in '{averaged}' and named without the prefix 'module.'",
        f"the plain weights in '{plain}' were left",
    )


def test_an_average_inside_another_container(tmp_path: Path) -> None:
    content = {"state": {"model": weights(1)}, "ema": {"shadow": weights(2), "decay": 0.999}}
    assert imported(tmp_path, content)[0] == 2


def test_flat_files_hold_several_sets_by_prefix(tmp_path: Path) -> None:
    """As safetensors must; and two counters beside them, as ema-pytorch keeps."""
    counters = {"initted": torch.tensor(True), "step": torch.tensor(3)}
    content = weights(1, "online_model.") | weights(2, "ema_model.module.") | counters
    save_file(content, tmp_path / "file.SAFETENSORS")
    result = import_official(tmp_path / "file.SAFETENSORS", CONFIG)
    assert float(result.state["output_convolution.bias"][0]) == 2
    assert result.notes == (
        "the averaged weights were named without the prefix 'ema_model.module.'",
        "the plain weights in 'online_model' were left",
    )


class _Named(nn.Module):
    """A module with the authors' tensors."""

    def __init__(self, value: float) -> None:
        super().__init__()
        for name, tensor in weights(value).items():
            *layers, leaf = name.split(".")
            module: nn.Module = self
            for layer in layers:
                if not hasattr(module, layer):
                    module.add_module(layer, nn.Module())
                module = getattr(module, layer)
            module.register_parameter(leaf, nn.Parameter(tensor))


def test_what_pytorch_averages_is_known_by_its_counter(tmp_path: Path) -> None:
    content = {"first": weights(1), "second": AveragedModel(_Named(2)).state_dict()}
    value, notes = imported(tmp_path, content)
    assert value == 2
    assert notes[0].startswith("the averaged weights were found in 'second'")


def test_optimizers_and_other_networks_are_passed_over(tmp_path: Path) -> None:
    network = _Named(1)
    optimizer = torch.optim.Adam(network.parameters())
    sum(parameter.sum() for parameter in network.parameters()).backward()  # type: ignore[union-attr]
    optimizer.step()
    content = {
        "optimizer": optimizer.state_dict(),
        "discriminator": {"conv.weight": torch.ones(3, 3)},
        "generator": weights(3),
    }
    assert imported(tmp_path, content)[0] == 3


def test_an_average_that_does_not_fit_is_told(tmp_path: Path) -> None:
    """Of tensors without names nobody knows which is which."""
    shadow = {"decay": 0.999, "shadow_params": list(weights(2).values())}
    value, notes = imported(tmp_path, {"params": weights(1), "ema": shadow})
    assert value == 1
    assert notes[1] == (
        "'ema.shadow_params' may hold averaged weights, but not of this network by name: the plain"
        " ones were taken"
    )


def test_several_sets_that_all_fit_are_refused_with_their_places(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"but 'model', 'best.net' hold different ones"):
        imported(tmp_path, {"model": weights(1), "best": {"net": weights(2)}})
    with pytest.raises(ValueError, match="but 'params_ema', 'ema' hold different ones"):
        imported(tmp_path, {"params_ema": weights(1), "ema": weights(2), "params": weights(3)})
    with pytest.raises(ValueError, match="but 'params', 'exp_avg' hold different ones"):
        imported(tmp_path, weights(1, "params.") | weights(2, "exp_avg."))


def test_the_same_weights_twice_are_one_set(tmp_path: Path) -> None:
    assert imported(tmp_path, {"model": weights(1), "state_dict": weights(1, "module.")})[0] == 1


@pytest.mark.parametrize("prefix", ["", "module."])
def test_no_tensor_may_be_left_over_or_missing(tmp_path: Path, prefix: str) -> None:
    """Status of the names that come nearest, in the container and below the prefix."""
    content = {"params": weights(1, prefix), "other": {"x.weight": torch.ones(2)}}
    del content["params"][f"{prefix}tail_conv.bias"]
    content["params"][f"{prefix}tail_conv.scale"] = torch.ones(3)
    with pytest.raises(ValueError) as caught:
        imported(tmp_path, content)
    assert str(caught.value).startswith(f"{tmp_path / 'file.pth'}: ")
    assert str(caught.value).endswith(
        "unexpected: tail_conv.scale (3,); missing, in our names: output_convolution.bias (3,)"
    )


def test_a_part_of_a_larger_network_is_not_taken(tmp_path: Path) -> None:
    content = weights(1, "net1.") | {"classifier.weight": torch.ones(2)}
    with pytest.raises(ValueError, match=r"unexpected: "):
        imported(tmp_path, content)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_are_not_finite_are_refused_by_name(tmp_path: Path, value: float) -> None:
    content = {"params": weights(1), "params_ema": weights(2, "module.")}
    content["params_ema"]["module.body_conv.1.weight"][1, 2, 0, 0] = value
    with pytest.raises(ValueError, match=r"1 of 81 in tensor 'body_conv.1.weight' are NaN or"):
        imported(tmp_path, content)


def test_numbers_too_large_for_float32_are_refused(tmp_path: Path) -> None:
    content = weights(1) | {"tail_conv.bias": torch.tensor([1.0, 1e39, 1.0], dtype=torch.float64)}
    with pytest.raises(ValueError, match=r"1 of 3 in tensor 'tail_conv.bias' are NaN or infinite"):
        imported(tmp_path, content)


class Code:
    """What a pickle could run on being read."""

    def __reduce__(self) -> tuple[object, tuple[str, ...]]:
        return print, ("code ran",)


ADVICE = ("weights_only", "torch.load", "torch.serialization", "safe_globals", "PytorchStream")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"params": Code()}, "holds Python objects (builtins.print), and to read those is to run"),
        ({"args": argparse.Namespace(), "params": {}}, "Python objects (argparse.Namespace)"),
        ({"params": {}}, "must hold tensors by name, but holds none"),
        ({"epoch": 3}, "must hold tensors by name"),
        (torch.zeros(1), "must hold tensors by name"),
        ({0: torch.zeros(1)}, "must hold tensors by name"),
    ],
)
def test_files_that_hold_no_tensors(
    tmp_path: Path, content: object, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ValueError) as caught:
        imported(tmp_path, content)
    told = str(caught.value)
    assert message in told and str(tmp_path / "file.pth") in told
    assert not any(word in told for word in ADVICE)
    assert capsys.readouterr().out == ""


def program(path: Path) -> None:
    torch.jit.save(torch.jit.trace(nn.Identity(), torch.ones(1)), path)


def old_pickle(path: Path) -> None:
    torch.save({"a": Code()}, path, _use_new_zipfile_serialization=False)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_text("not a model"), "is damaged, of another kind, or holds"),
        (lambda path: path.write_bytes(pickle.dumps(Code())), "or holds more than tensors"),
        (lambda path: path.write_bytes(bytes(range(256))), "is damaged, of another kind"),
        (lambda path: path.touch(), "it is empty"),
        (old_pickle, "or holds more than tensors"),
        (program, "it is a TorchScript program"),
        (Path.mkdir, "is a folder"),
        (Path.exists, "no such file: "),  # writes nothing: the file is missing
    ],
)
@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_other_files_are_refused_in_one_line_of_our_own(
    tmp_path: Path, write: Callable[[Path], object], message: str
) -> None:
    path = tmp_path / "file.pth"
    write(path)
    with pytest.raises(ValueError) as caught:
        import_official(path, CONFIG)
    told = str(caught.value)
    assert message in told and str(path) in told and "\n" not in told
    assert not any(word in told for word in ADVICE)


@pytest.mark.parametrize("name", ["file.pth", "file.safetensors"])
@pytest.mark.parametrize("kept_share", [0.0, 0.5, 0.99])
def test_truncated_files(tmp_path: Path, name: str, kept_share: float) -> None:
    path = tmp_path / name
    (save_file if path.suffix == ".safetensors" else torch.save)(weights(1), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept_share * len(content))])
    with pytest.raises(ValueError, match="must be a whole checkpoint") as caught:
        import_official(path, CONFIG)
    assert not any(word in str(caught.value) for word in (*ADVICE, "Error while"))
