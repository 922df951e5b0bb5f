"""From a ClassSR to a folder of ONNX files that was seen to give the same images."""

from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor, nn

from blocks import AnySize, ClassSR, export_variant, in_variant
from blocks.programs.onnx_graph import EXPORT_MODULES, LOGITS, export_onnx_of_patches
from blocks.windows import ramp
from foundation import atomic_folder
from profilers import Target, require_available
from profilers.agent.output_check import as_array, largest_difference
from profilers.runtimes.images import sample_images
from upscaling.export import ANY_SIZE, ExportSettings, fixed_target, require_equal
from upscaling.onnx_router import CLASSIFIER_FILE, MANIFEST_FILE, BranchFile, Manifest, OnnxRouter


def export_classsr(network: ClassSR, out: Path, settings: ExportSettings = ANY_SIZE) -> float:
    """Write the classifier and the branches as ONNX, and how to use them; nothing if not exact.

    For images of one size the graphs take one patch at a time. `OnnxRouter` runs the folder on
    photographs, and every branch on all of their patches. Returned is the largest difference
    from the network, where 1 is the images' range, or the output's largest value.

    Raises:
        ValueError: ONNX or its runtime is not installed, `out` is there and no empty folder, or
            a setting is impossible.
        ExportFailed: a part cannot be exported, or gives other images as ONNX.
        OSError: the folder cannot be written.
    """
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise ValueError(f"a ClassSR needs a new or an empty folder, got {out}, which is neither")
    require_available(Target(runtime="onnxruntime"))
    photographs = _photographs(network.config.patch_px, settings)
    network.eval()
    with atomic_folder(out) as folder:
        _write(network, folder, settings)
        difference = _largest_difference(network, OnnxRouter(folder), photographs)
        require_equal(difference, out)
    return difference


def _photographs(patch_px: int, settings: ExportSettings) -> Sequence[Tensor]:
    if settings.lr_size_px is not None:
        return tuple(sample_images(fixed_target(settings.lr_size_px)))
    return (
        # Sizes that no grid of windows divides, next to the smallest, and below it.
        *sample_images(
            Target(batch=2, lr_height_px=2 * patch_px + 3, lr_width_px=3 * patch_px - 3)
        ),
        *sample_images(Target(lr_height_px=patch_px, lr_width_px=patch_px + 1)),
        *sample_images(Target(lr_height_px=1, lr_width_px=patch_px + 1)),
    )


def _write(network: ClassSR, folder: Path, settings: ExportSettings) -> None:
    config = network.config
    export = partial(
        export_onnx_of_patches,
        patch_px=config.patch_px,
        opset=settings.opset,
        one_by_one=settings.lr_size_px is not None,
    )
    classifier = nn.Sequential(network.classifier, nn.Flatten())
    (folder / CLASSIFIER_FILE).write_bytes(export(classifier, output=LOGITS))
    files = []
    for number, branch in enumerate(network.branch_networks(), start=1):
        files.append(BranchFile(file=f"branch_{number}.onnx", family=branch.config.family))
        variant = in_variant(branch, export_variant(branch.config))
        (folder / files[-1].file).write_bytes(export(variant))
    manifest = Manifest(
        scale=config.scale,
        patch_px=config.patch_px,
        stride_px=config.stride_px,
        lr_size_px=settings.lr_size_px,
        branches=tuple(files),
        later_weights=tuple(ramp(config.scale * (config.patch_px - config.stride_px)).tolist()),
        config=config.model_dump(mode="json"),
        versions={name: version(name) for name in ("paretosr", "torch", *EXPORT_MODULES)},
    )
    text = manifest.model_dump_json(indent=2)
    (folder / MANIFEST_FILE).write_text(text + "\n", encoding="utf-8")


def _largest_difference(
    network: ClassSR, router: OnnxRouter, photographs: Sequence[Tensor]
) -> float:
    expected = AnySize(network, network.config)
    differences = []
    with torch.inference_mode():
        for photograph in photographs:
            image = photograph[None]
            routed = router(photograph.numpy())[None]
            differences.append(largest_difference(routed, as_array(expected(image))))
            # Whatever branches these photographs take, another will take the others.
            large = expected.enough_of(image)
            patches = network.covering_windows(large).cut(large)
            differences += [
                largest_difference(
                    router.branch(number, patches.numpy()), as_array(branch(patches))
                )
                for number, branch in enumerate(network.branch_networks())
            ]
    return max(differences)
