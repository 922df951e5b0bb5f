"""What several of these scripts do alike: ask `paretosr`, and name the machine."""

import json
import os
import signal
import subprocess
import sys
from typing import Any

from profilers import describe_device


def paretosr(*arguments: str) -> dict[str, Any]:
    """What a command prints as JSON, on one thread; its notes go to standard error."""
    command = [sys.executable, "-m", "paretosr", *arguments, "--json"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    answer = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True, env=environment)
    printed: dict[str, Any] = json.loads(answer.stdout)
    return printed


def stop_by_sigterm() -> None:
    """Let SIGTERM end a script as Ctrl-C does, also one whose SIGINT a shell ignores."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def device_text() -> str:
    return ", ".join(f"{key} {value}" for key, value in describe_device().items())
