"""A network as a target runs it, as a function of images of any size."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from blocks import (
    SuperResolutionNetwork,
    export_variant,
    in_variant,
    is_of_one_size,
    of_any_size,
    variants_of,
)
from profilers.agent.failure import ProfilingFailed
from profilers.agent.machine import InstructionSet
from profilers.agent.prepared_network import PROGRAMS_KEPT, Images, Program
from profilers.host.device import describe_device
from profilers.host.latency import LatencyMeter
from profilers.host.link import Link
from profilers.host.subject import Subject
from profilers.runtimes.onnx_models import graph_in
from profilers.runtimes.portable import EXPORTERS
from profilers.runtimes.registry import QUANTISED_RUNTIMES, RUNTIMES, require_available
from profilers.runtimes.targets import RECORDED_RUNTIMES, Target


@contextmanager
def target_program(subject: Subject, target: Target) -> Iterator[Program]:
    """Yield what `target` makes of images: its own program, of the network or quantised.

    Images of any size that the network takes, whatever size and batch the target names. On another
    machine the program and the images are sent there. Each result is an array of its own.

    Shape: (N, 3, h, w) float32 in [0, 1] -> (N, 3, s h, s w), not clamped.

    Raises:
        ValueError: the target is not available, or runs a quantised program that the subject has
            not; here, or on a call, its settings cannot be honoured.
        ProfilingFailed: here, or on a call, the network cannot be exported, or the connection to
            another machine is lost.
    """
    subject.require_runs_on(target)
    with _connected(target) as link:
        program = _here(subject, target) if link is None else _sent(subject, link)
        yield _on_plain_arrays(program, subject.config.scale)


@contextmanager
def program_runner(
    network: SuperResolutionNetwork, target: Target
) -> Iterator[Callable[[Path, Images], Images]]:
    """Yield what runs any quantised program of `network` on images, on an int8 target.

    Shape and raises: as `target_program`.
    """
    with _connected(target) as link:

        def run(program: Path, images: Images) -> Images:
            loaded = (
                QUANTISED_RUNTIMES[target.runtime].quantised(program, network, target)
                if link is None
                else partial(link.enlarge, link.store_graph(graph_in(program)))
            )
            return _on_plain_arrays(loaded, network.config.scale)(images)

        yield run


@contextmanager
def _connected(target: Target) -> Iterator[Link | None]:
    """Yield a link to the other machine, or use this one as the target does."""
    require_available(target)
    if not target.host:
        with threads_of(target):
            yield None
        return
    link = Link(target)
    try:
        yield link
    finally:
        link.close()


@contextmanager
def threads_of(target: Target) -> Iterator[None]:
    """Let PyTorch use in this process as many threads as the target has."""
    threads = torch.get_num_threads()
    torch.set_num_threads(target.threads)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def program_variant(subject: Subject, target: Target) -> str:
    """Return the variant of the subject that `target_program` runs, if not a quantised program.

    All variants give the same images. Without one of the subject's, eager runs the network as it
    is written, and any other runtime the variant that is exported.
    """
    if subject.variant is not None:
        return subject.variant
    is_eager = RECORDED_RUNTIMES.get(target.runtime, target.runtime) == "eager"
    if is_eager:
        return variants_of(subject.config)[0]
    return export_variant(subject.config, has_pooling=target.runtime == "ncnn")


def instruction_set(target: Target) -> InstructionSet:
    """Return what the target's processor has for 8-bit integers.

    Raises:
        ValueError: the target is not available.
        ProfilingFailed: the other machine does not answer.
    """
    if not target.host:
        return InstructionSet.of(describe_device())
    with LatencyMeter(target) as meter:
        return InstructionSet.of(meter.describe_device())


def _here(subject: Subject, target: Target) -> Program:
    if subject.program is not None:
        runtime = QUANTISED_RUNTIMES[target.runtime]
        return runtime.quantised(subject.program, subject.network(), target)
    network, by_size = _exportable(subject, target)
    return RUNTIMES[target.runtime].upscaler(network, target, by_size=by_size)


def _sent(subject: Subject, link: Link) -> Program:
    if subject.program is not None:
        return partial(link.enlarge, link.store_graph(graph_in(subject.program)))
    network, by_size = _exportable(subject, link.target)
    graph_for = EXPORTERS[link.target.runtime].graphs_by_shape(network, by_size)
    stored_of = lru_cache(PROGRAMS_KEPT)(link.store_graph)
    return lambda images: link.enlarge(stored_of(graph_for(images.shape)), images)


def _exportable(subject: Subject, target: Target) -> tuple[nn.Module, bool]:
    """Return the variant that is run, and whether its graph is for one size of images."""
    name = program_variant(subject, target)
    network = of_any_size(in_variant(subject.network(), name), subject.config)
    return network, is_of_one_size(subject.config, name)


def _on_plain_arrays(program: Program, scale: int) -> Program:
    """Return `program` for arrays however they lie in memory, with results that stay."""

    def enlarge(images: Images) -> Images:
        enlarged = np.array(program(np.require(images, np.float32, ("C", "W"))))
        number, colours, height, width = images.shape
        expected = (number, colours, scale * height, scale * width)
        if enlarged.shape != expected:  # a size that was taken for a constant
            raise ProfilingFailed(
                f"the program must enlarge {images.shape} to {expected}, got {enlarged.shape}"
            )
        return enlarged

    return enlarge
