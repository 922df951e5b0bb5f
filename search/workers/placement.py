"""How many workers a search has, and on which devices."""

import os

import torch

from profilers.agent.cores import usable_cores
from search.config import PerDevice, SearchConfig


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
        has = f"{usable_cores()} usable cores, training.threads {threads} for each worker"
        remedy = "lower training.threads, or"
    raise ValueError(
        f"workers must be at most {most} on this machine ({has}), got {workers}: {remedy} name "
        "fewer (a run that goes on gets fewer by --workers)"
    )


def most_workers(config: SearchConfig) -> int:
    """Return how many workers this machine takes; one always, even if it must share."""
    if config.training.device == "cuda":
        return max(1, torch.cuda.device_count()) * _per_device(config)
    return max(1, usable_cores() // config.training.threads)


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
    return config.workers.per_device if isinstance(config.workers, PerDevice) else 1
