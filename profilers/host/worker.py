"""The process in which networks are measured: `python -m profilers.host.worker TARGET`."""

import sys
from contextlib import redirect_stdout
from typing import TypeAlias

import torch

from foundation.plugins import load_plugins_of_parent
from profilers.agent.serving.messages import Question, Request
from profilers.agent.serving.server import serve
from profilers.agent.serving.service import Service
from profilers.agent.timing.partner import Partner
from profilers.host.forwarder import Forwarder
from profilers.host.networks import Networks
from profilers.host.subject import Design
from profilers.runtimes.targets import Target

_Questions: TypeAlias = Question[Design]
_Requests: TypeAlias = Request[Design]


def main() -> None:
    """Serve until the parent closes the pipe or dies."""
    with redirect_stdout(sys.stderr):  # what a plug-in prints is no answer to the parent
        load_plugins_of_parent()
    target = Target.parse(sys.argv[1])
    torch.set_num_threads(target.threads)
    if target.host:
        serve(_Questions, Forwarder(target).answer)
        return
    service = Service(Networks(target), Partner(sys.orig_argv))
    serve(_Requests, service.answer, service.stop)


if __name__ == "__main__":
    main()
