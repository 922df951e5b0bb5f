"""A graph that runs without PyTorch, and how it is to run."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Graph:
    """A network as a file of ONNX, or as the two files of OpenVINO or ncnn.

    Attributes:
        model: an ONNX model, or the text of OpenVINO's (.xml) or ncnn's format (.param).
        weights: the binary file that belongs to that text; None for ONNX.
    """

    model: bytes
    weights: bytes | None = None


@dataclass(frozen=True)
class Settings:
    """What a machine without PyTorch must know of a target.

    Attributes:
        runtime: a key of `onnx_loaders.LOADERS`.
        threads: how many compute, the calling one included.
        precision: "float32" or "bfloat16", of the computation, or "int8", of a quantised graph;
            images are float32 in every case.
    """

    runtime: str
    threads: int
    precision: str

    @property
    def of_reference(self) -> "Settings":
        """How the reference network runs, of which there is no quantised graph."""
        return replace(self, precision="float32") if self.precision == "int8" else self
