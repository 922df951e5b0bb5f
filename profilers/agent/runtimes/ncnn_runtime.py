"""ncnn on the CPU: the one file that knows this runtime. It needs no PyTorch."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from profilers.agent.failure import ProfilingFailed
from profilers.agent.prepared_network import Images, Program
from profilers.agent.runtimes.settings import Graph, Settings

_IMAGES, _ENLARGED = "in0", "out0"


def load_in_ncnn(graph: Graph, settings: Settings) -> Program:
    """Load ncnn's two files and return them as a function of images of the graph's size.

    Everything is computed in float32, or with precision bfloat16 stored so between the layers;
    images and result are float32 in either case. ncnn has no batches: images are computed one
    after the other. With one thread the calling one does all the work; several do not spin while
    they wait, since that would slow down whatever is timed in turn.

    Raises:
        ProfilingFailed: the graph has a layer that ncnn lacks.
    """
    import ncnn

    param = graph.model.decode()
    if missing := sorted({kind for kind in _layers(param) if ncnn.layer_to_index(kind) < 0}):
        raise ProfilingFailed(f"ncnn has no layer {', '.join(missing)}")
    net = ncnn.Net()
    net.opt.num_threads = settings.threads
    net.opt.openmp_blocktime = 0
    net.opt.use_fp16_packed = False
    net.opt.use_fp16_storage = False
    net.opt.use_fp16_arithmetic = False
    net.opt.use_bf16_storage = settings.precision == "bfloat16"
    with TemporaryDirectory(prefix="paretosr-ncnn-") as folder:
        files = Path(folder, "network.param"), Path(folder, "network.bin")
        files[0].write_text(param, encoding="ascii")
        files[1].write_bytes(graph.weights or b"")
        _require(net.load_param(str(files[0])), "load the graph")
        _require(net.load_model(str(files[1])), "load the weights")

    def enlarge(images: Images) -> Images:
        return np.stack([_enlarged(net, ncnn.Mat(image).clone()) for image in images])

    return enlarge


def _enlarged(net: Any, image: Any) -> Images:
    """Return one image (3, s h, s w); ncnn computes in place where the image is not its own."""
    extractor = net.create_extractor()
    extractor.input(_IMAGES, image)
    status, enlarged = extractor.extract(_ENLARGED)
    _require(status, "compute the network")
    return np.asarray(enlarged)


def _layers(param: str) -> Iterator[str]:
    """Yield the kind of each layer: below a number and a line of counts, each line begins so."""
    return (line.split(maxsplit=1)[0] for line in param.splitlines()[2:] if line.strip())


def _require(status: int, what: str) -> None:
    if status != 0:
        raise ProfilingFailed(f"ncnn could not {what} (status {status})")
