"""The process in which networks run to be measured: `python -m profilers.host.worker TARGET`."""

import sys

import torch

from profilers.host.forwarder import Forwarder
from profilers.host.networks import Networks
from profilers.partner import Partner
from profilers.service import Service
from profilers.serving import serve
from profilers.targets import Target


def main() -> None:
    """Serve until the parent closes the pipe, or is gone."""
    target = Target.parse(sys.argv[1])
    torch.set_num_threads(target.threads)
    if target.host:
        serve(Forwarder(target).answer)
        return
    service = Service(target, Networks(target), Partner(sys.orig_argv))
    serve(service.answer, service.stop)


if __name__ == "__main__":
    main()
