"""What a target's own program gives is what the network gives, for every family and runtime.

Covers profilers.host.target_program.
"""

from collections.abc import Sequence
from pathlib import Path

import PIL.Image
import pytest

import paretosr as psr
from blocks import (
    FAMILIES,
    CarnConfig,
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
    build_network,
    save_checkpoint,
)
from blocks.random_weights import seeded
from imaging.bundled_photographs import bundled_photographs
from imaging.decoding import decode
from profilers import RUNTIMES, Target

FSRCNN = FsrcnnConfig(scale=2, channels=8, design="rgb")
CONFIGS: tuple[NetworkConfig, ...] = (
    SplitSRConfig(
        scale=2, channels=8, groups=1, hybrid_index=1, active_channels=4, image_skip="bilinear"
    ),
    SeemoReConfig(scale=2, channels=8, groups=1, recursion=1, kernel=5),
    SmsrConfig(scale=2, channels=16, modules=1, layers=2),
    HybridConfig(
        scale=2, channels=16, groups=("split", "masked", "experts"), recursion=1, kernel=5, blocks=1
    ),
    FSRCNN,
    EdsrConfig(scale=2, channels=8, blocks=1),
    CarnConfig(scale=2, channels=8),
    MsrResNetConfig(scale=2, channels=8, blocks=1),
    RcanConfig(scale=2, channels=16, groups=1, blocks=1),
    ImdnConfig(scale=2, channels=16, blocks=1),
    RlfnConfig(scale=2, channels=8, inner_channels=8, blocks=1),
    SafmnConfig(scale=2, channels=8, blocks=1),
    SpanConfig(scale=2, channels=8, blocks=1),
    ClassSRConfig(
        scale=2,
        branches=(InterpolationConfig(scale=2), FSRCNN),
        patch_px=16,
        stride_px=12,
        classifier_channels=8,
    ),
)
SIZES_PX = ((64, 92), (90, 68))
RUNTIME_NAMES = ("eager", "onnxruntime", "openvino", "xnnpack", "ncnn")


def require(text: str) -> None:
    target = Target.parse(text)
    missing = RUNTIMES[target.runtime].why_unavailable(target.device)
    if missing is not None:
        pytest.skip(f"{missing.reason}; {missing.remedy}")


def checkpoint_of(config: NetworkConfig, folder: Path) -> Path:
    path = folder / "model.safetensors"
    with seeded(0):
        save_checkpoint(path, build_network(config).state_dict(), config, {})
    return path


def crops(folder: Path, sizes_px: Sequence[tuple[int, int]]) -> Path:
    """Pieces of the bundled validation photographs, one of each size."""
    folder.mkdir()
    for path, (height, width) in zip(bundled_photographs("validation"), sizes_px, strict=False):
        pixels, _ = decode(path)
        piece = pixels[100 : 100 + height, 100 : 100 + width]
        PIL.Image.fromarray(piece).save(folder / f"{path.stem}.png")
    return folder


def test_there_is_a_network_of_every_family() -> None:
    assert {config.family for config in CONFIGS} == set(FAMILIES)


@pytest.mark.parametrize(
    ("config", "runtime"),
    [
        pytest.param(config, runtime, id=f"{config.family}-{runtime}")
        for config in CONFIGS
        for runtime in RUNTIME_NAMES
        # ncnn has no batches, of which ClassSR makes its patches.
        if (config.family, runtime) != ("classsr", "ncnn")
    ],
)
def test_quality_on_a_target_is_the_networks(
    config: NetworkConfig, runtime: str, tmp_path: Path
) -> None:
    check_quality(config, runtime, SIZES_PX[:1], tmp_path)


@pytest.mark.parametrize("runtime", RUNTIME_NAMES)
def test_images_may_be_of_several_sizes(runtime: str, tmp_path: Path) -> None:
    check_quality(CONFIGS[0], runtime, SIZES_PX, tmp_path)


def check_quality(
    config: NetworkConfig, runtime: str, sizes_px: Sequence[tuple[int, int]], folder: Path
) -> None:
    require(runtime)
    checkpoint, images = checkpoint_of(config, folder), crops(folder / "crops", sizes_px)
    here = psr.evaluate(checkpoint, images)
    there = psr.evaluate(checkpoint, images, target=runtime)
    assert there.target == str(Target.parse(runtime))
    assert len(there.images) == len(sizes_px)
    for one, other in zip(here.images, there.images, strict=True):
        assert other.psnr_y_db == pytest.approx(one.psnr_y_db, abs=0.005)
        assert other.ssim_y == pytest.approx(one.ssim_y, abs=1e-4)
