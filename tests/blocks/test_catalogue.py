"""The catalogue against the counts measured on the authors' code and the paper's table."""

import pytest
import torch

from blocks import CATALOGUE, SplitSRConfig, build_network, catalogue_config
from blocks.networks.registry import NetworkConfig

PARAMETERS = {
    ("seemore-t", 2): 220_104,
    ("seemore-t", 3): 224_979,
    ("seemore-t", 4): 231_804,
    ("seemore-b", 2): 490_364,
    ("seemore-b", 3): 496_859,
    ("seemore-b", 4): 505_952,
    ("seemore-l", 2): 953_308,
    ("seemore-l", 3): 959_803,
    ("seemore-l", 4): 968_896,
    ("splitsr", 2): 1_780_899,
    ("splitsr", 3): 1_965_539,
    ("splitsr", 4): 1_928_611,
    ("smsr", 2): 987_306,
    ("smsr", 3): 995_961,
    ("smsr", 4): 1_008_078,
    # 12,464 weights, as the paper counts, 173 biases and 7 slopes.
    ("fsrcnn", 2): 12_644,
    ("fsrcnn", 3): 12_644,
    ("fsrcnn", 4): 12_644,
    ("fsrcnn-rgb", 4): 24_515,
    ("fsrcnn-rgb-36", 4): 17_635,
    ("fsrcnn-rgb-16", 4): 10_755,
    ("edsr-baseline", 2): 1_369_859,
    ("edsr-baseline", 3): 1_554_499,
    ("edsr-baseline", 4): 1_517_571,
    ("carn-m", 4): 294_939,
    ("carn-m-52", 4): 195_651,
    ("carn-m-36", 4): 94_851,
    ("msrresnet", 4): 1_517_571,
    ("msrresnet-52", 4): 1_002_771,
    ("msrresnet-36", 4): 481_683,
    ("rcan", 4): 15_592_379,
    ("rcan-50", 4): 9_521_827,
    ("rcan-36", 4): 4_940_707,
    ("classsr-fsrcnn", 4): 112_940,
    ("classsr-carn-m", 4): 645_476,
    ("classsr-msrresnet", 4): 3_062_060,
    ("classsr-rcan", 4): 30_114_948,
    ("imdn", 2): 694_404,
    ("imdn", 3): 703_059,
    ("imdn", 4): 715_176,
    ("rlfn", 2): 526_856,
    ("rlfn", 3): 533_891,
    ("rlfn", 4): 543_740,
    ("rlfn-s", 2): 454_620,
    ("rlfn-s", 3): 461_115,
    ("rlfn-s", 4): 470_208,
    ("rlfn-ntire", 2): 302_278,
    ("rlfn-ntire", 3): 308_503,
    ("rlfn-ntire", 4): 317_218,
    ("safmn", 2): 227_820,
    ("safmn", 3): 232_695,
    ("safmn", 4): 239_520,
    ("safmn-l", 2): 5_559_308,
    ("safmn-l", 3): 5_576_603,
    ("safmn-l", 4): 5_600_816,
    ("safmn-ntire", 2): 225_300,
    ("safmn-ntire", 3): 230_175,
    ("safmn-ntire", 4): 237_000,
    ("span", 2): 481_324,
    ("span", 3): 488_359,
    ("span", 4): 498_208,
    ("span-s", 2): 410_700,
    ("span-s", 3): 417_195,
    ("span-s", 4): 426_288,
    ("span-train", 2): 2_140_252,
    ("span-train", 3): 2_147_287,
    ("span-train", 4): 2_157_136,
    ("span-s-train", 2): 1_824_900,
    ("span-s-train", 3): 1_831_395,
    ("span-s-train", 4): 1_840_488,
    ("span-ntire-2024", 4): 150_688,
    ("span-ntire-2025", 4): 146_328,
}


def parameters(config: NetworkConfig) -> int:
    with torch.device("meta"):
        return sum(p.numel() for p in build_network(config).parameters())


def test_the_catalogue_holds_each_published_network_once() -> None:
    assert {(entry.name, entry.config.scale) for entry in CATALOGUE} == set(PARAMETERS)
    assert len(CATALOGUE) == len(PARAMETERS)


@pytest.mark.parametrize(("name", "scale"), PARAMETERS)
def test_parameters(name: str, scale: int) -> None:
    assert parameters(catalogue_config(name, scale)) == PARAMETERS[name, scale]


@pytest.mark.parametrize(
    ("active_channels", "hybrid_index", "counts"),
    [
        (16, 0, (3_068_547, 3_253_187, 3_216_259)),
        (16, 2, (2_210_115, 2_394_755, 2_357_827)),
        (8, 3, (1_749_651, 1_934_291, 1_897_363)),
        (16, 3, (1_780_899, 1_965_539, 1_928_611)),
        (32, 3, (1_905_603, 2_090_243, 2_053_315)),
        (64, 3, (2_403_843, 2_588_483, 2_551_555)),
        (16, 4, (1_351_683, 1_536_323, 1_499_395)),
        (16, 5, (922_467, 1_107_107, 1_070_179)),
        (16, 6, (493_251, 677_891, 640_963)),
    ],
)
def test_parameters_of_splitsr_variants(
    active_channels: int, hybrid_index: int, counts: tuple[int, ...]
) -> None:
    configs = [
        SplitSRConfig(scale=s, active_channels=active_channels, hybrid_index=hybrid_index)
        for s in (2, 3, 4)
    ]
    assert tuple(parameters(config) for config in configs) == counts


def test_published_macs_are_those_the_paper_prints() -> None:
    printed = {
        (entry.name, entry.config.scale): entry.macs_published
        for entry in CATALOGUE
        if entry.macs_published is not None
    }
    assert printed == {
        ("seemore-t", 2): 45_000_000_000,
        ("seemore-t", 3): 20_000_000_000,
        ("seemore-t", 4): 12_000_000_000,
        ("smsr", 2): 224_100_000_000,
        ("smsr", 3): 100_500_000_000,
        ("smsr", 4): 57_200_000_000,
        ("fsrcnn", 2): 6_000_000_000,
        ("fsrcnn", 3): 5_000_000_000,
        ("fsrcnn", 4): 4_600_000_000,
        ("msrresnet", 4): 146_000_000_000,
        ("imdn", 2): 158_800_000_000,
        ("imdn", 3): 71_500_000_000,
        ("imdn", 4): 40_900_000_000,
        ("safmn", 2): 51_532_000_000,
        ("safmn", 3): 23_000_000_000,
        ("safmn", 4): 13_555_000_000,
    }


def test_variants_are_said_to_be_variants() -> None:
    variants = {entry.name for entry in CATALOGUE if "its variant of" in entry.source}
    assert variants == {
        "carn-m", "carn-m-52", "carn-m-36", "fsrcnn-rgb", "fsrcnn-rgb-36", "fsrcnn-rgb-16"
    }  # fmt: skip


def test_an_unknown_name_is_answered_with_the_known() -> None:
    known = "known: seemore-t, seemore-b, seemore-l, splitsr, smsr, fsrcnn, fsrcnn-rgb, .*2025$"
    with pytest.raises(ValueError, match=f"no network 'seemor-t'; {known}"):
        catalogue_config("seemor-t", 2)


def test_an_unknown_scale_lists_the_known() -> None:
    with pytest.raises(ValueError, match="scales 2, 3, 4, got 5"):
        catalogue_config("splitsr", 5)
    with pytest.raises(ValueError, match="rcan is published at the scales 4, got 2"):
        catalogue_config("rcan", 2)
