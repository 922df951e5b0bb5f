"""The process in which networks run to be measured: `python -m profilers.host.worker TARGET`."""

import sys

import torch

from profilers.agent.service import Service
from profilers.agent.serving import serve
from profilers.agent.targets import Target
from profilers.agent.timing.partner import Partner
from profilers.host.forwarder import Forwarder
from profilers.host.networks import Networks


def main() -> None:
    """Serve until the parent closes the pipe, or is gone."""
    target = Target.parse(sys.argv[1])
    torch.set_num_threads(target.threads)
    if target.host:
        serve(Forwarder(target).answer)
        return
    service = Service(Networks(target), Partner(sys.orig_argv))
    serve(service.answer, service.stop)


if __name__ == "__main__":
    main()
