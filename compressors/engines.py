"""The engines that run int8 networks: one file each, all of them listed here."""

from collections.abc import Mapping

from compressors.artefacts import EngineName
from compressors.int8_onnxruntime import OnnxRuntimeEngine
from compressors.int8_openvino import OpenVinoEngine
from compressors.int8_xnnpack import XnnpackEngine
from compressors.quantiser import Engine
from foundation.configs import nearest

ENGINES: Mapping[EngineName, Engine] = {
    "openvino": OpenVinoEngine(),
    "onnxruntime": OnnxRuntimeEngine(),
    "xnnpack": XnnpackEngine(),
}


def find_engine(name: str) -> Engine:
    """The engine called `name`, which is also the runtime's name in a target.

    Raises:
        ValueError: there is none, or something that it needs is not installed.
    """
    engine = next((engine for known, engine in ENGINES.items() if known == name), None)
    if engine is None:
        raise ValueError(f"int8 needs an engine that runs it, got {name!r}{nearest(name, ENGINES)}")
    missing = engine.why_unavailable()
    if missing is not None:
        raise ValueError(f"networks cannot be quantised for {name} here: {missing}")
    return engine
