"""What holds for every variant of every network.

Covers blocks.variants.registry, blocks.variants.variant and the variants of each family:
blocks.variants.classsr, blocks.variants.fsrcnn, blocks.variants.safmn, blocks.variants.seemore,
blocks.variants.seemore_folded, blocks.variants.span, blocks.variants.splitsr and
blocks.variants.hybrid.
"""

import pytest
import torch
from torch import nn

from blocks import (
    ClassSRConfig,
    EdsrConfig,
    FsrcnnConfig,
    HybridConfig,
    InterpolationConfig,
    NetworkConfig,
    SafmnConfig,
    SeemoReConfig,
    SmsrConfig,
    SpanConfig,
    SplitSRConfig,
    build_network,
    in_variant,
    variants_of,
)
from blocks.variants.registry import VARIANTS

CONFIGS: tuple[NetworkConfig, ...] = (
    SeemoReConfig(scale=2, channels=12, groups=2),
    SplitSRConfig(scale=2, channels=16, groups=2, blocks=3, active_channels=4, hybrid_index=1),
    FsrcnnConfig(scale=3, channels=8),
    SafmnConfig(scale=2, channels=8, blocks=1),
    SmsrConfig(scale=2, channels=16, modules=2),
    SpanConfig(scale=2, channels=8, blocks=1, form="training"),
    HybridConfig(scale=2, channels=16, groups=("split", "experts", "plain"), recursion=1),
    HybridConfig(scale=2, channels=16, groups=("split", "experts", "masked"), recursion=1),
    ClassSRConfig(
        scale=2,
        branches=(InterpolationConfig(scale=2), FsrcnnConfig(scale=2, channels=8, design="rgb")),
        patch_px=16,
        stride_px=12,
    ),
)
CASES = [(config, variant) for config in CONFIGS for variant in variants_of(config)]
# These decide in Python by what an image shows.
DECIDING = ("selected", "sparse", "routed", "routed_shuffled")
every_variant = pytest.mark.parametrize(
    ("config", "variant"), CASES, ids=lambda value: getattr(value, "family", value)
)


@every_variant
def test_a_variant_leaves_the_network_as_it_is(config: NetworkConfig, variant: str) -> None:
    network = build_network(config)
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    made = in_variant(network, variant)
    for tensor in made.state_dict().values():
        tensor.zero_()
    after = network.state_dict()
    assert network.training and not made.training
    assert after.keys() == before.keys()
    assert all(torch.equal(after[name], before[name]) for name in before)


@every_variant
def test_a_variant_keeps_the_layout_and_the_type(config: NetworkConfig, variant: str) -> None:
    network = build_network(config).double()
    images = torch.rand(2, 3, 17, 18, dtype=torch.float64)
    with torch.no_grad():
        expected = network(images)
        made = in_variant(network, variant).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        output = made(images.contiguous(memory_format=torch.channels_last))
    if variant != "all_branches":  # made for graphs, which have one layout
        assert output.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(output, expected, rtol=1e-9, atol=1e-9)


@every_variant
def test_a_variant_gives_a_batch_what_it_gives_single_images(
    config: NetworkConfig, variant: str
) -> None:
    made = in_variant(build_network(config), variant)
    images = torch.rand(3, 3, 17, 16)
    with torch.no_grad():
        singles = torch.cat([made(image[None]) for image in images])
        torch.testing.assert_close(made(images), singles)


@pytest.mark.parametrize(
    ("config", "variant"), [case for case in CASES if case[1] not in DECIDING], ids=str
)
def test_variants_that_branch_on_no_value_can_be_exported(
    config: NetworkConfig, variant: str
) -> None:
    made = in_variant(build_network(config), variant)
    images = torch.rand(1, 3, 17, 16)
    exported = torch.export.export(made, (images,)).module()
    with torch.no_grad():
        torch.testing.assert_close(exported(images), made(images))


def test_every_family_with_variants_is_here() -> None:
    assert {config.family for config in CONFIGS} == VARIANTS.keys()


def test_bad_input_is_refused_in_every_variant() -> None:
    for config, variant in CASES:
        made = in_variant(build_network(config), variant)
        with pytest.raises(ValueError, match=r"images of shape \(N, 3, h, w\), got \(3, 8, 8\)"):
            made(torch.rand(3, 8, 8))


def test_networks_without_variants_have_their_own() -> None:
    network = build_network(EdsrConfig(scale=2, blocks=1))
    assert variants_of(network.config) == ("plain",)
    assert isinstance(in_variant(network, "plain"), nn.Module)
    with pytest.raises(ValueError, match="variant must be one of plain for edsr, got 'sparse'"):
        in_variant(network, "sparse")
