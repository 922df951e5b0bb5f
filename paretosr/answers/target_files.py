"""A trained network as the files that its target loads."""

import shutil
from collections.abc import Mapping
from pathlib import Path

import torch

from blocks import export_variant, in_variant, load_checkpoint, of_any_size
from blocks.checkpoints import weights_digest
from blocks.models import Model
from blocks.programs.executorch_program import export_executorch
from blocks.programs.failure import ExportFailed
from compressors import QuantisationFailed, is_artefact, read_artefact
from foundation import write_bytes_atomically
from foundation.listener import Listener
from paretosr.compressing.int8 import quantise
from paretosr.compressing.quantising import INT8
from paretosr.exporting import export
from profilers import ProfilingFailed, Target
from profilers.runtimes.portable import EXPORTERS
from upscaling import exporter_of


def write_onnx(model: Model, folder: Path, listener: Listener) -> Mapping[str, str]:
    """Write a trained `model` as ONNX into a folder; return the name of the file by its format.

    Nothing where it cannot be exported, which `listener` is warned of.

    Raises:
        ValueError: a library is missing.
        OSError: the file cannot be written.
    """
    assert model.config is not None  # it was trained
    name = "onnx" if exporter_of(model.config).is_folder else "model.onnx"
    try:
        export(model, folder / name, listener=listener)
    except ExportFailed as error:
        listener.warning(f"{model.name} is not written as ONNX: {error}")
        return {}
    return {"onnx": name}


def write_program(
    model: Model, target: Target, folder: Path, *, calibration_images: str, listener: Listener
) -> Mapping[str, str]:
    """Write a trained `model` in the format of `target`, where that is not ONNX, into a folder.

    ncnn and XNNPACK get files for the target's size of images; a target in int8 the folder of the
    quantised network. ONNX Runtime and OpenVINO load the ONNX file, eager and the compiler the
    checkpoint.

    Returns:
        The name of the file or folder by its format, ncnn, xnnpack or int8. Nothing where there is
        none of its own, or where it cannot be written, which `listener` is warned of.

    Raises:
        ValueError: a library is missing.
        OSError: a file cannot be written.
    """
    try:
        if target.precision == INT8:
            _quantise(model, target, folder / INT8, calibration_images, listener)
            return {INT8: INT8}
        return _own_format(model, target, folder, listener)
    except (ExportFailed, ProfilingFailed, QuantisationFailed) as error:
        listener.warning(f"{model.name} is not written for {target}: {error}")
        return {}


def _quantise(
    model: Model, target: Target, folder: Path, calibration_images: str, listener: Listener
) -> None:
    """Write the quantised network, unless the folder has that of the same weights."""
    assert model.weights is not None
    if is_artefact(folder):
        stored, wanted = read_artefact(folder).checkpoint, model.weights
        if weights_digest(load_checkpoint(stored).tensors) == weights_digest(
            load_checkpoint(wanted).tensors
        ):
            return
    shutil.rmtree(folder, ignore_errors=True)
    quantise(model, folder, target, calibration_images=calibration_images, listener=listener)


def _own_format(
    model: Model, target: Target, folder: Path, listener: Listener
) -> Mapping[str, str]:
    assert model.config is not None
    if target.runtime not in ("ncnn", "xnnpack"):
        return {}
    listener.status(f"writing the program for {target.runtime}")
    variant = export_variant(model.config, has_pooling=target.runtime == "ncnn")
    network = of_any_size(in_variant(model.network(), variant), model.config).eval()
    if target.runtime == "xnnpack":
        program = export_executorch(network, torch.zeros(target.images_shape))
        write_bytes_atomically(folder / "model.pte", program)
        return {"xnnpack": "model.pte"}
    graph = EXPORTERS["ncnn"].graph_for(network, target.images_shape)
    assert graph.weights is not None  # of ncnn's two files
    write_bytes_atomically(folder / "model.bin", graph.weights)
    write_bytes_atomically(folder / "model.param", graph.model)
    return {"ncnn": "model.param"}
