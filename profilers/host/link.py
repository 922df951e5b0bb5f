"""A connection by ssh to a runner on another machine.

Not execnet: version 2.1.2 takes a missing python3 for a connection, drops ssh's error messages,
lets its processes run on for 11 s after a cut, and would not ship packages and files for us.
"""

import base64
import hashlib
import io
import os
import shlex
import zipfile
from functools import cache
from pathlib import Path

from profilers import agent
from profilers.agent.failure import ProfilingFailed
from profilers.agent.prepared_network import Images
from profilers.agent.runtimes.settings import Graph
from profilers.agent.serving.encoding import (
    NotAMessageError,
    decode_array,
    encode,
    encode_array,
)
from profilers.agent.serving.json_process import JsonProcess, ProcessEndedError
from profilers.agent.serving.messages import (
    Answer,
    Enlarge,
    Enlarged,
    Failure,
    Question,
    Stored,
    StoredGraph,
    StoredNetwork,
    StoreFile,
    expected,
)
from profilers.runtimes.targets import Target

CHUNK_BYTES = 2**20
_AGENT = Path(agent.__path__[0])
# ssh must not prompt, and must give up on a machine that stops answering. Everything else (keys,
# ports, jump hosts) belongs into the user's ~/.ssh/config.
_OPTIONS = {
    "BatchMode": "yes",
    "ConnectTimeout": "10",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
}
_SSH_FAILED = 255
_NO_SUCH_COMMAND = 127


class Link:
    """A runner for `target` on its host, which ends with the connection.

    Every method raises ProfilingFailed if the connection or the runner is gone.
    """

    def __init__(self, target: Target) -> None:
        self.target = target
        self._host = target.host
        self._connected = False
        archive = _agent_archive()
        self._process = JsonProcess(_command(target, archive), {})
        try:
            self._start(archive)
        except BaseException:
            self.close()
            raise
        self._connected = True

    def request(self, request: StoreFile | Enlarge | Question[StoredNetwork]) -> Answer:
        """Send `request` and return the runner's answer, which may be a failure."""
        try:
            self._process.send(request)
            return self._receive()
        except ProcessEndedError as ended:
            raise self._failure(ended) from None

    def store(self, content: bytes, suffix: str) -> str:
        """Send the part of a file that the other machine lacks, and return its name there."""
        name = f"{hashlib.sha256(content).hexdigest()}{suffix}"
        stored = self._append(name, len(content), b"")
        while stored < len(content):
            stored = self._append(name, len(content), content[stored : stored + CHUNK_BYTES])
        return name

    def store_graph(self, graph: Graph) -> StoredGraph:
        """Send what the other machine lacks of a graph, and return where it is there."""
        is_openvino = graph.weights is not None
        return StoredGraph(
            self.store(graph.model, ".xml" if is_openvino else ".onnx"),
            None if graph.weights is None else self.store(graph.weights, ".bin"),
        )

    def enlarge(self, graph: StoredGraph, images: Images) -> Images:
        """Return what a stored graph makes of images on the other machine.

        Raises:
            ProfilingFailed: it cannot run it there.
        """
        answer = self.request(Enlarge(graph, encode_array(images)))
        return decode_array(expected(Enlarged, answer).images)

    def close(self) -> None:
        """End the connection, and with it the runner."""
        self._process.end()

    def _start(self, archive: bytes) -> None:
        try:
            self._process.send_bytes(archive)
            answer = self._receive()
        except ProcessEndedError as ended:
            raise self._failure(ended) from None
        if isinstance(answer, Failure):
            raise ProfilingFailed(f"{self._host} cannot measure: {answer.reason}")

    def _append(self, name: str, size_bytes: int, content: bytes) -> int:
        encoded = base64.b64encode(content).decode()
        answer = self.request(StoreFile(name, size_bytes, encoded))
        if isinstance(answer, Failure):
            raise ProfilingFailed(f"{self._host} cannot store {name}: {answer.reason}")
        return expected(Stored, answer).size_bytes

    def _receive(self) -> Answer:
        try:
            return self._process.receive()
        except NotAMessageError as error:
            raise ProfilingFailed(
                f"{self._host} must print nothing of its own when ssh runs a command, got "
                f"'{error.line}'; silence its shell's start-up files"
            ) from None

    def _failure(self, ended: ProcessEndedError) -> ProfilingFailed:
        host, words = self._host, ended.last_words
        if ended.status == _NO_SUCH_COMMAND:
            return ProfilingFailed(f"{host} has no python3 ({words}); install Python 3.11 or later")
        if ended.status != _SSH_FAILED:
            return ProfilingFailed(f"the runner on {host} died (status {ended.status}): {words}")
        if not self._connected:
            return ProfilingFailed(f"cannot connect to {host}: {words}")
        return ProfilingFailed(
            f"lost {host}: {words or 'the runner or the connection ended'}; when it is back, the "
            "same command goes on with the files that have arrived"
        )


@cache
def _agent_archive() -> bytes:
    """The package `profilers.agent` as a zip file, with the same bytes for the same code."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        # Replaces this project's own, which needs packages that are not there.
        _add(file, "profilers/__init__.py", b"")
        for path in sorted(_AGENT.rglob("*.py")):
            _add(file, path.relative_to(_AGENT.parents[1]).as_posix(), path.read_bytes())
    return archive.getvalue()


def _add(file: zipfile.ZipFile, name: str, content: bytes) -> None:
    # A ZipInfo has a fixed date; writing by name would store the current time.
    file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _command(target: Target, archive: bytes) -> list[str]:
    options = [f"-o{name}={value}" for name, value in _OPTIONS.items()]
    bootstrap = (_AGENT / "bootstrap.py").read_text(encoding="utf-8")
    arguments = (
        str(len(archive)),
        hashlib.sha256(archive).hexdigest(),
        f"numpy,{target.runtime}",
        encode(target.settings).decode().strip(),
    )
    command = ["env", *_environment(), "python3", "-c", bootstrap, *arguments]
    return ["ssh", "-T", *options, f"ssh://{target.host}", shlex.join(command)]


def _environment() -> list[str]:
    """Pass on the variables for threads and memory that `Child` gave this process."""
    return [
        f"{name}={value}"
        for name, value in os.environ.items()
        if name == "OMP_NUM_THREADS" or name.startswith("MALLOC_")
    ]
