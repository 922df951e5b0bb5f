"""Analytic costs against the printed tables and the closed formulas of the published networks."""

from pathlib import Path

import pytest
import torch
import yaml

from blocks import (
    ClassSR,
    ClassSRConfig,
    NetworkConfig,
    SeemoReConfig,
    SmsrConfig,
    SplitSRConfig,
    build_network,
    catalogue_config,
    in_variant,
    parse_network_config,
    variants_of,
)
from profilers import Target, analytic_cost, count_macs, peak_activation_mib
from profilers.counting.macs import count_call
from profilers.counting.meta_device import build_on_meta
from profilers.counting.paths import macs_lr_size_px


def macs_of(config: NetworkConfig) -> int:
    return analytic_cost(config, Target(lr_height_px=64, lr_width_px=64)).macs


SEEMORE_GMACS = {
    "seemore-t": ("45.87", "20.85", "12.14"),
    "seemore-b": ("103.35", "46.52", "26.73"),
    "seemore-l": ("201.01", "89.86", "51.15"),
}


@pytest.mark.parametrize("name", SEEMORE_GMACS)
def test_seemore_runs_all_experts_of_the_printed_bound(name: str) -> None:
    printed = [f"{macs_of(catalogue_config(name, scale)) / 1e9:.2f}" for scale in (2, 3, 4)]
    assert tuple(printed) == SEEMORE_GMACS[name]


def seemore_formula(config: SeemoReConfig) -> int:
    """Multiply-adds of the published layout (ffn_ratio 2) with all experts."""
    C, N, R = config.channels, config.groups, sum(config.ranks)
    height, width = macs_lr_size_px(config.scale)
    P = height * width
    reduced = [(height // 4**t) * (width // 4**t) for t in range(1, config.recursion + 1)]
    group = P * (21 * C**2 + (24 + 2 * config.kernel) * C + 3 * C * R)
    group += 16 * C * sum(reduced) + (9 * C + C**2) * ([P, *reduced][-1])
    # The router, and the experts' biases weighted by it.
    routing = 2 * C * len(config.ranks) if len(config.ranks) > 1 else 0
    return P * (27 * C + 9 * C**2 + 27 * config.scale**2 * C) + N * (group + routing)


@pytest.mark.parametrize(
    "config",
    [
        *(catalogue_config("seemore-t", scale) for scale in (2, 3, 4)),
        SeemoReConfig(scale=2, channels=17, groups=2, ranks=(3,), recursion=0, shuffle=False),
        SeemoReConfig(scale=4, channels=8, groups=1, ranks=(2, 4), recursion=3, kernel=5),
    ],
)
def test_seemore_equals_the_closed_formula(config: SeemoReConfig) -> None:
    assert macs_of(config) == seemore_formula(config)


# GMACs at x2, x3, x4 of convolutions only; the x3 figures are for an input of 427x240.
REFERENCE_GMACS = {
    "edsr-baseline": ("316.25", "160.44", "114.23"),
    "imdn": ("158.77", "71.50", "40.89"),
    "rlfn": ("115.42", "52.05", "29.82"),
    "rlfn-s": ("98.80", "44.61", "25.59"),
    "rlfn-ntire": ("65.68", "29.85", "17.28"),
    "safmn": ("51.48", "23.40", "13.54"),
    "safmn-l": ("1273.7", "568.3", "320.8"),
    "safmn-ntire": ("51.45", "23.38", "13.53"),
    "span": ("110.64", "49.93", "28.63"),
    "span-s": ("94.39", "42.65", "24.49"),
    "span-train": (None, None, "123.99"),
    "span-s-train": (None, None, "105.77"),
    "span-ntire-2025": (None, None, "8.39"),
}


def rounded_as(printed: str, number: float) -> str:
    """`number` with as many decimals as the table prints."""
    return f"{number:.{len(printed.partition('.')[2])}f}"


@pytest.mark.parametrize(
    ("name", "scale", "printed"),
    [
        (name, scale, printed)
        for name, row in REFERENCE_GMACS.items()
        for scale, printed in zip((2, 3, 4), row, strict=True)
        if printed is not None
    ],
)
def test_reference_networks_equal_the_measured_table(name: str, scale: int, printed: str) -> None:
    network = build_on_meta(lambda: build_network(catalogue_config(name, scale)))
    width = {2: 640, 3: 427, 4: 320}[scale]
    report = count_macs(network, torch.empty(1, 3, 720 // scale, width, device="meta"))
    assert report.uncounted == {}
    assert rounded_as(printed, report.total / 1e9) == printed


@pytest.mark.parametrize(
    ("name", "printed"),
    [("fsrcnn-rgb", "24.92"), ("carn-m", "577.6"), ("msrresnet", "2597.0"), ("rcan", "16300")],
)
def test_classsr_backbones_equal_the_table_of_a_patch(name: str, printed: str) -> None:
    network = build_on_meta(lambda: build_network(catalogue_config(name, 4)))
    total = count_macs(network, torch.empty(1, 3, 32, 32, device="meta")).total
    assert rounded_as(printed, total / 1e6) == printed


@pytest.mark.parametrize(("scale", "printed"), [(2, "6.0"), (3, "5.0"), (4, "4.6")])
def test_fsrcnn_prints_its_transposed_convolution_at_every_output_pixel(
    scale: int, printed: str
) -> None:
    height, width = macs_lr_size_px(scale)
    before = 25 * 56 + 56 * 12 + 4 * 9 * 12**2 + 12 * 56
    last = 81 * 56
    assert macs_of(catalogue_config("fsrcnn", scale)) == height * width * (before + last)
    assert f"{(height * width * before + 720 * 1280 * last) / 1e9:.1f}" == printed


# (active channels, hybrid index): parameters / GMACs at x2, x3, x4, with 64 channels.
# The sheet prints 707.0 for the first entry, whose exact value is 706.948.
SPLITSR_TABLE = {
    (16, 0): ("3068547 / 706.9", "3253187 / 333.4", "3216259 / 211.9"),
    (16, 2): ("2210115 / 509.5", "2394755 / 245.8", "2357827 / 162.5"),
    (8, 3): ("1749651 / 403.6", "1934291 / 198.8", "1897363 / 136.1"),
    (16, 3): ("1780899 / 410.7", "1965539 / 202.0", "1928611 / 137.9"),
    (32, 3): ("1905603 / 439.4", "2090243 / 214.7", "2053315 / 145.0"),
    (64, 3): ("2403843 / 554.1", "2588483 / 265.6", "2551555 / 173.7"),
    (16, 4): ("1351683 / 312.0", "1536323 / 158.2", "1499395 / 113.2"),
    (16, 5): ("922467 / 213.3", "1107107 / 114.4", "1070179 / 88.5"),
    (16, 6): ("493251 / 114.5", "677891 / 70.6", "640963 / 63.8"),
}


def splitsr_formula(config: SplitSRConfig) -> int:
    """Multiply-adds of the hybrid scope "group" with the chain upsampler."""
    C, a, s = config.channels, config.active_channels, config.scale
    height, width = macs_lr_size_px(s)
    split = config.hybrid_index * config.blocks
    standard = (config.groups - config.hybrid_index) * config.blocks
    upsampler = {2: 36, 3: 81, 4: 180}[s] * C**2
    body = 27 * C + split * 9 * a**2 + standard * 18 * C**2 + (config.groups + 1) * 9 * C**2
    return height * width * (body + upsampler + 27 * C * s**2)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize(("active", "index"), SPLITSR_TABLE)
def test_splitsr_equals_the_printed_table_and_the_formula(
    active: int, index: int, scale: int
) -> None:
    config = SplitSRConfig(scale=scale, active_channels=active, hybrid_index=index)
    cost = analytic_cost(config, Target(lr_height_px=8, lr_width_px=8))
    assert f"{cost.params} / {cost.macs / 1e9:.1f}" == SPLITSR_TABLE[active, index][scale - 2]
    assert cost.macs == splitsr_formula(config)


@pytest.mark.parametrize(
    "config",
    [
        SplitSRConfig(scale=3, channels=8, groups=2, blocks=2, active_channels=4, hybrid_index=1),
        SeemoReConfig(scale=2, channels=8, groups=1, recursion=1),
    ],
)
def test_the_meta_device_counts_what_a_real_pass_runs(config: NetworkConfig) -> None:
    network = build_network(config)
    real = count_macs(network, torch.zeros(1, 3, 64, 80))
    meta = count_macs(network.to("meta"), torch.zeros(1, 3, 64, 80, device="meta"))
    assert real.total > 0
    assert (real.total, real.by_operator, real.by_module) == (
        meta.total,
        meta.by_operator,
        meta.by_module,
    )


def test_activations_scale_with_the_batch() -> None:
    config = SplitSRConfig(
        scale=2, channels=8, groups=1, blocks=1, active_channels=8, hybrid_index=0
    )
    one, three = (
        analytic_cost(config, Target(lr_height_px=20, lr_width_px=30, batch=batch)).activation_mib
        for batch in (1, 3)
    )
    assert three == pytest.approx(3 * one)


def test_activations_of_classsr_are_those_of_a_real_pass() -> None:
    """Of the image whose patches, more than a branch gets at a time, all take the larger one."""
    small, large = ({"family": "fsrcnn", "channels": channels} for channels in (4, 16))
    config = ClassSRConfig.model_validate({"scale": 2, "branches": [small, large]})
    network = build_network(config).eval()
    assert isinstance(network, ClassSR)
    with torch.no_grad():
        network.classifier.output.bias[1] = 1e3
    images = torch.rand(1, 3, 150, 200)
    assert network.classify(images).min() == 1
    target = Target(lr_height_px=150, lr_width_px=200)
    expected_mib = peak_activation_mib(network, images)
    assert analytic_cost(config, target).activation_mib == pytest.approx(expected_mib, rel=1e-3)


def test_classsr_counts_on_the_meta_device_what_a_real_image_takes() -> None:
    """Patches are not put together there, which multiplies nothing and needs no memory."""
    branches = [{"family": "fsrcnn", "channels": channels} for channels in (4, 8)]
    config = ClassSRConfig.model_validate({"scale": 2, "branches": branches})
    on_cpu, on_meta = build_network(config).eval(), build_network(config).to("meta").eval()
    image = torch.zeros(1, 3, 61, 90)
    for real_path, meta_path in zip(on_cpu.paths(), on_meta.paths(), strict=True):
        real = count_call(on_cpu, real_path, image)
        meta = count_call(on_meta, meta_path, image.to("meta"))
        assert (real.total, real.uncounted) == (meta.total, {})
        moved, on_meta_moved = (
            sum(row.bytes_moved for row in report.by_operator if row.operator == "aten.add_")
            for report in (real, meta)
        )
        # Windows of 32 every 28 cover 88x116 pixels, of which the image has 61x90.
        assert moved <= on_meta_moved < moved * (88 * 116) / (61 * 90)
    peaks = (
        max(peak_activation_mib(path, images) for path in network.peak_paths())
        for network, images in ((on_cpu, image), (on_meta, image.to("meta")))
    )
    assert next(peaks) == pytest.approx(next(peaks), rel=1e-3)


def test_an_input_below_the_minimum_size_is_refused() -> None:
    config = catalogue_config("seemore-t", 2)
    with pytest.raises(ValueError, match="16"):
        analytic_cost(config, Target(lr_height_px=8, lr_width_px=8))


@pytest.mark.parametrize(
    ("scale", "true", "printed"), [(2, "223.80", "224.1"), (4, "57.15", "57.2")]
)
def test_smsr_prints_its_transposed_convolutions_at_every_output_pixel(
    scale: int, true: str, printed: str
) -> None:
    """All masks active; the predictors work at every pixel, then at a quarter as many."""
    height, width = macs_lr_size_px(scale)
    transposed = 5 * 9 * 16 * 2
    predictors = 5 * (9 * 64 * 16 + 9 * 16 * 16 // 4) + transposed // 4
    modules = 5 * (4 * 9 * 64 * 64 + 4 * 64 * 64)
    others = 9 * 3 * 64 + 9 * 64 * 64 + 5 * 64 * 64 + 9 * 64 * 64 + 9 * 64 * 3 * scale**2
    attention = 5 * 2 * 64 * 4
    macs = macs_of(catalogue_config("smsr", scale))
    assert macs == height * width * (predictors + modules + others) + attention
    assert f"{macs / 1e9:.2f}" == true
    assert f"{(macs + height * width * transposed * 3 // 4) / 1e9:.1f}" == printed


def test_every_operator_of_the_variants_of_smsr_is_known() -> None:
    torch.manual_seed(0)
    network = build_network(SmsrConfig(scale=2, channels=16, modules=2, layers=2))
    images = torch.rand(2, 3, 9, 8)
    for name in variants_of(network.config):
        report = count_macs(in_variant(network, name), images)
        assert report.total > 0 and not report.uncounted


# ClassSR: an image whose patches all take the costliest branch, overlaps counted twice.


@pytest.mark.parametrize(
    ("name", "mega_macs"),
    [
        ("fsrcnn", (10.91, 17.92, 24.92)),
        ("carn-m", (190.3, 385.9, 577.6)),
        ("msrresnet", (829.1, 1719.0, 2597.0)),
        ("rcan", (5165, 9954, 16300)),
    ],
)
def test_classsr_has_the_printed_macs_per_patch(name: str, mega_macs: tuple[float, ...]) -> None:
    network = build_on_meta(lambda: build_network(catalogue_config(f"classsr-{name}", 4)))
    assert isinstance(network, ClassSR)
    patch = torch.empty(1, 3, 32, 32, device="meta")
    counted = [count_macs(branch, patch).total / 1e6 for branch in network.branches]
    assert counted == pytest.approx(mega_macs, rel=5e-4)
    assert sum(parameter.numel() for parameter in network.classifier.parameters()) == 60_035
    # Printed 3.80 M: there the layer to 32 features is computed in all 64 cells, here once.
    cells = 64 * (48 * 128 + 3 * 128 * 128)
    assert round((cells + 64 * 128 * 32 + 32 * 3) / 1e6, 2) == 3.80
    assert count_macs(network.classifier, patch).total == cells + 128 * 32 + 32 * 3


def test_classsr_counts_the_costliest_branch_on_all_patches() -> None:
    # 180x320 takes 7x12 windows of 32 at a stride of 28, which cover 200x340 pixels; the
    # classifier sees 50x85 cells.
    branch = 84 * 32 * 32 * (3 * 56 * 25 + 2 * 56 * 12 + 4 * 12 * 12 * 9 + 56 * 3 * 81)
    classifier = 50 * 85 * (48 * 128 + 3 * 128 * 128) + 84 * (128 * 32 + 32 * 3)
    assert macs_of(catalogue_config("classsr-fsrcnn", 4)) == branch + classifier


def test_the_mixed_example_has_branches_of_clearly_different_cost() -> None:
    example = Path(__file__).resolve().parents[3] / "examples" / "classsr-mixed-x4.yaml"
    config = parse_network_config(yaml.safe_load(example.read_text()))
    assert isinstance(config, ClassSRConfig)
    _, middle, hard = config.branches
    assert isinstance(middle, SplitSRConfig) and isinstance(hard, SeemoReConfig)
    assert 2 * macs_of(middle) < macs_of(hard)
