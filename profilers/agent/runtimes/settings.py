"""How an ONNX model is to run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """What a machine without PyTorch must know of a target.

    Attributes:
        runtime: a key of `onnx_loaders.LOADERS`.
        threads: how many compute, the calling one included.
        precision: "float32" or "bfloat16", of the computation; images are float32 in either case.
    """

    runtime: str
    threads: int
    precision: str
