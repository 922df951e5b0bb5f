"""From a network to an ONNX file that was seen to give the same images."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from blocks import SuperResolutionNetwork, export_variant, in_variant, of_any_size
from blocks.programs.failure import ExportFailed
from blocks.programs.onnx_graph import DEFAULT_OPSET, IMAGES, export_onnx, export_onnx_of_any_size
from foundation import write_bytes_atomically
from profilers import TOLERANCES, Target, require_available
from profilers.agent.output_check import as_array, largest_difference
from profilers.runtimes.images import sample_images

# Sizes that no grid divides, and the smallest there is.
_CHECKED = (
    Target(runtime="onnxruntime", batch=2, lr_height_px=67, lr_width_px=93),
    Target(runtime="onnxruntime", lr_height_px=1, lr_width_px=1),
)


@dataclass(frozen=True)
class ExportSettings:
    """How a network is written as ONNX.

    Attributes:
        opset: the version of ONNX's operators.
        lr_size_px: height and width of the images, which then come one at a time; None is any
            number of any size.
    """

    opset: int = DEFAULT_OPSET
    lr_size_px: tuple[int, int] | None = None


ANY_SIZE = ExportSettings()


def export_network(
    network: SuperResolutionNetwork, out: Path, settings: ExportSettings = ANY_SIZE
) -> float:
    """Write `network` as ONNX; nothing unless it is exact.

    The file's input `images` and output `enlarged` are float32 in [0, 1], (N, 3, h, w) and
    (N, 3, scale h, scale w), the output not clamped. Images that are smaller than the network
    takes are made larger by repeating their last row and column, and cropped when enlarged.
    ONNX Runtime runs the file on photographs; returned is the largest difference from the
    network, where 1 is the images' range, or the output's largest value.

    Raises:
        ValueError: ONNX or its runtime is not installed, or a setting is impossible.
        ExportFailed: the network cannot be exported, or gives other images as ONNX.
        OSError: the file cannot be written.
    """
    require_available(_CHECKED[0])
    config = network.config
    variant = of_any_size(in_variant(network, export_variant(config)), config)
    if settings.lr_size_px is None:
        model = export_onnx_of_any_size(variant, opset=settings.opset)
        smallest_px = config.minimum_size_px
        smallest = Target(lr_height_px=smallest_px, lr_width_px=smallest_px + 1)
        targets: tuple[Target, ...] = (*_CHECKED, smallest)
    else:
        targets = (fixed_target(settings.lr_size_px),)
        model = export_onnx(variant, targets[0].images_shape, opset=settings.opset)
    expected = of_any_size(network.eval(), config)
    difference = max(_difference(model, expected, target) for target in targets)
    require_equal(difference, out)
    write_bytes_atomically(out, model)
    return difference


def fixed_target(lr_size_px: tuple[int, int]) -> Target:
    """Return what takes one image of this height and width.

    Raises:
        ValueError: one of them is below 1.
    """
    return Target(runtime="onnxruntime", lr_height_px=lr_size_px[0], lr_width_px=lr_size_px[1])


def require_equal(difference: float, out: Path) -> None:
    """Check that what ONNX Runtime gives is what the network gives.

    Raises:
        ExportFailed: it is not; `out`, which is to hold it, is named.
    """
    if not difference <= TOLERANCES["float32"]:  # NaN is not either
        raise ExportFailed(
            f"ONNX Runtime's images must be the network's within {TOLERANCES['float32']:g}, got a "
            f"largest difference of {difference:.3g}: {out} was not written"
        )


def _difference(model: bytes, network: nn.Module, target: Target) -> float:
    import onnxruntime

    images = sample_images(target)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {IMAGES: images.numpy()})
    with torch.inference_mode():
        expected = network(images)
    return largest_difference(output, as_array(expected))
