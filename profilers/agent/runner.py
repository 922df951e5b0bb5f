"""What answers on another machine."""

import base64
import sys
from pathlib import Path

from profilers.agent.failure import reason_of
from profilers.agent.service import Answer, Message, Service
from profilers.agent.serving import serve
from profilers.agent.store import Store
from profilers.agent.stored_networks import StoredNetworks
from profilers.agent.targets import Target
from profilers.agent.timing.partner import Partner


class Runner:
    """Answers what a `Service` does about networks that were stored before."""

    def __init__(self, store: Store, service: Service) -> None:
        self._store = store
        self._service = service

    def answer(self, message: Message) -> Answer:
        """Return the answer, or the error that prevented it in one line."""
        if message["do"] != "store":
            return self._service.answer(message)
        content = base64.b64decode(message["content"])
        try:
            stored = self._store.append(message["file"], message["size_bytes"], content)
        except Exception as error:  # the disk may be full, or not ours to write
            return {"error": reason_of(error)}
        return {"stored_bytes": stored}


def main(folder: str, target: str) -> None:
    """Serve with the files of `folder` until the connection ends."""
    store, parsed = Store(Path(folder)), Target.parse(target)
    service = Service(StoredNetworks(store, parsed), Partner(_command(folder, target)))
    serve(Runner(store, service).answer, service.stop)


def _command(folder: str, target: str) -> list[str]:
    """What starts a process as this one is, with these modules and not their archive again."""
    program = (
        f"import sys; sys.path[:] = {sys.path!r}; "
        f"from profilers.agent.runner import main; main({folder!r}, {target!r})"
    )
    return [sys.executable, "-c", program]
