"""The process in which networks run to be measured: `python -m profilers.host.worker TARGET`."""

import sys
from contextlib import redirect_stdout

import torch

from foundation.plugins import load_plugins_of_parent
from profilers.agent.service import Service
from profilers.agent.serving import serve
from profilers.agent.targets import Target
from profilers.agent.timing.partner import Partner
from profilers.host.forwarder import Forwarder
from profilers.host.networks import Networks


def main() -> None:
    """Serve until the parent closes the pipe, or is gone."""
    with redirect_stdout(sys.stderr):  # what a plug-in prints is no answer to the parent
        load_plugins_of_parent()
    target = Target.parse(sys.argv[1])
    torch.set_num_threads(target.threads)
    if target.host:
        serve(Forwarder(target).answer)
        return
    service = Service(Networks(target), Partner(sys.orig_argv))
    serve(service.answer, service.stop)


if __name__ == "__main__":
    main()
