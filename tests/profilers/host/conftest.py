"""Another machine: this one, behind a real SSH server and a line that can be cut."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import venv
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from profilers.runtimes.targets import PORTABLE_RUNTIMES


class Line:
    """Passes connections on to a port, until it is cut."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.sent_bytes = 0
        """From the client to the server, all connections together."""
        self.cut_after_bytes: int | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # ends the waiting for a client too
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._to))
                for ends in ((client, server), (server, client)):
                    counts = ends[0] is client
                    threading.Thread(target=self._pass, args=(*ends, counts), daemon=True).start()

    def _pass(self, source: socket.socket, sink: socket.socket, counts: bool) -> None:
        with contextlib.suppress(OSError), source, sink:
            while content := source.recv(65536):
                self.sent_bytes += len(content) if counts else 0
                if self.cut_after_bytes is not None and self.sent_bytes > self.cut_after_bytes:
                    break
                sink.sendall(content)
            sink.shutdown(socket.SHUT_RDWR)


@dataclass
class OtherMachine:
    """A server, a home folder and a Python of its own, with NumPy and the portable runtimes."""

    folder: Path
    server: "subprocess.Popen[bytes]"
    line: Line
    home: Path = field(init=False)
    python: Path = field(init=False)
    packages: Path = field(init=False)

    def __post_init__(self) -> None:
        self.home = self.folder / "home"
        (self.packages,) = self.folder.glob("environment/lib/python*/site-packages")
        self.python = self.folder / "bin" / "python3"

    @property
    def host(self) -> str:
        return f"{getpass.getuser()}@127.0.0.1:{self.line.port}"

    @property
    def files(self) -> Path:
        return self.home / ".cache" / "paretosr"

    @property
    def runner(self) -> Path:
        """The process of the latest Python."""
        return Path("/proc", (self.home / "pid").read_text().strip())

    def kill_sessions(self) -> None:
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children")
        for pid in children.read_text().split():
            os.kill(int(pid), signal.SIGKILL)


@pytest.fixture
def other_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherMachine]:
    program = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if program is None or shutil.which("ssh") is None or sys.platform != "linux":
        pytest.skip("needs Linux with OpenSSH's client and server (openssh-server)")
    for folder in ("home", "bin", "client"):
        (tmp_path / folder).mkdir()
    python = _fresh_python(tmp_path / "environment")
    script(tmp_path / "bin" / "python3", f'cd "$HOME"\necho $$ > pid\nexec "{python}" "$@"')
    (tmp_path / "bin" / "env").symlink_to(str(shutil.which("env")))
    port = _free_port()
    server = _started_server(program, tmp_path, port)
    options = {
        "IdentityFile": tmp_path / "user_key",
        "UserKnownHostsFile": tmp_path / "known_hosts",
        "StrictHostKeyChecking": "accept-new",
    }
    config = tmp_path / "ssh_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    script(tmp_path / "client" / "ssh", f'exec "{shutil.which("ssh")}" -F "{config}" "$@"')
    monkeypatch.setenv("PATH", f"{tmp_path / 'client'}:{os.environ['PATH']}")
    line = Line(port)
    with server, contextlib.closing(line):
        yield OtherMachine(tmp_path, server, line)
        server.terminate()


def script(path: Path, body: str) -> None:
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def _fresh_python(environment: Path) -> Path:
    """Return the Python of a new virtual environment with what the other machine must have.

    Packages are links to those of this environment: the tests need no package index.
    """
    venv.create(environment, symlinks=True)
    (packages,) = environment.glob("lib/python*/site-packages")
    for package in _with_requirements("numpy", *PORTABLE_RUNTIMES):
        for name in {file.parts[0] for file in package.files or ()} - {"..", "__pycache__"}:
            if not (packages / name).exists():
                (packages / name).symlink_to(str(package.locate_file(name)))
    return environment / "bin" / "python3"


def _with_requirements(*names: str) -> Iterator[Distribution]:
    """Yield the installed ones of the packages and of all that they require."""
    pending, seen = list(names), set[str]()
    while pending:
        name = pending.pop()
        if name in seen:
            continue
        seen.add(name)
        with contextlib.suppress(PackageNotFoundError):
            package = distribution(name)
            yield package
            for requirement in map(Requirement, package.requires or ()):
                if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                    pending.append(requirement.name)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def _started_server(program: str, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    for key in ("host_key", "user_key"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / key)]
        subprocess.run(command, check=True)
    environment = f"HOME={folder / 'home'} PATH={folder / 'bin'}"
    options = {
        "Port": port,
        "ListenAddress": "127.0.0.1",
        "HostKey": folder / "host_key",
        "AuthorizedKeysFile": folder / "user_key.pub",
        "StrictModes": "no",
        "UsePAM": "no",
        "PidFile": "none",
        "SetEnv": environment,
    }
    config = folder / "sshd_config"
    config.write_text("".join(f"{name} {value}\n" for name, value in options.items()))
    log = folder / "sshd.log"
    server = subprocess.Popen([program, "-D", "-f", str(config), "-E", str(log)])
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return server
        time.sleep(0.05)
    server.kill()
    server.wait()
    pytest.fail(f"sshd does not start: {log.read_text().strip()}")
