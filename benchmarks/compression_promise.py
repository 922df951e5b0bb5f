"""Whether XNNPACK's program gives what the quantised graph promises that it was made of."""

from pathlib import Path

import torch
from compression_workplace import Workplace

from blocks import load_network
from blocks.pixels import to_images, to_pixels
from compressors import InstructionSet, draw_crops, read_artefact
from compressors.int8_xnnpack import XnnpackEngine
from imaging import evaluate_quality, prepare_validation
from imaging.images import load_images
from profilers import InstructionSet as Instructions
from profilers import describe_device

MOST_OFF_DB = 0.01
PROMISED = "promised_Set5"


def promised_psnr_y_db(place: Workplace, folder: Path, images: str) -> float:
    """What the graph of the artefact in `folder` gives on a set of images, before it is lowered."""
    artefact = read_artefact(folder)
    manifest = artefact.manifest
    network = load_network(artefact.checkpoint).eval()
    config = network.config
    training = load_images(str(place.data), split="training").images
    crops = draw_crops(training, config.scale, config.minimum_size_px)
    instructions = Instructions.of(describe_device())
    quantiser = XnnpackEngine().open(
        network, crops.calibration, InstructionSet(str(instructions), instructions.saturates)
    )
    graph = quantiser.quantised_graph(manifest.chosen.scheme, manifest.quantised_layers)
    pairs = prepare_validation(
        load_images(str(place.sets[images]), split="validation").images, config.scale
    )
    with torch.inference_mode():
        return evaluate_quality(
            lambda pixels: to_pixels(network.images_by(graph, to_images(pixels, "cpu"))), pairs
        ).psnr_y_db
