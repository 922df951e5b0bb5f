"""What a worker does for another machine: build, export, send, and pass the questions on."""

import io
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from blocks import in_variant
from profilers.agent.failure import reason_of
from profilers.agent.service import Answer, Message
from profilers.agent.stored_networks import Files
from profilers.agent.targets import Target
from profilers.host.link import Link
from profilers.host.networks import seeded_reference, variant_names
from profilers.images import sample_images
from profilers.preparation import eager_output
from profilers.runtimes.exported import onnx_for
from profilers.subject import Subject

_AGAINST_REFERENCE = ("calibrate", "measure")
_UNCHECKED = "memory"


class Forwarder:
    """Answers as a `Service` on the other machine does, which it connects to when asked.

    After a failure the connection is made anew; files that have arrived are not sent again.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self._here = replace(target, host="")
        self._link: Link | None = None
        self._reference: Files | None = None

    def answer(self, message: Message) -> Answer:
        """Return the other machine's answer, or the error that prevented it in one line."""
        try:
            if self._link is None:
                self._link = Link(self._target)
            return self._link.request(self._exported(message, self._link))
        except Exception as error:
            self._disconnect()
            return {"error": reason_of(error)}

    def _disconnect(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _exported(self, message: Message, link: Link) -> dict[str, Any]:
        """Return `message` with files on the other machine in place of networks."""
        exported = dict(message)
        check = message["do"] != _UNCHECKED
        if "subject" in message:
            exported["subject"] = self._variants(message["subject"], link, check=check)
        if "other" in message:
            is_same = message["other"] == message["subject"]
            exported["other"] = (
                exported["subject"]
                if is_same
                else self._variants(message["other"], link, check=check)
            )
        if message["do"] in _AGAINST_REFERENCE:
            if self._reference is None:
                reference = _export(seeded_reference(), self._here, check=True)
                self._reference = self._store(reference, link)
            exported["reference"] = self._reference
        return exported

    def _variants(self, text: Mapping[str, Any], link: Link, *, check: bool) -> dict[str, Files]:
        """Return the files of each variant; of one that cannot be exported, the reason."""
        subject = Subject.from_json(text)
        network = subject.network()
        variants: dict[str, Files] = {}
        for name in variant_names(subject):
            try:
                exported = _export(in_variant(network, name), self._here, check=check)
            except Exception as error:  # here as there: another variant may do
                variants[name] = {"failure": reason_of(error)}
            else:
                variants[name] = self._store(exported, link)
        return variants

    def _store(self, network: "_Exported", link: Link) -> Files:
        files = {
            "model": link.store(network.model, ".onnx"),
            "images": link.store(_npy(sample_images(self._here).numpy()), ".npy"),
            "export_seconds": network.seconds,
        }
        if network.expected is not None:
            files["expected"] = link.store(_npy(network.expected), ".npy")
        return files


@dataclass(frozen=True)
class _Exported:
    model: bytes
    expected: NDArray[np.float32] | None
    """Eager's output, where the other machine is to compare its own with it."""
    seconds: float


def _export(network: nn.Module, target: Target, *, check: bool) -> _Exported:
    started = time.perf_counter()
    model = onnx_for(network, target)
    seconds = time.perf_counter() - started
    return _Exported(model, eager_output(network, target) if check else None, seconds)


def _npy(array: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()
