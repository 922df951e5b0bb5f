"""From a resolved MODEL to an ONNX file that was seen to give the same images."""

from dataclasses import replace
from pathlib import Path

import torch

from blocks import SuperResolutionNetwork, export_variant, in_variant
from blocks.programs.onnx_graph import IMAGES, export_onnx_of_any_size
from foundation import write_bytes_atomically
from profilers import TOLERANCES, ProfilingFailed, Target, require_available
from profilers.agent.checking import as_array, largest_difference
from profilers.images import sample_images

# What a network is compared on, beside its smallest size: sizes that no grid divides.
_CHECKED = Target(runtime="onnxruntime", batch=2, lr_height_px=67, lr_width_px=93)


def export_network(network: SuperResolutionNetwork, out: Path) -> float:
    """Write `network` as ONNX for images of any size and number; nothing unless it is exact.

    The file's input `images` and output `enlarged` are float32 in [0, 1], (N, 3, h, w) and
    (N, 3, scale h, scale w), the output not clamped. ONNX Runtime runs it on photographs of two
    sizes; returned is the largest difference from the network, where 1 is the images' range, or
    the output's largest value.

    Raises:
        ValueError: ONNX or its runtime is not installed.
        ProfilingFailed: the network cannot be exported, or gives other images as ONNX.
        OSError: the file cannot be written.
    """
    require_available(_CHECKED)
    minimum_px = network.config.minimum_size_px
    variant = in_variant(network, export_variant(network.config))
    model = export_onnx_of_any_size(variant, minimum_px)
    smallest = replace(_CHECKED, batch=1, lr_height_px=minimum_px, lr_width_px=minimum_px + 1)
    difference = max(_difference(model, network, target) for target in (_CHECKED, smallest))
    require_equal(difference, out)
    write_bytes_atomically(out, model)
    return difference


def require_equal(difference: float, out: Path) -> None:
    """Check that what ONNX Runtime gives is what the network gives.

    Raises:
        ProfilingFailed: it is not; `out`, which is to hold it, is named.
    """
    if not difference <= TOLERANCES["float32"]:  # NaN is not either
        raise ProfilingFailed(
            f"ONNX Runtime's images must be the network's within {TOLERANCES['float32']:g}, got a "
            f"largest difference of {difference:.3g}: {out} was not written"
        )


def _difference(model: bytes, network: SuperResolutionNetwork, target: Target) -> float:
    import onnxruntime

    images = sample_images(target)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    (output,) = session.run(None, {IMAGES: images.numpy()})
    with torch.inference_mode():
        expected = network.eval()(images)
    return largest_difference(output, as_array(expected))
