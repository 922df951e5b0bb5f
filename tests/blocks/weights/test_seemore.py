"""SeemoRe's checkpoints: files in the authors' layout against their own forward pass."""

import re
from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks import SeemoReConfig, build_network, catalogue_config, from_official, import_official

Tensors = dict[str, Tensor]
NAMES = ("seemore-t", "seemore-b", "seemore-l")


def official_shapes(config: SeemoReConfig) -> dict[str, tuple[int, ...]]:
    """The key table of the specification (3.9)."""
    C, k, experts = config.channels, config.kernel, len(config.ranks)
    layers: dict[str, tuple[int, ...]] = {"conv_1": (C, 3, 3, 3), "norm": (C,)}
    shapes: dict[str, tuple[int, ...]] = {}
    for group in range(config.groups):
        rank, spatial = f"body.{group}.local_block", f"body.{group}.global_block"
        for half in (rank, spatial):
            layers |= {
                f"{half}.norm_1": (C,),
                f"{half}.norm_2": (C,),
                f"{half}.ffn.fn_1.0": (2 * C, C, 1, 1),
                f"{half}.ffn.gate": (C, 1, 3, 3),
                f"{half}.ffn.fn_2.0": (C, C, 1, 1),
                f"{half}.block.proj": (C, C, 1, 1),
            }
        layers |= {
            f"{rank}.block.conv_1.0": (C, C, 3, 3),
            f"{rank}.block.conv_1.2": (2 * C, C, 1, 1),
            f"{rank}.block.agg_conv.0": (C, 1, 4, 4),
            f"{rank}.block.conv.0": (C, 1, 3, 3),
            f"{rank}.block.conv.1": (C, C, 1, 1),
            f"{rank}.block.conv_2.0.conv.0": (C, 1, 1, 3),
            f"{rank}.block.conv_2.0.conv.1": (C, 1, 3, 1),
            f"{spatial}.block.to_qv.0": (2 * C, C, 1, 1),
            f"{spatial}.block.attn.conv.0": (C, 1, 1, k),
            f"{spatial}.block.attn.conv.1": (C, 1, k, 1),
        }
        for expert, r in enumerate(config.ranks):
            name = f"{rank}.block.moe_layer.experts.{expert}"
            layers |= {
                f"{name}.conv_1": (r, C, 1, 1),
                f"{name}.conv_2": (r, C, 1, 1),
                f"{name}.conv_3": (C, r, 1, 1),
            }
        shapes[f"{rank}.block.moe_layer.gate.body.2.weight"] = (experts, C)
    layers |= {"conv_2": (C, C, 3, 3), "upsampler.0": (3 * config.scale**2, C, 3, 3)}
    for layer, shape in layers.items():
        shapes |= {f"{layer}.weight": shape, f"{layer}.bias": shape[:1]}
    return shapes


def drawn(config: SeemoReConfig) -> Tensors:
    """Random tensors that keep values near 1 and routers undecided between images."""
    return {
        name: torch.randn(shape) / torch.Size(shape[1:]).numel() ** 0.5
        for name, shape in official_shapes(config).items()
    }


class OfficialForward:
    """The authors' forward pass in evaluation, for one image: one expert, by itself."""

    def __init__(self, tensors: Tensors, config: SeemoReConfig) -> None:
        self.tensors = tensors
        self.config = config

    def conv(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        padding = "same" if stride == 1 else "valid"
        groups = x.shape[1] // weight.shape[1]
        return F.conv2d(x, weight, bias, stride=stride, padding=padding, groups=groups)

    def norm(self, x: Tensor, name: str) -> Tensor:
        mean = x.mean(1, keepdim=True)
        variance = (x - mean).pow(2).mean(1, keepdim=True)
        normalised = (x - mean) / (variance + 1e-6).sqrt()
        weight, bias = self.tensors[f"{name}.weight"], self.tensors[f"{name}.bias"]
        return weight.view(-1, 1, 1) * normalised + bias.view(-1, 1, 1)

    def feed_forward(self, x: Tensor, name: str) -> Tensor:
        values, gates = F.gelu(self.conv(x, f"{name}.fn_1.0")).chunk(2, dim=1)
        return F.gelu(self.conv(values * self.conv(gates, f"{name}.gate"), f"{name}.fn_2.0"))

    def rank_mixer(self, x: Tensor, name: str) -> Tensor:
        x = self.conv(F.gelu(self.conv(x, f"{name}.conv_1.0")), f"{name}.conv_1.2")
        if self.config.shuffle:
            n, c, h, w = x.shape
            x = x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)
        a, b = x.chunk(2, dim=1)
        a = self.conv(self.conv(a, f"{name}.conv_2.0.conv.0"), f"{name}.conv_2.0.conv.1")
        a = F.gelu(a)
        context = b
        for _ in range(self.config.recursion):
            context = F.gelu(self.conv(context, f"{name}.agg_conv.0", stride=4))
        context = self.conv(self.conv(context, f"{name}.conv.0"), f"{name}.conv.1")
        b = b + F.interpolate(context, size=b.shape[2:], mode="bilinear", align_corners=False)
        logits = F.linear(a.mean((2, 3)), self.tensors[f"{name}.moe_layer.gate.body.2.weight"])
        weight, chosen = logits.softmax(dim=1)[0].max(dim=0)
        expert = f"{name}.moe_layer.experts.{chosen}"
        mixed = self.conv(
            self.conv(a, f"{expert}.conv_1") * self.conv(b, f"{expert}.conv_2"), f"{expert}.conv_3"
        )
        return self.conv(a + weight * mixed, f"{name}.proj")

    def spatial_mixer(self, x: Tensor, name: str) -> Tensor:
        q, v = F.gelu(self.conv(x, f"{name}.to_qv.0")).chunk(2, dim=1)
        q = self.conv(self.conv(q, f"{name}.attn.conv.0"), f"{name}.attn.conv.1")
        return self.conv(q * v, f"{name}.proj")

    def __call__(self, image: Tensor) -> Tensor:
        mean = torch.tensor((0.4488, 0.4371, 0.4040)).view(3, 1, 1).to(image)
        shallow = x = self.conv(image - mean, "conv_1")
        for group in range(self.config.groups):
            halves = (("local_block", self.rank_mixer), ("global_block", self.spatial_mixer))
            for half, mixer in halves:
                name = f"body.{group}.{half}"
                x = x + mixer(self.norm(x, f"{name}.norm_1"), f"{name}.block")
                x = x + self.feed_forward(self.norm(x, f"{name}.norm_2"), f"{name}.ffn")
        x = self.conv(self.norm(x, "norm"), "conv_2") + shallow
        return F.pixel_shuffle(self.conv(x, "upsampler.0"), self.config.scale) + mean


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("name", NAMES)
def test_a_file_gives_the_authors_images(name: str, scale: int, tmp_path: Path) -> None:
    """In double precision, which shows a wrong name and not the rounding of 16 groups."""
    config = catalogue_config(name, scale)
    assert isinstance(config, SeemoReConfig)
    tensors = drawn(config)
    torch.save({"params": tensors}, tmp_path / "official.pth")
    network = build_network(config).eval()
    network.load_state_dict(import_official(tmp_path / "official.pth", config).state)
    images = torch.rand(2, 3, 17, 18, dtype=torch.float64)
    official = OfficialForward({key: t.double() for key, t in tensors.items()}, config)
    with torch.no_grad():
        expected = torch.cat([official(image[None]) for image in images])
        bound = 1e-5 * max(1.0, float(expected.abs().max()))
        torch.testing.assert_close(network.double()(images), expected, rtol=1e-5, atol=bound)


def test_the_published_file_has_386_tensors() -> None:
    assert len(official_shapes(SeemoReConfig(scale=2))) == 386


SMALL = SeemoReConfig(scale=2, channels=8, groups=1, ranks=(2, 4), recursion=1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"channels": 10}, "channels 10.*unexpected: "),
        ({"groups": 2}, r"missing, in our names: groups\.1\.0\."),
        ({"scale": 3}, r"upsampler\.0\.weight \(12, 8, 3, 3\), which should be \(27, 8, 3, 3\)"),
        ({"kernel": 5}, r"attn\.conv\.0\.weight \(8, 1, 1, 11\), which should be \(8, 1, 1, 5\)"),
        ({"ranks": (4, 2)}, r"ranks \(4, 2\) in this order, got \(2, 4\) in body\.0\.local_block"),
        ({"ranks": (2, 3)}, r"ranks \(2, 3\) in this order, got \(2, 4\)"),
        ({"ranks": (2,)}, r"ranks \(2,\) in this order, got \(2, 4\)"),
        ({"ranks": (2, 4, 8)}, r"ranks \(2, 4, 8\) in this order, got \(2, 4\)"),
    ],
)
def test_another_network_is_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_official(drawn(SMALL), SMALL.replace(**fields))


def test_an_expert_that_is_not_whole_is_listed() -> None:
    tensors = drawn(SMALL)
    lost = "body.0.local_block.block.moe_layer.experts.1.conv_3.bias"
    del tensors[lost]
    with pytest.raises(ValueError, match=re.escape("groups.0.0.mixer.experts.restore_bias")):
        from_official(tensors, SMALL)


@pytest.mark.parametrize("fields", [{"ranks": (4,)}, {"recursion": 0}])
def test_layers_without_effect_are_left_out(fields: dict[str, object]) -> None:
    config = SMALL.replace(**fields)
    network = build_network(config).eval()
    tensors = drawn(config)
    network.load_state_dict(from_official(tensors, config))
    image = torch.rand(1, 3, 9, 8)
    with torch.no_grad():
        expected = OfficialForward(tensors, config)(image)
        torch.testing.assert_close(network(image), expected, rtol=1e-4, atol=1e-4)
