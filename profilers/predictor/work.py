"""The work of a network on a target, operator by operator, from which its time is predicted."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import torch
from torch import nn

from blocks import in_variant, variants_of
from profilers.counting.observer import Call, ObservedOperators, is_view
from profilers.counting.operands import moved_bytes
from profilers.counting.operators import MACS
from profilers.counting.paths import network_on_meta
from profilers.host.subject import Subject
from profilers.runtimes.images import sample_images
from profilers.runtimes.targets import Target

Work = Mapping[str, float]
"""Amounts by name: how often each kind of operator is called, its MACs, the bytes it moves."""

VECTOR_CHANNELS = 16
"""Fast convolutions process this many channels at a time on processors with wide vectors: 52
channels take at least as long as 64."""

LARGE_BYTES = 2**20
"""A call that moves more than this overflows a core's own caches and takes longer per byte."""

FEW_CHANNELS = 5
"""Dense convolutions with at most this many input channels use kernels of their own, made for
images. With AVX-512, 3x3 at 64x64: from 5 to 12 channels takes twice as long as from 6 to 12."""


def work_of(subject: Subject, target: Target) -> dict[str, Work]:
    """Return the work of each variant in which `subject` may run, by the variant's name.

    Most networks are built on the meta device, where nothing is computed. One whose weights
    decide how much it computes is run once, on the image with which it would be measured.
    A variant that decides by values is left out on the meta device, which has none.

    Raises:
        ValueError: the checkpoint cannot be read, or the network takes no such input.
    """
    if subject.config.is_input_adaptive:
        network, images = subject.network(), sample_images(target)
    else:
        network = network_on_meta(subject.config)
        images = torch.empty(target.images_shape, device="meta")
    names = variants_of(subject.config) if subject.variant is None else (subject.variant,)
    found = {}
    for name in names:
        try:
            found[name] = work_of_call(in_variant(network, name), images)
        except NotImplementedError:  # what PyTorch raises where a meta tensor has no value
            continue
    return found


@torch.inference_mode()
def work_of_call(module: nn.Module, images: torch.Tensor) -> Work:
    """Return the work of one forward pass.

    Shape: images (N, 3, h, w), on the device of the module.
    """
    work: defaultdict[str, float] = defaultdict(float)

    def observe(call: Call) -> None:
        if is_view(call.operator):
            work["view, calls"] += 1
            return
        kind = _kind(call.name, call.args)
        work[f"{kind}, calls"] += 1
        moved = moved_bytes(call.tensors)
        work[f"{kind}, bytes"] += moved
        if moved > LARGE_BYTES:
            work[f"{kind}, bytes of large calls"] += moved
        if call.state == "counted":
            work[f"{kind}, MACs"] += call.macs
            work[f"{kind}, MACs of full vectors"] += call.macs * _filling(call.name, call.args)

    with ObservedOperators(observe):
        module(images)
    return dict(work)


def _kind(name: str, args: Sequence[Any]) -> str:
    """What is implemented alike: an operator, or its convolutions of one kernel and grouping."""
    if name != "aten.convolution":
        return "product" if name in MACS else name.removeprefix("aten.")
    images, weight, groups, transposed = args[0], args[1], args[8], args[6]
    size = "x".join(map(str, weight.shape[2:]))
    if transposed:
        return f"transposed convolution {size}"
    if groups == 1:
        few = " of few channels" if images.shape[1] <= FEW_CHANNELS else ""
        return f"convolution {size}{few}"
    return f"{'depthwise' if groups == images.shape[1] else 'grouped'} convolution {size}"


def _filling(name: str, args: Sequence[Any]) -> float:
    """How many times the MACs of a dense convolution become more with both channels padded."""
    if name != "aten.convolution" or args[8] != 1:
        return 1.0
    channels = args[1].shape[:2]
    padded = (-(-number // VECTOR_CHANNELS) * VECTOR_CHANNELS for number in channels)
    return float(prod(padded) / prod(channels))
