"""Networks that were exported on another machine and stored on this one."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from profilers.agent.checking import checked
from profilers.agent.failure import ProfilingFailed
from profilers.agent.fastest_variant import Variants
from profilers.agent.machine import Description, describe_machine
from profilers.agent.prepared import Prepared, PreparedCall
from profilers.agent.resident import peak_resident_mib
from profilers.agent.runtimes.onnx_loaders import LOADERS
from profilers.agent.service import Message
from profilers.agent.store import Store
from profilers.agent.targets import Target
from profilers.agent.timing.clock import Clock, cpu_clock

Files = Mapping[str, Any]
"""One variant: the names of the files `model`, `images` and `expected`, and `export_seconds`; or
`failure`, why it could not be exported."""


class StoredNetworks:
    """What a process measures of them; a subject is a mapping of variants to `Files`."""

    def __init__(self, store: Store, target: Target) -> None:
        self._store = store
        self._target = target

    def describe(self) -> Description:
        return describe_machine()

    def clock(self) -> tuple[str, Clock]:
        return cpu_clock(self._target.threads)

    def reference(self, message: Message) -> Prepared:
        return self._prepare(message["reference"])

    def variants(self, subject: Mapping[str, Any]) -> Variants:
        return {name: partial(self._prepare, files) for name, files in subject.items()}

    def peak_memory_mib(self, subject: Mapping[str, Any]) -> float:
        (files,) = subject.values()
        return peak_resident_mib(self._load(files))

    def _prepare(self, files: Files) -> Prepared:
        _, clock = self.clock()
        ready = checked(
            lambda: self._load(files),
            lambda: np.load(self._store.path(files["expected"])),
            self._target.precision,
            clock,
        )
        # Exported there and loaded here: both are time before the first call.
        prepare_seconds = files["export_seconds"] + ready.prepare_seconds
        return replace(ready, prepare_seconds=prepare_seconds)

    def _load(self, files: Files) -> PreparedCall:
        if "failure" in files:
            raise ProfilingFailed(files["failure"])
        model = self._store.path(files["model"]).read_bytes()
        images = np.load(self._store.path(files["images"]))
        return LOADERS[self._target.runtime](model, images, self._target)
