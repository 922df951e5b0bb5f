"""Networks that were exported on another machine and stored on this one."""

from dataclasses import replace
from functools import lru_cache, partial

import numpy as np

from profilers.agent.failure import ProfilingFailed
from profilers.agent.fastest_variant import Variants
from profilers.agent.machine import Description, describe_machine
from profilers.agent.output_check import checked
from profilers.agent.prepared_network import (
    PROGRAMS_KEPT,
    Images,
    Prepared,
    PreparedCall,
    Program,
)
from profilers.agent.resident_memory import peak_resident_mib
from profilers.agent.runtimes.onnx_loaders import LOADERS
from profilers.agent.runtimes.settings import Graph, Settings
from profilers.agent.serving.messages import NotExported, StoredGraph, StoredNetwork, StoredVariant
from profilers.agent.store import Store
from profilers.agent.timing.clock import Clock, cpu_clock


class StoredNetworks:
    """A `Source` of the networks whose files are in a store."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._program = lru_cache(PROGRAMS_KEPT)(partial(self._loaded, settings=settings))

    def describe(self) -> Description:
        return describe_machine()

    def clock(self) -> tuple[str, Clock]:
        return cpu_clock(self._settings.threads)

    def reference(self, stored: StoredVariant | None) -> Prepared:
        if stored is None:
            raise ValueError("the request must say where the reference network is stored")
        return self._prepare(stored, self._settings.of_reference)

    def variants(self, subject: StoredNetwork) -> Variants:
        return {
            name: partial(self._prepare, files, self._settings)
            for name, files in subject.variants.items()
        }

    def peak_memory_mib(self, subject: StoredNetwork) -> float:
        (files,) = subject.variants.values()
        return peak_resident_mib(self._call(_exported(files), self._settings))

    def enlarge(self, graph: StoredGraph, images: Images) -> Images:
        """Return what a graph makes of images; the graph is kept for others."""
        return self._program(graph)(images)

    def _prepare(self, files: StoredVariant | NotExported, settings: Settings) -> Prepared:
        stored = _exported(files)
        if stored.expected is None:
            raise ValueError("the request must say where the expected output is stored")
        output = self._store.path(stored.expected)
        _, clock = self.clock()
        ready = checked(
            lambda: self._call(stored, settings),
            lambda: np.load(output),
            settings.precision,
            clock,
        )
        # Exported there and loaded here: both are time before the first call.
        return replace(ready, prepare_seconds=stored.export_seconds + ready.prepare_seconds)

    def _call(self, stored: StoredVariant, settings: Settings) -> PreparedCall:
        images = np.load(self._store.path(stored.images))
        return partial(self._loaded(stored.graph, settings), images)

    def _loaded(self, stored: StoredGraph, settings: Settings) -> Program:
        model = self._store.path(stored.model).read_bytes()
        weights = None if stored.weights is None else self._store.path(stored.weights).read_bytes()
        return LOADERS[settings.runtime](Graph(model, weights), settings)


def _exported(files: StoredVariant | NotExported) -> StoredVariant:
    if isinstance(files, NotExported):
        raise ProfilingFailed(files.reason)
    return files
