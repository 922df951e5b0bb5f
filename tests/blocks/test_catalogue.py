"""The catalogue against the counts measured on the authors' code and the paper's table."""

import pytest
import torch

from blocks import CATALOGUE, SplitSRConfig, build_network, catalogue_config
from blocks.networks.registry import NetworkConfig
from profilers.counting.analytic_cost import macs_bound
from profilers.counting.paths import macs_lr_size_px

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
    # The 12,464 weights and 173 biases, and a slope for each of 56 + 12 + 4 x 12 + 56 channels.
    ("fsrcnn-pytorch", 2): 12_809,
    ("fsrcnn-pytorch", 3): 12_809,
    ("fsrcnn-pytorch", 4): 12_809,
    ("fsrcnn-rgb", 4): 24_515,
    ("fsrcnn-rgb-36", 4): 17_635,
    ("fsrcnn-rgb-16", 4): 10_755,
    ("edsr-baseline", 2): 1_369_859,
    ("edsr-baseline", 3): 1_554_499,
    ("edsr-baseline", 4): 1_517_571,
    ("carn-m", 4): 294_939,
    ("carn-m-52", 4): 195_651,
    ("carn-m-36", 4): 94_851,
    # What the scales share, 219,907, and 256, 576 or twice 256 grouped 3x3 kernels of 16 channels.
    ("carn-m-original", 2): 219_907 + 256 * 145,
    ("carn-m-original", 3): 219_907 + 576 * 145,
    ("carn-m-original", 4): 219_907 + 512 * 145,
    # Of 64 to 256, 64 to 576 and twice 64 to 256 channels is what the scales differ by.
    ("msrresnet", 2): 1_517_571 - 256 * 577,
    ("msrresnet", 3): 1_517_571 - 512 * 577 + 576 * 577,
    ("msrresnet", 4): 1_517_571,
    ("msrresnet-52", 4): 1_002_771,
    ("msrresnet-36", 4): 481_683,
    ("rcan", 2): 15_592_379 - 256 * 577,
    ("rcan", 3): 15_592_379 - 512 * 577 + 576 * 577,
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
        ("carn-m-original", 2): 91_200_000_000,
        ("carn-m-original", 3): 46_100_000_000,
        ("carn-m-original", 4): 32_500_000_000,
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
    known = "known: seemore-t, seemore-b, seemore-l, splitsr, smsr, fsrcnn, fsrcnn-pytorch, .*2025$"
    with pytest.raises(ValueError, match=f"no network 'seemor-t'; {known}"):
        catalogue_config("seemor-t", 2)


def test_an_unknown_scale_lists_the_known() -> None:
    with pytest.raises(ValueError, match="scales 2, 3, 4, got 5"):
        catalogue_config("splitsr", 5)
    with pytest.raises(ValueError, match="rcan-50 is published at the scales 4, got 2"):
        catalogue_config("rcan-50", 2)


@pytest.mark.parametrize(("scale", "printed_gmacs"), [(2, 91.2), (3, 46.1), (4, 32.5)])
def test_carn_m_of_its_authors_has_the_macs_they_print(scale: int, printed_gmacs: float) -> None:
    """A third of 1280 is no whole number, so the authors count 1280 x 720 / 9 pixels."""
    config = catalogue_config("carn-m-original", scale)
    height, width = macs_lr_size_px(scale)
    per_px = macs_bound(config).total / (height * width)
    assert round(per_px * 1280 * 720 / scale**2 / 1e9, 1) == printed_gmacs


def test_carn_m_of_its_authors_has_412_k_weights() -> None:
    """They count the kernels of one network for all scales, which shares all but the upsamplers."""
    shapes = {}
    for scale in (2, 3, 4):
        with torch.device("meta"):
            network = build_network(catalogue_config("carn-m-original", scale))
        for name, tensor in network.named_parameters():
            if tensor.dim() == 4:
                own = f"{scale}." if name.startswith("upsampler") else ""
                shapes[own + name] = tensor.numel()
    assert sum(shapes.values()) == 412_032


@pytest.mark.parametrize(
    ("name", "arch_id"),
    [
        ("carn-m", "carn-x4-735430283d"),
        ("classsr-carn-m", "classsr-x4-d39460cdf3"),
        ("fsrcnn-rgb", "fsrcnn-x4-61234e5902"),
    ],
)
def test_networks_of_before_keep_their_identity(name: str, arch_id: str) -> None:
    """Stored runs name networks by it; the ids are those of before the authors' own designs."""
    assert catalogue_config(name, 4).arch_id == arch_id
