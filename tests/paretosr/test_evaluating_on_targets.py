"""What a target's own program gives is what the network gives, for every family and runtime.

Covers profilers.host.target_program.
"""

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


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pieces of two bundled validation photographs, of two sizes."""
    folder = tmp_path_factory.mktemp("crops")
    for path, (height, width) in zip(bundled_photographs("validation"), SIZES_PX, strict=False):
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
    config: NetworkConfig, runtime: str, crops: Path, tmp_path: Path
) -> None:
    require(runtime)
    checkpoint = checkpoint_of(config, tmp_path)
    here, there = psr.evaluate(checkpoint, crops), psr.evaluate(checkpoint, crops, target=runtime)
    assert there.target == str(Target.parse(runtime))
    for one, other in zip(here.images, there.images, strict=True):
        assert other.psnr_y_db == pytest.approx(one.psnr_y_db, abs=0.005)
        assert other.ssim_y == pytest.approx(one.ssim_y, abs=1e-4)
