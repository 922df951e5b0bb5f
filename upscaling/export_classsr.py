"""From a ClassSR to a folder of ONNX files that was seen to give the same images."""

from importlib.metadata import version
from pathlib import Path

import torch
from torch import nn

from blocks import ClassSR, export_variant, in_variant
from blocks.programs.onnx_graph import EXPORT_MODULES, LOGITS, export_onnx_of_patches
from blocks.windows import ramp
from foundation import atomic_folder
from profilers import Target, require_available
from profilers.agent.checking import as_array, largest_difference
from profilers.images import sample_images
from upscaling.export import require_equal
from upscaling.onnx_router import CLASSIFIER_FILE, MANIFEST_FILE, BranchFile, Manifest, OnnxRouter


def export_classsr(network: ClassSR, out: Path) -> float:
    """Write the classifier and the branches as ONNX, and how to use them; nothing if not exact.

    `OnnxRouter` runs the folder on three photographs of two sizes, and every branch on all of
    their patches. Returned is the largest difference from the network, where 1 is the images'
    range, or the output's largest value.

    Raises:
        ValueError: ONNX or its runtime is not installed, or `out` is there and no empty folder.
        ProfilingFailed: a part cannot be exported, or gives other images as ONNX.
        OSError: the folder cannot be written.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ValueError(f"--out must be a new or an empty folder, got {out}, which is neither")
    require_available(Target(runtime="onnxruntime"))
    network.eval()
    with atomic_folder(out) as folder:
        _write(network, folder)
        difference = _largest_difference(network, OnnxRouter(folder))
        require_equal(difference, out)
    return difference


def _write(network: ClassSR, folder: Path) -> None:
    config = network.config
    classifier = nn.Sequential(network.classifier, nn.Flatten())
    logits = export_onnx_of_patches(classifier, config.patch_px, output=LOGITS)
    (folder / CLASSIFIER_FILE).write_bytes(logits)
    files = []
    for number, branch in enumerate(network.branch_networks(), start=1):
        files.append(BranchFile(file=f"branch_{number}.onnx", family=branch.config.family))
        variant = in_variant(branch, export_variant(branch.config))
        (folder / files[-1].file).write_bytes(export_onnx_of_patches(variant, config.patch_px))
    manifest = Manifest(
        scale=config.scale,
        patch_px=config.patch_px,
        stride_px=config.stride_px,
        branches=tuple(files),
        later_weights=tuple(ramp(config.scale * (config.patch_px - config.stride_px)).tolist()),
        config=config.model_dump(mode="json"),
        versions={name: version(name) for name in ("paretosr", "torch", *EXPORT_MODULES)},
    )
    text = manifest.model_dump_json(indent=2)
    (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")


def _largest_difference(network: ClassSR, router: OnnxRouter) -> float:
    patch_px = network.config.patch_px
    photographs = (
        # Sizes that no grid of windows divides, and next to the smallest.
        *sample_images(
            Target(batch=2, lr_height_px=2 * patch_px + 3, lr_width_px=3 * patch_px - 3)
        ),
        *sample_images(Target(lr_height_px=patch_px, lr_width_px=patch_px + 1)),
    )
    differences = []
    with torch.inference_mode():
        for photograph in photographs:
            image = photograph[None]
            routed = router(photograph.numpy())[None]
            differences.append(largest_difference(routed, as_array(network(image))))
            # Whatever branches these photographs take, another will take the others.
            patches = network.covering_windows(image).cut(image)
            differences += [
                largest_difference(
                    router.branch(number, patches.numpy()), as_array(branch(patches))
                )
                for number, branch in enumerate(network.branch_networks())
            ]
    return max(differences)
