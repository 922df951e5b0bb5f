"""ClassSR: routing against plain loops over patches, and the published figures."""

from pathlib import Path

import pytest
import torch
import yaml
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks import (
    CarnConfig,
    ClassSR,
    ClassSRConfig,
    FsrcnnConfig,
    InterpolationConfig,
    SplitSRConfig,
    build_network,
    in_variant,
    load_network,
    parse_network_config,
    save_checkpoint,
    variants_of,
)
from blocks.layers import SuperResolutionNetwork

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "classsr-mixed-x4.yaml"
CONFIG = ClassSRConfig(
    scale=2,
    branches=(
        InterpolationConfig(scale=2),
        FsrcnnConfig(scale=2, channels=8, design="rgb"),
        CarnConfig(scale=2, channels=8),
    ),
    patch_px=16,
    stride_px=12,
    classifier_channels=8,
)
BRANCHES: dict[str, object] = {
    "branches": [{"family": "interpolation"}, {"family": "fsrcnn", "design": "rgb"}]
}


def mixed_network(config: ClassSRConfig = CONFIG) -> ClassSR:
    """A network whose routes depend on how bright a patch is, from dark to bright."""
    network = build_network(config).eval()
    assert isinstance(network, ClassSR)
    for layer in network.classifier.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.constant_(layer.weight, 1 / layer.weight[0].numel())
    classes = len(config.branches)
    # Feature 0 is the mean brightness m; class k has the logit k m - k^2 / (2 classes), which
    # is the largest for m around k / classes.
    with torch.no_grad():
        network.classifier.output.weight.zero_()
        network.classifier.output.weight[:, 0] = torch.arange(float(classes))
        network.classifier.output.bias.copy_(-(torch.arange(float(classes)) ** 2) / (2 * classes))
    return network


def shaded(*shape: int) -> Tensor:
    """Noise that gets brighter from left to right."""
    return torch.rand(shape) * torch.linspace(0, 1.6, shape[-1]).clamp(max=1)


def routed_to(network: ClassSR, number: int) -> ClassSR:
    """The network with a classifier that sends everything to one branch."""
    with torch.no_grad():
        network.classifier.output.weight.zero_()
        network.classifier.output.bias.zero_()
        network.classifier.output.bias[number] = 1
    return network


def published_logits(network: ClassSR, patch: Tensor) -> Tensor:
    """In the published order: all layers on the cells of one patch, then their mean."""
    features = network.classifier.features(network.classifier.cells(patch))
    pooled = F.avg_pool2d(features, features.shape[2]).flatten(1)
    logits: Tensor = network.classifier.output(pooled)
    return logits


def share(pixel: int, window: int, windows: int, size: int, overlap: int) -> float:
    """The weight of a pixel of a window along one axis, in high-resolution pixels."""
    before = (pixel + 0.5) / overlap if window > 0 else 1.0
    behind = (size - pixel - 0.5) / overlap if window < windows - 1 else 1.0
    return min(1.0, before, behind)


def patch_by_patch(network: ClassSR, images: Tensor) -> Tensor:
    """What the network means, in plain loops; an overlap must be wider than nothing."""
    config = network.config
    p, t, scale = config.patch_px, config.stride_px, config.scale
    height, width = images.shape[2:]
    rows, columns = -(-(height - p) // t) + 1, -(-(width - p) // t) + 1
    below, beside = (rows - 1) * t + p - height, (columns - 1) * t + p - width
    padded = F.pad(images, (0, beside, 0, below), mode="reflect")
    total = torch.zeros(len(images), 3, *(scale * length for length in padded.shape[2:]))
    size, overlap = scale * p, scale * (p - t)
    for n in range(len(images)):
        for i in range(rows):
            for j in range(columns):
                patch = padded[n : n + 1, :, i * t : i * t + p, j * t : j * t + p]
                branch = network.branches[int(published_logits(network, patch).argmax())]
                y = torch.tensor([share(k, i, rows, size, overlap) for k in range(size)])
                x = torch.tensor([share(k, j, columns, size, overlap) for k in range(size)])
                top, left = i * t * scale, j * t * scale
                total[n, :, top : top + size, left : left + size] += (
                    branch(patch)[0] * y[:, None] * x
                )
    return total[:, :, : scale * height, : scale * width]


@pytest.mark.parametrize("size", [(16, 16), (17, 41), (40, 28), (53, 64)])
def test_routing_is_what_plain_loops_over_patches_give(size: tuple[int, int]) -> None:
    network, images = mixed_network(), shaded(2, 3, *size)
    with torch.no_grad():
        torch.testing.assert_close(
            network(images), patch_by_patch(network, images), atol=1e-6, rtol=0
        )


def test_the_loops_above_take_every_route() -> None:
    assert set(mixed_network().classify(shaded(2, 3, 53, 64)).flatten().tolist()) == {0, 1, 2}


def test_the_classifier_gives_over_the_whole_image_what_it_gives_per_patch() -> None:
    network, images = build_network(CONFIG), torch.rand(2, 3, 40, 53, dtype=torch.float64)
    assert isinstance(network, ClassSR)
    network.double()
    windows = network.covering_windows(images)
    with torch.no_grad():
        whole = network.classifier(windows.fit(images))
        expected = published_logits(network, windows.cut(images))
    assert whole.shape == (2, 3, 3, 5)
    torch.testing.assert_close(whole.permute(0, 2, 3, 1).flatten(0, 2), expected)
    with torch.no_grad():
        torch.testing.assert_close(network.classifier.of_whole(windows.cut(images)), expected)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_all_patches_may_take_one_branch(number: int) -> None:
    network, images = routed_to(mixed_network(), number), torch.rand(1, 3, 45, 33)
    assert torch.equal(network.classify(images), torch.full((1, 4, 3), number))
    with torch.no_grad():
        expected = patch_by_patch(network, images)
        torch.testing.assert_close(network(images), expected, atol=1e-6, rtol=0)
        # The path of the branch is that of such an image.
        assert torch.equal(network.paths()[number](images), network(images))


def test_one_patch_may_take_another_branch() -> None:
    network, images = mixed_network(), torch.zeros(1, 3, 40, 40)
    images[:, :, 28:, 28:] = 1
    assert network.classify(images).flatten().tolist() == [0, 0, 0, 0, 0, 0, 0, 0, 2]
    with torch.no_grad():
        expected = patch_by_patch(network, images)
        torch.testing.assert_close(network(images), expected, atol=1e-6, rtol=0)


def test_bilinear_branches_show_no_seams() -> None:
    """Inside, where no patch border is near, they give what the whole image gives."""
    branches = (InterpolationConfig(scale=2, mode="bilinear"),) * 2
    network = build_network(CONFIG.replace(branches=branches))
    ramps = torch.linspace(0, 1, 40).expand(1, 3, 40, 40)
    expected = F.interpolate(ramps, scale_factor=2, mode="bilinear")
    # The border of a patch repeats its last pixel: 1/4 of a step, times a weight of 1/16.
    bound = 0.25 / 39 / 16 + 1e-6
    torch.testing.assert_close(network(ramps)[..., :-4], expected[..., :-4], atol=bound, rtol=0)


def test_every_variant_gives_the_same_images() -> None:
    network = mixed_network()
    for size in ((16, 16), (45, 33), (28, 64)):
        images = shaded(2, 3, *size)
        with torch.no_grad():
            expected = network(images)
            for name in variants_of(CONFIG):
                variant = in_variant(network, name)
                torch.testing.assert_close(variant(images), expected, atol=1e-6, rtol=0)


def test_only_branches_of_fsrcnn_can_be_shuffled() -> None:
    assert variants_of(CONFIG) == ("routed", "routed_shuffled", "all_branches")
    branches = (InterpolationConfig(scale=2), CarnConfig(scale=2, channels=8))
    assert variants_of(CONFIG.replace(branches=branches)) == ("routed", "all_branches")


def test_a_branch_that_overflows_does_not_spoil_the_others() -> None:
    network = routed_to(mixed_network(), 0)
    nn.init.constant_(network.last_convolutions[0].weight, float("inf"))
    images = torch.rand(1, 3, 20, 20)
    with torch.no_grad():
        assert network(images).isfinite().all()
        assert in_variant(network, "all_branches")(images).isfinite().all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_all_branches_are_one_onnx_graph_for_every_route() -> None:
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    network = mixed_network()
    program = torch.onnx.export(
        in_variant(network, "all_branches"),
        (torch.zeros(1, 3, 29, 41),),
        input_names=["images"],
        opset_version=20,
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    session = onnxruntime.InferenceSession(program.model_proto.SerializeToString())
    seen = set()
    for images in (shaded(1, 3, 29, 41), 0.1 * torch.rand(1, 3, 29, 41), torch.ones(1, 3, 29, 41)):
        (output,) = session.run(None, {"images": images.numpy()})
        with torch.no_grad():
            torch.testing.assert_close(torch.from_numpy(output), network(images), atol=1e-5, rtol=0)
        seen.add(tuple(network.classify(images).flatten().tolist()))
    assert len(seen) == 3


def test_huge_images_go_through_in_chunks() -> None:
    network = routed_to(mixed_network(), 1)
    sizes: list[int] = []
    network.branches[1].register_forward_hook(lambda _b, inputs, _o: sizes.append(len(inputs[0])))
    with torch.no_grad():
        network(torch.rand(2, 3, 16 + 12 * 11, 16 + 12 * 10))
    # 2 x 12 x 11 patches of 256 pixels, 4 x 1024 pixels at a time.
    assert sizes == [16] * 16 + [8]


def test_soft_images_are_weighted_by_probability() -> None:
    network, patches = mixed_network(), shaded(5, 3, 16, 16)
    with torch.no_grad():
        soft = network.soft(patches)
        expected = published_logits(network, patches).exp()
        expected = expected / expected.sum(dim=1, keepdim=True)
        mixed = sum(
            expected[:, i].view(-1, 1, 1, 1) * branch(patches)
            for i, branch in enumerate(network.branches)
        )
    torch.testing.assert_close(soft.probabilities, expected)
    torch.testing.assert_close(network.probabilities(patches), expected)
    torch.testing.assert_close(soft.images, mixed)


def test_routing_has_no_gradient_for_the_classifier() -> None:
    network = mixed_network()
    network(shaded(1, 3, 40, 40)).square().mean().backward()
    assert all(parameter.grad is None for parameter in network.classifier.parameters())
    assert all(
        parameter.grad is not None and parameter.grad.any()
        for branch in network.branches
        for parameter in branch.parameters()
    )


@pytest.mark.parametrize("size", [(16, 20), (20, 20)])
def test_soft_takes_patches_only(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match=r"patches must be 16x16 px.* got \d+x20"):
        mixed_network().soft(torch.rand(1, 3, *size))


def test_images_must_hold_a_patch() -> None:
    message = "classsr needs images of at least 16x16 px, got 15x40"
    for call in (build_network(CONFIG), mixed_network().classify):
        with pytest.raises(ValueError, match=message):
            call(torch.rand(1, 3, 15, 40))


def test_last_convolutions_are_those_of_the_branches() -> None:
    network = mixed_network()
    expected: list[nn.Module] = []
    for branch in network.branches:
        assert isinstance(branch, SuperResolutionNetwork)
        expected += branch.last_convolutions
    assert list(network.last_convolutions) == expected
    assert len(expected) == 2


def test_the_mixed_example_is_a_model_of_three_systems() -> None:
    config = parse_network_config(yaml.safe_load(EXAMPLE.read_text()))
    assert isinstance(config, ClassSRConfig)
    assert [branch.family for branch in config.branches] == ["interpolation", "splitsr", "seemore"]


def test_the_mixed_example_keeps_its_weights_in_a_checkpoint(tmp_path: Path) -> None:
    network = build_network(parse_network_config(yaml.safe_load(EXAMPLE.read_text()))).eval()
    save_checkpoint(tmp_path / "x.safetensors", network.state_dict(), network.config, {})
    loaded = load_network(tmp_path / "x.safetensors").eval()
    images = torch.rand(1, 3, 33, 32)
    with torch.no_grad():
        assert torch.equal(loaded(images), network(images))


def test_canonical_form_is_that_of_the_branches() -> None:
    split = SplitSRConfig(scale=2, channels=8, hybrid_index=0, active_channels=4)
    config = CONFIG.replace(branches=(*CONFIG.branches, split))
    assert config.canonical().branches[-1] == split.canonical() != split
    assert config.arch_id == CONFIG.replace(branches=(*CONFIG.branches, split.canonical())).arch_id
    assert config.receptive_field_radius_px is None


def test_branches_have_the_scale_of_the_whole_unless_they_name_one() -> None:
    config = parse_network_config({"family": "classsr", "scale": 3, **BRANCHES})
    assert isinstance(config, ClassSRConfig)
    assert [branch.scale for branch in config.branches] == [3, 3]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"branches": []}, "branches must be 2 to 5, one for each class of patches, got 0"),
        ({"branches": [{"family": "interpolation"}] * 6}, "branches must be 2 to 5, .* got 6"),
        ({"branches": "fsrcnn"}, "branches should be a valid tuple, got 'fsrcnn'"),
        (
            {"branches": [{"family": "fsrcnn"}, {"family": "fsrcnn", "scale": 2}]},
            r"every branch must have the scale of the whole \(4\), got 2 for branch 2 \(fsrcnn\)",
        ),
        (
            {"branches": [{"family": "fsrcnn"}, {"family": "classsr"}]},
            r"branches\[1\].family 'classsr' is unknown; known: .*, interpolation",
        ),
        (
            {"branches": [{"family": "interpolation", "mode": "nearest"}]},
            r"branches\[0\].mode should be 'bicubic' or 'bilinear', got 'nearest'",
        ),
        ({"patch_px": 30}, "patch_px must be a multiple of 4, .* got 30; use 28"),
        ({"stride_px": 18}, "stride_px must be a multiple of 4, .* got 18; use 16"),
        ({"stride_px": 12}, r"stride_px must be between half of patch_px \(32\) .* got 12"),
        ({"stride_px": 36}, r"stride_px must be between half of patch_px \(32\) .* got 36"),
        (
            {
                "branches": [{"family": "interpolation"}, {"family": "seemore", "recursion": 3}],
                "patch_px": 4,
                "stride_px": 4,
            },
            r"patch_px must be at least 64, which branch 2 \(seemore\) needs, got 4",
        ),
        ({"classifier_layers": 1}, "classifier_layers should be greater than or equal to 2"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_line(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse_network_config({"family": "classsr", "scale": 4, **BRANCHES, **changes})
    assert "\n" not in str(caught.value)


def test_interpolation_is_no_network_of_its_own() -> None:
    with pytest.raises(ValueError, match="family 'interpolation' is unknown"):
        parse_network_config({"family": "interpolation", "scale": 4})
