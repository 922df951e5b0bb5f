"""The process that measures on another machine."""

import base64
import sys
from pathlib import Path
from typing import TypeAlias

from profilers.agent.failure import reason_of
from profilers.agent.runtimes.settings import Settings
from profilers.agent.serving.encoding import decode, decode_array, encode_array
from profilers.agent.serving.messages import (
    Answer,
    Enlarge,
    Enlarged,
    Failure,
    Request,
    Stored,
    StoredNetwork,
    StoreFile,
)
from profilers.agent.serving.server import serve
from profilers.agent.serving.service import Service
from profilers.agent.store import Store
from profilers.agent.stored_networks import StoredNetworks
from profilers.agent.timing.partner import Partner

_Requests: TypeAlias = StoreFile | Enlarge | Request[StoredNetwork]


class Runner:
    """Stores files, runs the graphs in them on images, and answers as a `Service` about them."""

    def __init__(
        self, store: Store, networks: StoredNetworks, service: Service[StoredNetwork]
    ) -> None:
        self._store = store
        self._networks = networks
        self._service = service

    def answer(self, request: _Requests) -> Answer:
        """Return the answer, or the error that prevented it in one line."""
        try:
            match request:
                case StoreFile():
                    content = base64.b64decode(request.content)
                    size_bytes = self._store.append(request.name, request.size_bytes, content)
                    return Stored(size_bytes)
                case Enlarge():
                    images = decode_array(request.images)
                    return Enlarged(encode_array(self._networks.enlarge(request.graph, images)))
                case _:
                    return self._service.answer(request)
        except Exception as error:  # the disk may be full, or not ours to write
            return Failure(reason_of(error))


def main(folder: str, settings: str) -> None:
    """Serve with the files of `folder` until the connection ends.

    `settings` is how networks are to run, as `encode` writes a `Settings`.
    """
    store = Store(Path(folder))
    networks = StoredNetworks(store, decode(Settings, settings.encode()))
    service = Service(networks, Partner(_command(folder, settings)))
    serve(_Requests, Runner(store, networks, service).answer, service.stop)


def _command(folder: str, settings: str) -> list[str]:
    """Return a command that starts a process like this one, without sending the archive again."""
    program = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from profilers.agent.runner import main; main({folder!r}, {settings!r})"
    )
    return [sys.executable, "-c", program]
