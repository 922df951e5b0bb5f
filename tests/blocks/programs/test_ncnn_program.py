"""Networks as ncnn programs, run by ncnn itself and compared with eager.

Covers blocks.programs.ncnn_operators
"""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks import in_variant, parse_network_config
from blocks.programs.failure import ExportFailed
from blocks.programs.ncnn_operators import write_for_ncnn
from blocks.programs.ncnn_program import EXPORT_MODULES, export_ncnn
from blocks.random_weights import seeded_network

for module in (*EXPORT_MODULES, "ncnn"):
    pytest.importorskip(module)


def rewritten(network: nn.Module, *inputs: Tensor) -> nn.Module:
    graph = torch.export.export(network.eval(), inputs).module(check_guards=False)
    write_for_ncnn(graph)
    return graph


def operators(graph: nn.Module) -> str:
    nodes = graph.graph.nodes  # type: ignore[union-attr]
    return " ".join(str(node.target) for node in nodes if node.op == "call_function")


class TopK(nn.Module):
    """The largest `k` of each row where they are, and 0 elsewhere."""

    def __init__(self, k: int) -> None:
        super().__init__()
        self.k = k

    def forward(self, x: Tensor) -> Tensor:
        top = x.topk(self.k, dim=1)
        return torch.zeros_like(x).scatter(1, top.indices, top.values)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_the_largest_values_are_kept_by_arithmetic(k: int) -> None:
    graph = rewritten(TopK(k), torch.zeros(1, 3))
    assert "topk" not in operators(graph) and "scatter" not in operators(graph)
    # Near values too: the next float32 above a half is 6e-8 away.
    above = float(np.nextafter(np.float32(0.5), np.float32(1)))
    for row in ([0.2, 0.5, 0.3], [0.5, above, 0.0], [1e-20, 0.0, 1.0]):
        kept = graph(torch.tensor([row]))[0].tolist()
        largest = sorted(row, reverse=True)[:k]
        expected = [value if value in largest else 0.0 for value in row]
        assert kept == pytest.approx(expected, rel=1e-6, abs=0)


class Larger(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        first, second = x.chunk(2, dim=1)
        return (second > first).to(x.dtype)


def test_a_comparison_is_a_clamped_difference() -> None:
    graph = rewritten(Larger(), torch.zeros(1, 4, 1, 1))
    assert "gt" not in operators(graph)
    x = torch.tensor([0.0, 1.0, 1e-7, 1.0]).view(1, 4, 1, 1)
    assert graph(x).flatten().tolist() == [1.0, 0.0]


class Picks(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("places", torch.tensor([2, 0, 0, 1]))

    def forward(self, x: Tensor) -> Tensor:
        return x[:, self.places]  # type: ignore[index]


def test_constant_channels_are_picked_by_a_convolution() -> None:
    graph = rewritten(Picks(), torch.zeros(1, 3, 1, 1))
    assert graph(torch.tensor([5.0, 6.0, 7.0]).view(1, 3, 1, 1)).flatten().tolist() == [7, 5, 5, 6]


class Shuffled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.channel_shuffle(x, 2)


def test_a_shuffle_takes_from_the_groups_in_turn() -> None:
    graph = rewritten(Shuffled(), torch.zeros(1, 4, 1, 1))
    assert "channel_shuffle" not in operators(graph)
    assert graph(torch.arange(4.0).view(1, 4, 1, 1)).flatten().tolist() == [0, 2, 1, 3]


class Moments(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        variance, mean = torch.var_mean(x, dim=(2, 3), correction=0, keepdim=True)
        return torch.cat((variance, mean), dim=1)


def test_variance_and_mean_are_two_means() -> None:
    x = torch.tensor([1.0, 2.0, 3.0, 6.0]).view(1, 1, 2, 2)
    graph = rewritten(Moments(), x)
    assert "var_mean" not in operators(graph)
    assert graph(x).flatten().tolist() == [3.5, 3.0]


TINY: dict[str, dict[str, object]] = {
    "fsrcnn": {"channels": 6, "mapping_channels": 4, "mapping_layers": 1},
    "seemore": {"channels": 8, "groups": 1, "recursion": 1},
    "smsr": {"channels": 16, "modules": 1},
    "safmn": {"channels": 8, "blocks": 1},
    "imdn": {"channels": 16, "blocks": 1},
}
CASES = [
    ("fsrcnn", "plain"),
    ("fsrcnn", "shuffled"),
    ("seemore", "masked"),
    ("seemore", "folded"),
    ("smsr", "multiplied"),
    ("smsr", "masked"),
    ("safmn", "plain"),
    ("imdn", "plain"),
]


@pytest.mark.parametrize(("family", "variant"), CASES)
def test_ncnn_gives_what_eager_gives(family: str, variant: str) -> None:
    """22 x 19 pixels divide by none of SAFMN's pooling factors."""
    import ncnn

    config = parse_network_config({"family": family, "scale": 2, **TINY[family]})
    network = seeded_network(config, 0).eval()
    images = torch.rand(1, 3, 22, 19, generator=torch.Generator().manual_seed(0))
    program = export_ncnn(in_variant(network, variant), 22, 19)
    net = ncnn.Net()
    net.opt.num_threads = 1
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
    assert net.load_param_mem(program.param.decode()) == 0
    net.load_model_mem(program.weights)
    extractor = net.create_extractor()
    extractor.input("in0", ncnn.Mat(images[0].numpy()).clone())
    status, enlarged = extractor.extract("out0")
    assert status == 0
    with torch.inference_mode():
        expected = network(images)[0].numpy()
    assert np.abs(np.array(enlarged) - expected).max() < 1e-5


class Branches(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        return images if images.mean() > 0.5 else F.relu(images)


def test_a_choice_by_the_images_is_refused() -> None:
    with pytest.raises(ExportFailed, match=r"cannot be traced for ncnn: \w+"):
        export_ncnn(Branches(), 8, 8)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("kill -SEGV $$", r"pnnx crashed \(signal 11\): it says nothing"),
        ("echo no such operator >&2; exit 3", r"pnnx failed \(status 3\): no such operator"),
        ("exit 0", r"pnnx failed \(status 0\): it says nothing"),
    ],
)
def test_a_converter_that_fails_is_one_line(
    script: str, reason: str, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pnnx

    program = tmp_path / "pnnx"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(pnnx, "EXEC_PATH", str(program))
    with pytest.raises(ExportFailed, match=f"^{reason}$"):
        export_ncnn(nn.Conv2d(3, 3, 3), 8, 8)
