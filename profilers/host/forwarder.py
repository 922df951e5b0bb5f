"""Measuring on another machine: networks are built and exported here and sent there."""

import io
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from blocks import in_variant
from profilers.agent.failure import reason_of
from profilers.agent.runtimes.settings import Graph
from profilers.agent.serving.messages import (
    Answer,
    Calibrate,
    Compare,
    Describe,
    Failure,
    Measure,
    MeasureMemory,
    NotExported,
    Question,
    StartPartner,
    StoredNetwork,
    StoredVariant,
    Sustain,
)
from profilers.host.link import Link
from profilers.host.networks import seeded_reference, variant_names
from profilers.host.subject import Design, Subject
from profilers.runtimes.images import sample_images
from profilers.runtimes.onnx_models import graph_in
from profilers.runtimes.portable import EXPORTERS
from profilers.runtimes.preparation import eager_output
from profilers.runtimes.targets import Target


class Forwarder:
    """Answers as a `Service` on the other machine does, which it connects to when asked.

    After a failure it reconnects; files that have arrived are not sent again.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._here = replace(target, host="")
        self._link: Link | None = None
        self._reference: StoredVariant | None = None

    def answer(self, question: Question[Design]) -> Answer:
        """Return the other machine's answer, or the error that prevented it in one line."""
        try:
            if self._link is None:
                self._link = Link(self._target)
            return self._link.request(self._exported(question, self._link))
        except Exception as error:
            self._disconnect()
            return Failure(reason_of(error))

    def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _exported(self, question: Question[Design], link: Link) -> Question[StoredNetwork]:
        """Return `question` with stored files in place of network designs."""
        match question:
            case Describe() | StartPartner():
                return question
            case Calibrate(max_seconds):
                return Calibrate(max_seconds, self._stored_reference(link))
            case Measure(subject, max_seconds):
                network = self._stored(subject, link)
                return Measure(network, max_seconds, self._stored_reference(link))
            case Compare(subject, other, max_seconds):
                network = self._stored(subject, link)
                is_same = other == subject
                return Compare(
                    network, network if is_same else self._stored(other, link), max_seconds
                )
            case Sustain(subject, seconds):
                return Sustain(self._stored(subject, link), seconds)
            case MeasureMemory(subject):
                # Its output is not compared with eager's, which would add to the memory.
                return MeasureMemory(self._stored(subject, link, check=False))

    def _stored_reference(self, link: Link) -> StoredVariant:
        if self._reference is None:
            reference = _export(seeded_reference(), self._here, check=True)
            self._reference = self._store(reference, link)
        return self._reference

    def _stored(self, design: Design, link: Link, *, check: bool = True) -> StoredNetwork:
        """Return the files of each variant, or the reason why it cannot be exported."""
        subject = Subject.of(design)
        network = subject.network()
        variants: dict[str, StoredVariant | NotExported] = {}
        for name in variant_names(subject):
            try:
                exported = (
                    _quantised(subject.program, network, self._here, check=check)
                    if subject.program is not None
                    else _export(in_variant(network, name), self._here, check=check)
                )
            except Exception as error:  # another variant may do
                variants[name] = NotExported(reason_of(error))
            else:
                variants[name] = self._store(exported, link)
        return StoredNetwork(variants)

    def _store(self, network: "_Exported", link: Link) -> StoredVariant:
        return StoredVariant(
            graph=link.store_graph(network.graph),
            images=link.store(_npy(sample_images(self._here).numpy()), ".npy"),
            expected=(
                None if network.expected is None else link.store(_npy(network.expected), ".npy")
            ),
            export_seconds=network.seconds,
            is_quantised=network.is_quantised,
        )


@dataclass(frozen=True)
class _Exported:
    graph: Graph
    expected: NDArray[np.float32] | None
    """Eager's output, if the other machine is to compare its own with it."""
    seconds: float
    is_quantised: bool = False


def _export(network: nn.Module, target: Target, *, check: bool) -> _Exported:
    started = time.perf_counter()
    graph = EXPORTERS[target.runtime].graph_for(network, target.images_shape)
    seconds = time.perf_counter() - started
    return _Exported(graph, eager_output(network, target) if check else None, seconds)


def _quantised(program: Path, network: nn.Module, target: Target, *, check: bool) -> _Exported:
    expected = eager_output(network, target) if check else None
    return _Exported(graph_in(program), expected, seconds=0.0, is_quantised=True)


def _npy(array: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
