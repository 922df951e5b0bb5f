"""SeemoRe against a plain transcription of its specification, expert by expert."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks import SeemoRe, SeemoReConfig, catalogue_config, in_variant, ranks_of, variants_of
from blocks.layers import DIV2K_MEAN
from blocks.networks.seemore import LowRankExperts, RankMixer


def config(**fields: object) -> SeemoReConfig:
    small = {"scale": 2, "channels": 8, "groups": 2, "ranks": (2, 4, 3), "recursion": 1}
    return SeemoReConfig.model_validate({**small, **fields})


def randomised(config: SeemoReConfig, seed: int = 0) -> SeemoRe:
    """A network whose norms and routers are far from their initial values."""
    network = SeemoRe(config).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            if "norm" in name or "router" in name:
                parameter.add_(torch.randn(parameter.shape, generator=generator))
    return network


class Transcription:
    """The specification's sections 2 and 3 for one image, step by step, from the weights."""

    def __init__(self, network: SeemoRe) -> None:
        self.config = network.config
        self.weights: dict[str, Tensor] = dict(network.state_dict())

    def conv(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        height, width = weight.shape[2:]
        padding = (height // 2, width // 2) if stride == 1 else (0, 0)
        groups = x.shape[1] if weight.shape[1] == 1 else 1
        return F.conv2d(x, weight, bias, stride=stride, padding=padding, groups=groups)

    def norm(self, x: Tensor, name: str) -> Tensor:
        mean, variance = x.mean(1, keepdim=True), x.var(1, keepdim=True, unbiased=False)
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        normalised = (x - mean) / torch.sqrt(variance + 1e-6)
        return normalised * weight[:, None, None] + bias[:, None, None]

    def feed_forward(self, x: Tensor, name: str) -> Tensor:
        u = F.gelu(self.conv(x, f"{name}.expand"))
        half = u.shape[1] // 2
        v = u[:, :half] * self.conv(u[:, half:], f"{name}.gate")
        return F.gelu(self.conv(v, f"{name}.project"))

    def rank_mixer(self, x: Tensor, name: str) -> Tensor:
        C = self.config.channels
        t = self.conv(F.gelu(self.conv(x, f"{name}.dense")), f"{name}.expand")
        if self.config.shuffle:
            t = t[:, [half * C + j for j in range(C) for half in (0, 1)]]
        a, b = t[:, :C], t[:, C:]
        a = F.gelu(self.conv(self.conv(a, f"{name}.stripes.0"), f"{name}.stripes.1"))
        c = b
        for _ in range(self.config.recursion):
            c = F.gelu(self.conv(c, f"{name}.aggregate", stride=4))
        c = self.conv(self.conv(c, f"{name}.calibrate.0"), f"{name}.calibrate.1")
        b = b + F.interpolate(c, size=b.shape[2:], mode="bilinear", align_corners=False)
        return self.conv(a + self.experts(a, b, f"{name}.experts"), f"{name}.project")

    def experts(self, a: Tensor, b: Tensor, name: str) -> Tensor:
        """Only the chosen experts, each with its own three convolutions."""
        logits = a.mean((2, 3)) @ self.weights[f"{name}.router.weight"].T
        probabilities = logits.softmax(1)[0]
        total = torch.zeros_like(a)
        for expert in probabilities.argsort(descending=True)[: self.config.top_k].tolist():
            first = sum(self.config.ranks[:expert])  # the experts stand side by side
            rows = slice(first, first + self.config.ranks[expert])
            local = self.rank_rows(a, f"{name}.local", rows)
            context = self.rank_rows(b, f"{name}.context", rows)
            restore = self.weights[f"{name}.restore.weight"][:, rows]
            bias = self.weights[f"{name}.restore_bias"][expert]
            restored = F.conv2d(local * context, restore, bias)
            total = total + probabilities[expert] * restored
        return total

    def rank_rows(self, x: Tensor, name: str, rows: slice) -> Tensor:
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.conv2d(x, weight[rows], bias[rows])

    def spatial_mixer(self, x: Tensor, name: str) -> Tensor:
        C = self.config.channels
        u = F.gelu(self.conv(x, f"{name}.expand"))
        q = self.conv(self.conv(u[:, :C], f"{name}.stripes.0"), f"{name}.stripes.1")
        return self.conv(q * u[:, C:], f"{name}.project")

    def __call__(self, image: Tensor) -> Tensor:
        mean = torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1)
        shallow = x = self.conv(image - mean, "input_convolution")
        for group in range(self.config.groups):
            for layer, mixer in enumerate((self.rank_mixer, self.spatial_mixer)):
                name = f"groups.{group}.{layer}"
                x = x + mixer(self.norm(x, f"{name}.mixer_norm"), f"{name}.mixer")
                rows = self.norm(x, f"{name}.feed_forward_norm")
                x = x + self.feed_forward(rows, f"{name}.feed_forward")
        x = self.conv(self.norm(x, "norm"), "trunk_convolution") + shallow
        return F.pixel_shuffle(self.conv(x, "output_convolution"), self.config.scale) + mean


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"top_k": 2},
        {"top_k": 3, "shuffle": False},
        {"recursion": 2, "scale": 3, "kernel": 5},
        {"channels": 9, "scale": 4, "ffn_ratio": 4.0},
        {"ffn_ratio": 1.5},
        {"recursion": 0},
    ],
)
def test_network_equals_its_transcription_for_every_image_of_a_batch(
    fields: dict[str, object],
) -> None:
    network = randomised(config(**fields))
    images = torch.rand(4, 3, 17, 22)
    with torch.no_grad():
        batch = network(images)
        plain = Transcription(network)
        for position in range(4):
            expected = plain(images[position : position + 1])
            torch.testing.assert_close(batch[position : position + 1], expected)


def test_published_network_equals_its_transcription() -> None:
    network = randomised(SeemoReConfig(scale=4))
    image = torch.rand(1, 3, 16, 19)
    with torch.no_grad():
        torch.testing.assert_close(network(image), Transcription(network)(image))


def test_weights_by_hand() -> None:
    """Softmax over all experts; only the best one's value is kept, for each image its own."""
    experts = LowRankExperts(8, (2, 4, 3), top_k=1)
    with torch.no_grad():
        weights = experts._weights(torch.tensor([[0.0, 1.0, 2.0], [3.0, 1.0, 0.0]]))
    total = math.e**3 + math.e + 1
    expected = torch.tensor(
        [[0, 0, math.e**2 / (1 + math.e + math.e**2)], [math.e**3 / total, 0, 0]]
    )
    torch.testing.assert_close(weights, expected)


def test_weights_of_the_chosen_are_not_normalised_anew() -> None:
    experts = LowRankExperts(8, (2, 4, 3), top_k=2)
    weights = experts._weights(torch.zeros(1, 3))
    torch.testing.assert_close(weights.sum(), torch.tensor(2 / 3))


def test_the_chosen_experts_are_those_of_the_greatest_logits() -> None:
    # Means of the two channels are (3, -2) and (-1, 2), so the logits 3, -2, 1 and -1, 2, 1.
    a = torch.tensor([[3.0, -2.0], [-1.0, 2.0]])[:, :, None, None].expand(2, 2, 3, 4)
    for top_k, expected in (
        (1, [[True, False, False], [False, True, False]]),
        (2, [[True, False, True], [False, True, True]]),
    ):
        experts = LowRankExperts(2, (2, 4, 8), top_k)
        assert experts.router is not None
        with torch.no_grad():
            experts.router.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]))
        assert experts.chosen(a).tolist() == expected


def test_only_a_chosen_expert_changes_the_image() -> None:
    # In the last group alone: what an earlier group gives decides what a later one chooses.
    network = randomised(config(groups=2), seed=1)
    images = torch.rand(6, 3, 8, 9, generator=torch.Generator().manual_seed(0))
    experts = network.groups[-1][0].mixer.experts
    seen: list[Tensor] = []
    hook = experts.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    with torch.no_grad():
        network(images)
        hook.remove()
        # Without what the images have in common, the router chooses by where they differ.
        common = F.normalize(seen[0].mean(dim=(0, 2, 3)), dim=0)
        experts.router.weight.sub_(torch.outer(experts.router.weight @ common, common))
        chosen, before = network.chosen_experts(images), network(images)
        for expert in range(3):
            bias = experts.restore_bias[expert].clone()
            experts.restore_bias[expert] += 1
            changed = (network(images) - before).abs().amax(dim=(1, 2, 3)) > 1e-5
            experts.restore_bias[expert] = bias
            assert torch.equal(chosen[:, -1, expert], changed)
    assert chosen.shape == (6, 2, 3)
    assert (chosen.sum(dim=2) == 1).all()
    assert len(chosen[:, -1].unique(dim=0)) > 1  # the images do decide
    assert not experts._forward_pre_hooks


def test_a_single_expert_needs_no_router() -> None:
    """restore(local(a) * context(b)) + bias, as the softmax of one number is 1."""
    experts = LowRankExperts(4, (3,), top_k=1)
    assert experts.router is None
    a, b = torch.randn(2, 2, 4, 5, 5)
    expected = F.conv2d(
        experts.local(a) * experts.context(b), experts.restore.weight, experts.restore_bias[0]
    )
    torch.testing.assert_close(experts(a, b), expected)


def test_every_expert_starts_within_its_own_bounds() -> None:
    """PyTorch's default for a 1x1 convolution r -> C: uniform within 1 / sqrt(r)."""
    experts = LowRankExperts(4000, (2, 50), top_k=1)
    for rank, weight, bias in zip(
        (2, 50), torch.split(experts.restore.weight, [2, 50], 1), experts.restore_bias, strict=True
    ):
        bound = 1 / math.sqrt(rank)
        for values in (weight, bias):
            assert 0.99 * bound < values.abs().max() <= bound


def test_shuffle_order_by_hand() -> None:
    """0, C, 1, C+1, ...: of channels 0-5 the first half is 0, 3, 1 and the second 4, 2, 5."""
    mixer = RankMixer(config(channels=3, shuffle=True))
    seen: list[Tensor] = []
    mixer.expand.register_forward_hook(
        lambda *_: torch.arange(6.0).view(1, 6, 1, 1).expand(1, 6, 4, 4)
    )
    mixer.stripes.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    mixer.aggregate.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    mixer(torch.rand(1, 3, 4, 4))
    assert [half[0, :, 0, 0].tolist() for half in seen] == [[0, 3, 1], [4, 2, 5]]


@pytest.mark.parametrize(
    ("growth", "ranks"),
    [
        ("linear", (2, 3, 4, 5, 6, 7)),
        ("exponential", (2, 4, 8, 16, 32, 64)),
        ("double", (2, 4, 6, 8, 10, 12)),
    ],
)
def test_rank_growth(growth: str, ranks: tuple[int, ...]) -> None:
    assert ranks_of(growth, 6) == ranks  # type: ignore[arg-type]  # a plain string
    assert ranks_of(growth, 1) == (2,)  # type: ignore[arg-type]


def test_no_experts_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        ranks_of("linear", 0)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"top_k": 4}, r"number of experts \(3\), got 4"),
        ({"top_k": 0}, "top_k"),
        ({"ranks": ()}, "ranks"),
        ({"ranks": (2, 0)}, "ranks"),
        ({"kernel": 4}, "must be odd to keep height and width, got 4; use 3 or 5"),
        ({"kernel": 1}, "kernel"),
        ({"kernel": 33}, "kernel"),
        ({"recursion": 4}, "recursion"),
        ({"ffn_ratio": 1.2}, r"even whole number, got 1.2 \* 8 = 9.6; 2.0 always fits"),
        ({"ffn_ratio": 1.0, "channels": 9}, "even whole number"),
        ({"ffn_ratio": 1e-12}, "even whole number"),
        ({"ffn_ratio": 1e300}, "ffn_ratio"),
        ({"shuffle": 1}, "shuffle"),
        ({"image_skip": "nearest"}, "image_skip"),
    ],
)
def test_impossible_configurations_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**fields)


def test_every_even_inner_width_can_be_written_as_a_ratio() -> None:
    for channels in range(1, 65):
        for inner in range(2, 8 * channels + 1, 2):
            assert config(channels=channels, ffn_ratio=inner / channels).ffn_channels == inner


@pytest.mark.parametrize(("recursion", "size"), [(0, 1), (1, 4), (2, 16), (3, 64)])
def test_minimum_size(recursion: int, size: int) -> None:
    network = SeemoRe(config(recursion=recursion, groups=1))
    assert network.config.minimum_size_px == size
    assert network(torch.rand(1, 3, size, size)).shape == (1, 3, 2 * size, 2 * size)
    if size > 1:
        with pytest.raises(ValueError, match=f"at least {size}x{size} px"):
            network(torch.rand(1, 3, size, size - 1))


def test_without_recursion_the_context_keeps_full_resolution_and_no_dead_weights() -> None:
    network = SeemoRe(config(recursion=0))
    assert not [name for name in network.state_dict() if "aggregate" in name]


@given(st.permutations([2, 4, 3, 7]), st.integers(1, 4))
@settings(max_examples=10, deadline=None)
def test_the_order_of_experts_is_no_part_of_the_network(ranks: list[int], top_k: int) -> None:
    """Configs that differ in it share an id, and permuted weights give the same images."""
    given_order = config(ranks=tuple(ranks), top_k=top_k, groups=1)
    canonical = given_order.canonical()
    assert canonical.ranks == (2, 3, 4, 7)
    assert canonical.arch_id == given_order.arch_id
    network, sorted_network = randomised(given_order), SeemoRe(canonical).eval()
    experts = sorted(range(4), key=ranks.__getitem__)
    rows = [sum(ranks[:e]) + row for e in experts for row in range(ranks[e])]
    weights = network.state_dict()
    prefix = "groups.0.0.mixer.experts"
    for name in ("local.weight", "local.bias", "context.weight", "context.bias"):
        weights[f"{prefix}.{name}"] = weights[f"{prefix}.{name}"][rows]
    weights[f"{prefix}.restore.weight"] = weights[f"{prefix}.restore.weight"][:, rows]
    weights[f"{prefix}.restore_bias"] = weights[f"{prefix}.restore_bias"][experts]
    weights[f"{prefix}.router.weight"] = weights[f"{prefix}.router.weight"][experts]
    sorted_network.load_state_dict(weights)
    images = torch.rand(2, 3, 8, 8)
    with torch.no_grad():
        torch.testing.assert_close(network(images), sorted_network(images))


@pytest.mark.parametrize(
    "fields",
    [
        {"ranks": (2, 4)},
        {"top_k": 2},
        {"recursion": 2},
        {"shuffle": False},
        {"kernel": 13},
        {"ffn_ratio": 1.0},
        {"image_skip": "bilinear"},
        {"channels": 10},
        {"groups": 3},
        {"scale": 3},
    ],
)
def test_hyperparameters_with_effect_change_the_network(fields: dict[str, object]) -> None:
    assert config(**fields).arch_id != config().arch_id


@pytest.mark.parametrize("top_k", [1, 3])
def test_gradients_reach_the_chosen_experts_and_every_router_row(top_k: int) -> None:
    network = randomised(config(groups=1, top_k=top_k))
    network(torch.rand(1, 3, 8, 8)).square().sum().backward()
    gradients = {name: p.grad.abs() for name, p in network.named_parameters() if p.grad is not None}
    experts = "groups.0.0.mixer.experts"
    assert (gradients[f"{experts}.restore_bias"].sum(dim=1) > 0).sum() == top_k
    assert (gradients[f"{experts}.router.weight"].sum(dim=1) > 0).all()


def test_the_catalogue_names_of_the_variants() -> None:
    """Section 5 of the specification."""
    b, large = catalogue_config("seemore-b", 3), catalogue_config("seemore-l", 2)
    assert b == SeemoReConfig(scale=3, channels=48, groups=8, recursion=2, shuffle=True)
    assert large == SeemoReConfig(scale=2, channels=48, groups=16, recursion=1, shuffle=False)
    assert b.ranks == large.ranks == ranks_of("exponential", 3)


every_variant = pytest.mark.parametrize("variant", ["masked", "selected", "folded"])


@every_variant
@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"top_k": 2},
        {"shuffle": False},
        {"recursion": 2, "scale": 3, "kernel": 5},
        {"channels": 9, "scale": 4, "ffn_ratio": 4.0},
        {"ranks": (3, 1), "image_skip": "bilinear"},
    ],
)
def test_every_variant_gives_the_same_images(variant: str, fields: dict[str, object]) -> None:
    """Of a batch in which the images choose different experts."""
    network = randomised(config(**fields))
    images = torch.rand(4, 3, 17, 22) * torch.tensor([0.1, 1.0, 2.0, 5.0]).view(4, 1, 1, 1)
    with torch.no_grad():
        expected = network(images)
        torch.testing.assert_close(
            in_variant(network, variant)(images), expected, atol=1e-5, rtol=1e-5
        )


@every_variant
def test_every_variant_of_the_published_network_gives_the_same_images(variant: str) -> None:
    network = randomised(SeemoReConfig(scale=2))
    image = torch.rand(1, 3, 18, 21)
    with torch.no_grad():
        bound = 1e-5 * float(network(image).abs().max())
        expected = network(image)
        torch.testing.assert_close(
            in_variant(network, variant)(image), expected, atol=bound, rtol=0
        )


def test_the_selected_variant_computes_the_chosen_experts_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Convolutions to as many channels as the rank of one expert, of each image its own."""
    network = SeemoRe(config(groups=1, channels=8, ranks=(2, 4, 3)))
    experts = in_variant(network, "selected").groups[0][0].mixer.experts
    monkeypatch.setattr(experts.experts, "weights_of", lambda a: torch.eye(3)[[1, 0, 2]])
    outputs: list[int] = []
    conv2d = F.conv2d

    def counted(x: Tensor, weight: Tensor, *rest: Tensor) -> Tensor:
        outputs.append(len(weight))
        return conv2d(x, weight, *rest)

    monkeypatch.setattr(F, "conv2d", counted)
    a, b = torch.rand(2, 3, 8, 4, 5)
    experts(a, b)
    assert outputs == [4, 4, 8, 2, 2, 8, 3, 3, 8]


@pytest.mark.parametrize(
    ("fields", "variants"),
    [
        ({}, ("masked", "selected", "folded")),
        ({"top_k": 3}, ("masked", "folded")),
        ({"ranks": (4,)}, ("masked", "folded")),
        ({"recursion": 0}, ("masked", "selected")),
    ],
)
def test_variants(fields: dict[str, object], variants: tuple[str, ...]) -> None:
    assert variants_of(config(**fields)) == variants


def test_the_folded_variant_of_a_single_expert() -> None:
    network = randomised(config(ranks=(4,)))
    images = torch.rand(2, 3, 9, 8)
    with torch.no_grad():
        expected = network(images)
        folded = in_variant(network, "folded")(images)
        torch.testing.assert_close(folded, expected, atol=1e-5, rtol=1e-5)
