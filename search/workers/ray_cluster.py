"""Connecting to a Ray cluster, or starting one; only this module and `ray_pool` know Ray."""

import contextlib
import logging
import math
import os
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import ray
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from foundation import one_line
from foundation.library_messages import quiet_libraries
from foundation.listener import Listener
from search.config import SearchConfig
from search.preparation import Photographs
from search.storage.run_directory import RunDirectory
from search.workers.machine import Installed
from search.workers.placement import allowed_cores
from search.workers.pool import OnTrialStep
from search.workers.ray_pool import RayPool
from search.workers.wanted import AUTO, LOCAL, OnRay

ANSWER_SECONDS = 5.0
"""Within which a head that can be reached accepts a connection, and answers on it."""
CHECK_SECONDS = 120.0
"""Within which every node should have said what is installed there."""
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
_HTTP2_SETTINGS = 4


@contextmanager
def connected(config: SearchConfig, listener: Listener) -> Iterator["RayCluster"]:
    """The cluster that a config names, until the block ends.

    Raises:
        ValueError: it cannot be reached, has another version of Python or Ray, or a node on which
            this version of the package is not installed.
        RuntimeError: the cluster failed within the block.
    """
    wanted = config.workers
    assert isinstance(wanted, OnRay)
    try:
        with _local_ray(config) if wanted.ray == LOCAL else _attached(wanted.ray):
            cluster = RayCluster(config, wanted, listener)
            if wanted.ray != LOCAL:
                cluster.check_nodes()
            yield cluster
    except RayError as error:
        raise RuntimeError(
            f"the Ray cluster {wanted.ray} failed ({type(error).__name__}: {one_line(error)}): "
            "continue the run when it is up again"
        ) from error


class RayCluster:
    """A cluster that this process is connected to."""

    def __init__(self, config: SearchConfig, wanted: OnRay, listener: Listener) -> None:
        self._wanted = wanted
        self._listener = listener
        training = config.training
        # Ray counts ten-thousandths; a third that it rounded up would fit in only twice.
        share = math.floor(10_000 / (wanted.per_device or 1)) / 10_000
        self._resources = (
            {"CPU": 0.0, "GPU": share}
            if training.device == "cuda"
            else {"CPU": float(training.threads), "GPU": 0.0}
        )

    def workers_of(self, config: SearchConfig) -> int:
        if self._wanted.count is not None:
            return self._wanted.count
        nodes = _living_nodes()
        if places := sum(self._places(node) for node in nodes):
            return places
        (name, amount), *_ = [(name, it) for name, it in self._resources.items() if it]
        key = "training.threads" if name == "CPU" else "workers.per_device"
        has = ", ".join(f"{node['Resources'].get(name, 0):g}" for node in nodes)
        raise ValueError(
            f"a worker must have {amount:g} {name} on one node of the Ray cluster "
            f"{self._wanted.ray} ({key}), but its nodes have {has}: add a node, or, if the cluster "
            "grows when it is asked to, name the number (workers: {ray: ADDRESS, count: N})"
        )

    def pool(
        self, run: RunDirectory, photographs: Photographs, workers: int, on_step: OnTrialStep
    ) -> RayPool:
        return RayPool(run, photographs, self._resources, workers, on_step, self._listener)

    def check_nodes(self) -> None:
        """Check that a worker on any of the nodes computes as this process does.

        Raises:
            ValueError: a node lacks the package, or has another version of it.
        """
        installed = ray.remote(num_cpus=0)(_ask_what_is_installed())
        answers = []
        for node in _living_nodes():
            there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            if self._places(node):
                answers.append((node, installed.options(scheduling_strategy=there).remote()))
        here, deadline = Installed.here(), time.monotonic() + CHECK_SECONDS
        for node, answer in answers:
            name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
            try:
                found = ray.get(answer, timeout=max(0.0, deadline - time.monotonic()))
            except RayError:
                if node["NodeID"] in {it["NodeID"] for it in _living_nodes()}:
                    raise
                continue  # lost in the meantime, as it may be at any time later
            if found != {"code": here.code, "torch": here.torch}:
                self._compare(name, found, here)

    def _compare(self, node: str, found: Mapping[str, str], here: Installed) -> None:
        if "missing" in found or found["code"] != here.code:
            problem = found.get("missing", "it has another version")
            raise ValueError(
                "every node of a Ray cluster must have the paretosr of this machine, but not so "
                f"{node}: {problem}. Install the same version for the Python that runs Ray there"
            )
        self._listener.warning(
            f"{node} trains with PyTorch {found['torch']}, this machine has {here.torch}: the same "
            "training may end in other digits there"
        )

    def _places(self, node: Mapping[str, Any]) -> int:
        """How many workers a node takes."""
        has = node["Resources"]
        return min(int(has.get(name, 0) / it) for name, it in self._resources.items() if it)


@contextmanager
def _local_ray(config: SearchConfig) -> Iterator[None]:
    """A Ray of one node, for this process alone; it leaves nothing behind."""
    if ray.is_initialized():
        raise ValueError(
            f"a Ray must not run in this process yet, for workers on Ray {LOCAL}: end it by "
            f"ray.shutdown(), or name {AUTO} for workers there"
        )
    with (
        # Sockets need a short path, which that of TMPDIR may not be.
        tempfile.TemporaryDirectory(
            prefix="ray-", dir="/tmp", ignore_cleanup_errors=True
        ) as folder,
        _token(),
        _initialised(
            address=LOCAL,
            num_cpus=allowed_cores(),
            num_gpus=None if config.training.device == "cuda" else 0,
            include_dashboard=False,
            _temp_dir=folder,
            _node_ip_address="127.0.0.1",
        ),
    ):
        yield


@contextmanager
def _attached(address: str) -> Iterator[None]:
    """The cluster at an address, or the one that this process is already connected to."""
    if ray.is_initialized():
        if address != AUTO:
            raise ValueError(
                f"this process is connected to a Ray cluster already, got {address}: name {AUTO} "
                "for workers there, or end it by ray.shutdown()"
            )
        yield
        return
    found = os.environ.get("RAY_ADDRESS", AUTO) if address == AUTO else address
    if found != AUTO:
        _check_answers(found)
    with _initialised(address=address):
        yield


@contextmanager
def _initialised(**arguments: Any) -> Iterator[None]:
    """Ray, connected as the arguments say, and silent; signals stay as they are handled."""
    handler = signal.getsignal(signal.SIGTERM)
    # Of nodes that die it tells on standard output, for which it has no public switch.
    ray._private.worker._worker_logs_enabled = False
    try:
        # Ray lets workers import from the current folder first, where a file may have any name.
        with quiet_libraries(), contextlib.chdir("/"):
            ray.init(
                **arguments,
                log_to_driver=False,
                configure_logging=False,
                logging_level=logging.ERROR,
            )
    except (RuntimeError, ConnectionError, ValueError, TimeoutError, RayError) as error:
        ray.shutdown()
        raise ValueError(
            f"the Ray cluster must be one that can be joined, got {arguments['address']}: "
            f"{one_line(error)}"
        ) from error
    finally:
        if signal.getsignal(signal.SIGTERM) is not handler:
            signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        ray.shutdown()
        ray._private.worker._worker_logs_enabled = True


def _check_answers(address: str) -> None:
    """Check that something like the head of a Ray cluster is there, for which Ray waits minutes.

    Raises:
        ValueError: there is nothing.
    """
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS) as connection:
            if os.environ.get("RAY_USE_TLS") == "1":
                return
            connection.settimeout(ANSWER_SECONDS)
            connection.sendall(_HTTP2_PREFACE)
            if connection.recv(4)[3:] != bytes((_HTTP2_SETTINGS,)):
                raise OSError("what answers there is no head of a Ray cluster")
    except (OSError, ValueError) as error:
        raise ValueError(
            f"a Ray cluster must answer at the address given, but {address} does not "
            f"({one_line(error)}): start one (ray start --head --port={port}), or name its "
            "HOST:PORT"
        ) from error


@contextmanager
def _token() -> Iterator[None]:
    """A token in the environment, which Ray would otherwise write into the user's home."""
    before = set(os.environ)
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        yield
    finally:
        for name in {"RAY_AUTH_TOKEN", "RAY_AUTH_MODE"} - before:  # Ray sets the second one
            os.environ.pop(name, None)


def _living_nodes() -> list[dict[str, Any]]:
    return [node for node in ray.nodes() if node["Alive"]]


def _ask_what_is_installed() -> Any:
    """A function that travels by its code, so that it runs where the package is missing."""

    def installed() -> dict[str, str]:
        try:
            from search.workers.machine import Installed

            here = Installed.here()
        except ImportError as error:
            return {"missing": str(error)}
        return {"code": here.code, "torch": here.torch}

    return installed
