"""The `workers` of a search config: how many train candidates, and where."""

from collections.abc import Mapping
from typing import Annotated

import pydantic

from foundation.configs import Count, FrozenConfig

LOCAL = "local"
"""In place of an address: a Ray of our own on this machine, which ends with the search."""
AUTO = "auto"
"""In place of an address: the cluster of RAY_ADDRESS, or else the one this machine is a node of."""


class PerDevice(FrozenConfig):
    """So many workers on each CUDA device, where small networks leave it idle."""

    per_device: Count


class OnRay(FrozenConfig):
    """Workers on the nodes of a Ray cluster."""

    ray: str
    """HOST:PORT of its head, `auto` or `local`."""
    count: Count | None = None
    """How many, even if there is no place for all of them yet; None is as many as it takes."""
    per_device: Count | None = None
    """So many on each CUDA device; None is one."""

    @pydantic.field_validator("ray")
    @classmethod
    def _address(cls, address: str) -> str:
        if "://" in address:
            raise ValueError(
                f"a search runs on a node of its Ray cluster, got {address}, which is for programs "
                "elsewhere: make this machine a node (ray start --address=HOST:PORT --num-cpus=0), "
                "and name HOST:PORT"
            )
        host, _, port = address.rpartition(":")
        if address not in (AUTO, LOCAL) and not (host and port.isdecimal()):
            raise ValueError(
                f"a Ray address must be HOST:PORT of the head, {AUTO} or {LOCAL}, got {address!r}: "
                "name what `ray start --head` has printed"
            )
        return address


def _kind(workers: object) -> str:
    # Not named like a key, which a message would take it for.
    if isinstance(workers, OnRay) or (isinstance(workers, Mapping) and "ray" in workers):
        return "cluster"
    return "per_device" if isinstance(workers, Mapping | PerDevice) else "count"


Workers = Annotated[
    Annotated[Count, pydantic.Tag("count")]
    | Annotated[PerDevice, pydantic.Tag("per_device")]
    | Annotated[OnRay, pydantic.Tag("cluster")],
    pydantic.Discriminator(_kind),
]


def per_device_of(workers: int | PerDevice | OnRay | None) -> int | None:
    """How many workers are wanted on each CUDA device; None where that is not said."""
    return workers.per_device if isinstance(workers, PerDevice | OnRay) else None
