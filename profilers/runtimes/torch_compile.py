"""PyTorch with torch.compile (inductor), on the CPU and on CUDA.

The one file that knows this runtime.
"""

import os
import shutil
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import nn

from foundation.libraries import missing_library
from profilers.agent.cores import usable_cores
from profilers.agent.prepared_network import (
    Images,
    Missing,
    PreparedCall,
    Program,
)
from profilers.runtimes.eager import EagerRuntime, forward_pass, network_on, on_images
from profilers.runtimes.targets import Target

# torch.compile gives up on a function after eight versions of it, but all networks of a family
# share their functions, and one process measures every candidate of a search.
_MANY_NETWORKS = 1_000_000


class CompiledRuntime:
    """Runs one graph of fused kernels, compiled for the target's shape."""

    def why_unavailable(self, device: str) -> Missing | None:
        missing = EagerRuntime().why_unavailable(device)
        if missing is not None:
            return missing
        if device == "cuda":
            return Missing.of(missing_library("triton"), "pip install triton")
        return _missing_compiler()

    def prepare(self, network: nn.Module, target: Target) -> PreparedCall:
        """Compile `network` and return its forward pass.

        Precision and layout are those of the eager runtime. torch refuses a network that does not
        become a single graph, since parts of it would run uncompiled. Code that earlier processes
        compiled is not used; code that this one compiled for an equal network is.
        """
        module = torch.compile(network_on(target, network), fullgraph=True, dynamic=False)
        call = forward_pass(module, target)
        with _compiler(target):
            call()
        return call

    def upscaler(self, network: nn.Module, target: Target, *, by_size: bool) -> Program:
        """Return `network`, compiled when called: for all sizes of images, or anew for each."""
        module = network_on(target, network)
        enlarge = on_images(torch.compile(module, fullgraph=True, dynamic=not by_size), target)

        def enlarge_compiled(images: Images) -> Images:
            with _compiler(target):  # some sizes, such as odd ones, need code of their own
                return enlarge(images)

        return enlarge_compiled


def _missing_compiler() -> Missing | None:
    """Inductor writes C++ that includes Python's header, and takes the compiler from CXX."""
    name = os.environ.get("CXX") or ("clang++" if sys.platform == "darwin" else "g++")
    if shutil.which(name) is None:
        return Missing(f"no C++ compiler {name}", f"install {name}, or name another one in CXX")
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return Missing("no header Python.h", "install Python's development files (python3-dev)")
    return None


@contextmanager
def _compiler(target: Target) -> Iterator[None]:
    """Set up the compiler: with an empty cache, for any number of networks.

    Triton compiles in this process, because its pool of processes would outlive a killed worker.
    For C++, as many compilers run at once as there are cores.
    """
    import torch._dynamo.config
    import torch._inductor.config
    from torch._inductor.utils import fresh_cache

    # Which PyTorch reads where Triton is installed, before it starts that pool for C++ too.
    os.environ["TORCH_WARM_POOL"] = "0"
    threads = 1 if target.device == "cuda" else usable_cores()
    with (
        torch._inductor.config.patch(compile_threads=threads),
        torch._dynamo.config.patch(
            recompile_limit=_MANY_NETWORKS, accumulated_recompile_limit=_MANY_NETWORKS
        ),
        TemporaryDirectory(prefix="paretosr-compile-") as folder,  # fresh_cache leaks it on errors
        fresh_cache(dir=folder),
        warnings.catch_warnings(),
    ):
        # Inductor imports parts of torch that warn of their own deprecation.
        warnings.simplefilter("ignore", DeprecationWarning)
        yield
