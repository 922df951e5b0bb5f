"""What holds for every network that any family can build.

Covers blocks.networks.single and the networks that have no test file of their own:
blocks.networks.carn, blocks.networks.edsr, blocks.networks.imdn, blocks.networks.interpolation,
blocks.networks.msrresnet, blocks.networks.rcan, blocks.networks.rlfn and blocks.networks.safmn.
The strategies of the configurations are those that conftest.py registers.

Covers blocks.networks.registry.
"""

import copy
import json
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from blocks import (
    FAMILIES,
    CarnConfig,
    ClassSR,
    ClassSRConfig,
    EdsrConfig,
    FsrcnnConfig,
    HybridConfig,
    ImdnConfig,
    InterpolationConfig,
    MsrResNetConfig,
    NetworkConfig,
    RcanConfig,
    RlfnConfig,
    SafmnConfig,
    SeemoReConfig,
    SmsrConfig,
    SpanConfig,
    SplitSRConfig,
    SuperResolutionNetwork,
    build_network,
    in_variant,
    load_network,
    parse_network_config,
    save_checkpoint,
    variants_of,
)
from blocks.networks.seemore_config import ExpertsConfig
from blocks.networks.single import SINGLE_FAMILIES
from blocks.networks.smsr import MaskedNetwork

SINGLE_TYPES = [family.config_type for family in SINGLE_FAMILIES]
SINGLE_CONFIGS: st.SearchStrategy[NetworkConfig] = st.one_of(*map(st.from_type, SINGLE_TYPES))


@st.composite
def classsr_configs(draw: st.DrawFn) -> ClassSRConfig:
    patch_px = draw(st.sampled_from((8, 12, 16)))
    scale = draw(st.sampled_from((2, 3, 4)))
    interpolations = st.builds(
        InterpolationConfig, scale=st.just(scale), mode=st.sampled_from(("bicubic", "bilinear"))
    )
    branches = st.one_of(interpolations, SINGLE_CONFIGS).filter(
        lambda branch: branch.minimum_size_px <= patch_px
    )
    chosen = draw(st.lists(branches, min_size=2, max_size=3))
    return ClassSRConfig(
        scale=scale,
        branches=tuple(branch.replace(scale=scale) for branch in chosen),
        patch_px=patch_px,
        stride_px=draw(st.integers(-(-patch_px // 8), patch_px // 4)) * 4,
        classifier_channels=draw(st.integers(1, 8)),
        classifier_layers=draw(st.integers(2, 4)),
    )


CONFIGS = st.one_of(SINGLE_CONFIGS, classsr_configs())
SIZES = st.integers(0, 6)
quick = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

EXAMPLES: dict[str, NetworkConfig] = {
    "splitsr": SplitSRConfig(
        scale=2, channels=16, groups=1, hybrid_index=1, active_channels=4, image_skip="bilinear"
    ),
    "seemore": SeemoReConfig(scale=2, channels=16, groups=1, image_skip="bilinear"),
    "smsr": SmsrConfig(scale=2, channels=32, modules=2, layers=3),
    "hybrid": HybridConfig(
        scale=2, channels=32, groups=("masked", "plain", "split", "experts"), recursion=1
    ),
    "fsrcnn": FsrcnnConfig(scale=2, channels=16),
    "edsr": EdsrConfig(scale=2, channels=16, blocks=2),
    "carn": CarnConfig(scale=2, channels=16),
    "msrresnet": MsrResNetConfig(scale=2, channels=16, blocks=2),
    "rcan": RcanConfig(scale=2, channels=32, groups=1, blocks=2),
    "imdn": ImdnConfig(scale=2, channels=32, blocks=2),
    "rlfn": RlfnConfig(scale=2, channels=16, inner_channels=16, blocks=2),
    "safmn": SafmnConfig(scale=2, channels=16, blocks=2),
    "span": SpanConfig(scale=2, channels=16, blocks=2, form="training"),
    "classsr": ClassSRConfig(
        scale=2,
        branches=(
            InterpolationConfig(scale=2),
            FsrcnnConfig(scale=2, channels=8, design="rgb"),
            CarnConfig(scale=2, channels=8),
        ),
        patch_px=16,
        stride_px=12,
    ),
}
# Of a network whose own variant decides in Python, the variant that is one graph.
GRAPH_VARIANTS = {"classsr": "all_branches"}


every_family = pytest.mark.parametrize("family", FAMILIES)


@given(CONFIGS)
@settings(deadline=None)
def test_json_round_trip(config: NetworkConfig) -> None:
    assert parse_network_config(json.loads(config.model_dump_json())) == config
    assert parse_network_config(config.model_dump()) == config


@given(CONFIGS)
@settings(deadline=None)
def test_canonical_form_is_the_last(config: NetworkConfig) -> None:
    canonical = config.canonical()
    assert canonical.canonical() == canonical
    assert canonical.arch_id == config.arch_id
    assert parse_network_config(json.loads(canonical.model_dump_json())).arch_id == config.arch_id


@given(CONFIGS)
@quick
def test_canonical_form_builds_the_same_tensors(config: NetworkConfig) -> None:
    with torch.device("meta"):
        built, canonical = build_network(config), build_network(config.canonical())
    assert [(name, t.shape) for name, t in built.state_dict().items()] == [
        (name, t.shape) for name, t in canonical.state_dict().items()
    ]


@given(st.one_of(st.from_type(SplitSRConfig), st.from_type(HybridConfig)))
@quick
def test_canonical_form_gives_the_same_images(config: SplitSRConfig | HybridConfig) -> None:
    """SeemoRe's, where the order of experts counts, is compared in its own file."""
    if isinstance(config, HybridConfig):
        config = config.replace(ranks=sorted(config.ranks))
    built, canonical = build_network(config), build_network(config.canonical())
    canonical.load_state_dict(built.state_dict())
    images = torch.rand(1, 3, 4, 5)
    with torch.no_grad():
        assert torch.equal(built(images), canonical(images))


@given(CONFIGS, SIZES, SIZES, st.integers(1, 3))
@quick
def test_shape_on_the_meta_device(
    config: NetworkConfig, extra_rows: int, extra_columns: int, batch: int
) -> None:
    with torch.device("meta"):
        network = build_network(config)
    height, width = config.minimum_size_px + extra_rows, config.minimum_size_px + extra_columns
    for path in network.paths():
        output = path(torch.empty(batch, 3, height, width, device="meta"))
        assert output.shape == (batch, 3, config.scale * height, config.scale * width)


@given(CONFIGS)
@quick
def test_a_batch_in_eval_gives_what_single_images_give(config: NetworkConfig) -> None:
    # In double, since networks that work in 0 to 255 round by 1e-5 in single precision.
    network = build_network(config).double().eval()
    size = config.minimum_size_px
    images = torch.rand(3, 3, size + 1, size + 2, dtype=torch.float64)
    with torch.no_grad():
        singles = torch.cat([network(image[None]) for image in images])
        torch.testing.assert_close(network(images), singles, atol=1e-6, rtol=1e-6)


@given(CONFIGS, SIZES, SIZES)
@quick
def test_every_variant_gives_the_same_images(
    config: NetworkConfig, extra_rows: int, extra_columns: int
) -> None:
    # In double, so that rounding does not turn a mask, a route or an expert over.
    network = build_network(config).double().eval()
    size = config.minimum_size_px
    images = torch.rand(2, 3, size + extra_rows, size + extra_columns, dtype=torch.float64)
    with torch.no_grad():
        expected = network(images)
        for variant in variants_of(config):
            output = in_variant(network, variant)(images)
            torch.testing.assert_close(output, expected, atol=1e-8, rtol=1e-8)


@given(CONFIGS)
@quick
def test_a_checkpoint_is_the_network(config: NetworkConfig) -> None:
    network = build_network(config).eval()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.safetensors")
        save_checkpoint(path, network.state_dict(), config, {})
        loaded = load_network(path).eval()
    assert loaded.config == config
    images = torch.rand(1, 3, config.minimum_size_px, config.minimum_size_px)
    with torch.no_grad():
        assert torch.equal(loaded(images), network(images))


@given(CONFIGS)
@quick
def test_an_image_below_the_minimum_is_refused(config: NetworkConfig) -> None:
    size = config.minimum_size_px
    network = build_network(config)
    with pytest.raises(ValueError, match=rf"at least {size}x{size} px, got {size - 1}x{size};"):
        network(torch.rand(1, 3, size - 1, size))


@given(SINGLE_CONFIGS)
@quick
def test_the_last_convolution_is_the_last(config: NetworkConfig) -> None:
    """Zeroed, nothing but the mean colour and the skip are left: no effect of the rest."""
    network = build_network(config).eval()
    for last in network.last_convolutions:
        for parameter in last.parameters():
            nn.init.zeros_(parameter)
    size = config.minimum_size_px
    images = torch.rand(1, 3, size, size)
    with torch.no_grad():
        learned = network.enlarge(images)
    assert torch.count_nonzero(learned) == 0


@pytest.mark.parametrize(
    "config",
    [
        *EXAMPLES.values(),
        FsrcnnConfig(scale=3, channels=16, design="rgb"),
        FsrcnnConfig(scale=3, channels=16, design="luma_pytorch"),
        CarnConfig(scale=2, channels=8, design="original"),
        SafmnConfig(scale=4, channels=16, blocks=2, design="ntire"),
        SpanConfig(scale=3, channels=16, fusion_channels=8, blocks=2),
        SeemoReConfig(scale=2, channels=8, groups=1, recursion=1, dense_kind="partial"),
        SeemoReConfig(scale=2, channels=8, groups=1, recursion=1, dense_kind="separable"),
        SeemoReConfig(scale=2, channels=8, groups=1, recursion=1, dense_kind="grouped"),
    ],
    ids=lambda config: config.arch_id,
)
def test_gradients_reach_every_parameter(config: NetworkConfig) -> None:
    """Every expert and branch chosen and every mask soft, so that no part is left out."""
    if isinstance(config, ExpertsConfig):
        config = config.replace(top_k=len(config.ranks))
    network = build_network(config)
    images = torch.rand(2, 3, 16, 16)
    output = _soft(network, images)
    output.square().mean().backward()
    silent = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert silent == []


def _soft(network: SuperResolutionNetwork, images: torch.Tensor) -> torch.Tensor:
    """The images as they are trained, where that is not how they are computed."""
    match network:
        case MaskedNetwork():
            return network.soft(images, 1.0).images
        case ClassSR():
            return network.soft(images).images
    output: torch.Tensor = network(images)
    return output


@every_family
def test_train_and_eval_are_the_same_function(family: str) -> None:
    network = build_network(EXAMPLES[family])
    images = torch.rand(2, 3, 17, 16)
    with torch.no_grad():
        assert torch.equal(network.train()(images), network.eval()(images))


@every_family
def test_channels_last_gives_the_same_images_in_the_same_layout(family: str) -> None:
    network = build_network(EXAMPLES[family]).eval()
    images = torch.rand(2, 3, 17, 18)
    with torch.no_grad():
        expected = network(images)
        network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        output = network(images.contiguous(memory_format=torch.channels_last))
    assert output.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(output, expected)


@every_family
def test_bfloat16_autocast_stays_near(family: str) -> None:
    network = build_network(EXAMPLES[family]).eval()
    images = torch.rand(2, 3, 16, 16)
    with torch.no_grad():
        expected = network(images)
        with torch.autocast("cpu", torch.bfloat16):
            output = network(images)
    assert output.dtype == torch.float32
    bound = max(1.0, float(expected.abs().max()))
    torch.testing.assert_close(output, expected, atol=0.05 * bound, rtol=0)


@every_family
def test_networks_can_be_copied_and_exported(family: str) -> None:
    config = EXAMPLES[family]
    variant = GRAPH_VARIANTS.get(family, variants_of(config)[0])
    network = copy.deepcopy(in_variant(build_network(config), variant))
    images = torch.rand(1, 3, 16, 16)
    exported = torch.export.export(network, (images,)).module()
    with torch.no_grad():
        torch.testing.assert_close(exported(images), network(images))


@every_family
def test_a_family_is_named_by_its_configuration(family: str) -> None:
    entry = FAMILIES[family]
    assert entry.config_type.model_fields["family"].default == family
    assert type(build_network(EXAMPLES[family])) is entry.network_type


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"family": "splitsr"}, "network: scale is required but missing"),
        ({"scale": 2}, "network: family is required but missing"),
        (
            {"family": "seemoer", "scale": 2},
            "network: family 'seemoer' is unknown; did you mean 'seemore'?",
        ),
        (
            {"family": "seemore", "scale": 2, "rank": 3},
            "network: unknown key 'rank'; did you mean 'ranks'?",
        ),
        ({"family": "seemore", "scale": 2, "ranks": [2, 0]}, "network: ranks[1] should be"),
        ({"family": "splitsr", "scale": 2, "channels": "64"}, "got '64'"),
        (["splitsr"], "network: should be a mapping, got ['splitsr']"),
    ],
)
def test_bad_network_data_is_one_clear_line(data: object, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_network_config(data)
    assert message in str(caught.value) and "\n" not in str(caught.value)
