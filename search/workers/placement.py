"""How many workers a search has, and on which devices."""

import os
from contextlib import AbstractContextManager, nullcontext
from importlib.util import find_spec
from pathlib import Path

import torch

from foundation.listener import Listener
from profilers.agent.cores import usable_cores
from search.config import SearchConfig
from search.workers.pool import Cluster
from search.workers.wanted import OnRay, per_device_of

CGROUPS = Path("/sys/fs/cgroup")


def cluster_of(config: SearchConfig, listener: Listener) -> AbstractContextManager[Cluster | None]:
    """The cluster that a search has its workers on, connected; None on this machine.

    Raises:
        ValueError: the library is missing, or the cluster cannot be used.
    """
    if not isinstance(config.workers, OnRay):
        return nullcontext()
    if find_spec("ray") is None:
        raise ValueError(
            "workers on Ray need its library, which is missing: pip install 'paretosr[ray]', or "
            "train on this machine (workers: N)"
        )
    from search.workers.ray_cluster import connected

    return connected(config, listener)


def workers_of(config: SearchConfig) -> int:
    """Return how many workers a new search has on this machine.

    That is what its config says, or else as many as the machine takes, each with its own threads
    on the CPU or its own GPU.

    Raises:
        ValueError: the machine takes fewer.
    """
    wanted = most_workers(config) if not isinstance(config.workers, int) else config.workers
    check_workers(wanted, config)
    return wanted


def check_workers(workers: int, config: SearchConfig) -> None:
    """Check that the machine takes so many workers.

    Raises:
        ValueError: it takes fewer.
    """
    most = most_workers(config)
    if workers <= most:
        return
    if config.training.device == "cuda":
        per_device = _per_device(config)
        devices = most // per_device
        has = f"{devices} CUDA {'device' if devices == 1 else 'devices'}, {per_device} on each"
        remedy = "let more share a GPU by workers: {per_device: K}, or"
    else:
        threads = config.training.threads
        has = f"{allowed_cores()} usable cores, training.threads {threads} for each worker"
        remedy = "lower training.threads, or"
    raise ValueError(
        f"workers must be at most {most} on this machine ({has}), got {workers}: {remedy} name "
        "fewer (a run that goes on gets fewer by --workers)"
    )


def most_workers(config: SearchConfig) -> int:
    """Return how many workers this machine takes; one always, even if it must share."""
    if config.training.device == "cuda":
        return max(1, torch.cuda.device_count()) * _per_device(config)
    return max(1, allowed_cores() // config.training.threads)


def allowed_cores() -> int:
    """Return how many cores can work for this process at a time.

    In a container it may use more of them than its share of processor time keeps busy.
    """
    quota = _quota_cores()
    return usable_cores() if quota is None else min(usable_cores(), max(1, int(quota)))


def _quota_cores() -> float | None:
    """The share of processor time, in cores, that the container has; None for no limit."""
    versions = (("cpu.max",), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us"))
    for names in versions:
        files = [CGROUPS / name for name in names]
        if all(file.is_file() for file in files):
            quota, period = " ".join(file.read_text() for file in files).split()
            return int(quota) / int(period) if quota.isdigit() else None
    return None


def environments(config: SearchConfig, workers: int) -> list[dict[str, str]]:
    """Return for each worker the variables that give it its threads and its GPU."""
    threads = {"OMP_NUM_THREADS": str(config.training.threads)}
    if config.training.device != "cuda":
        return [threads] * workers
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    devices = (
        visible.split(",") if visible else [str(it) for it in range(torch.cuda.device_count())]
    )
    return [
        {**threads, "CUDA_VISIBLE_DEVICES": devices[worker % len(devices)]}
        for worker in range(workers)
    ]


def _per_device(config: SearchConfig) -> int:
    return per_device_of(config.workers) or 1
