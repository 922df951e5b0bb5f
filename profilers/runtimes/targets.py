"""Targets, on which networks are measured, written as `[ssh://USER@HOST/]RUNTIME[:key=value,...]`.

    eager
    eager:threads=2,lr=90x160
    eager:device=cuda,precision=bfloat16
    openvino:threads=2,precision=bfloat16
    openvino:precision=int8
    ssh://me@board/onnxruntime:threads=4

Nothing here loads a runtime, so targets can be read and written anywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from foundation import alternatives
from foundation.configs import nearest
from profilers.agent.runtimes.settings import Settings

# The devices of each runtime, the default first; registry.py maps the names to code.
RUNTIME_DEVICES: Mapping[str, tuple[str, ...]] = {
    "eager": ("cpu", "cuda"),
    "compile": ("cpu", "cuda"),
    "eager_cudagraph": ("cuda",),
    "compile_cudagraph": ("cuda",),
    "onnxruntime": ("cpu",),
    "openvino": ("cpu",),
    "xnnpack": ("cpu",),
    "ncnn": ("cpu",),
}
RUNTIME_PRECISIONS: Mapping[str, tuple[str, ...]] = {
    "eager": ("float32", "bfloat16"),
    "compile": ("float32", "bfloat16"),
    "eager_cudagraph": ("float32", "bfloat16"),
    "compile_cudagraph": ("float32", "bfloat16"),
    "onnxruntime": ("float32", "int8"),
    "openvino": ("float32", "bfloat16", "int8"),
    "xnnpack": ("float32", "int8"),
    "ncnn": ("float32", "bfloat16"),
}
# How the file of a quantised network's program ends, for the runtimes that have int8.
PROGRAM_SUFFIXES: Mapping[str, str] = {
    "onnxruntime": ".onnx",
    "openvino": ".xml",
    "xnnpack": ".pte",
}
# How images lie in memory, the default first. An exported network takes them in PyTorch's order,
# however its runtime then rearranges them.
RUNTIME_LAYOUTS: Mapping[str, tuple[str, ...]] = {
    "eager": ("channels_last", "nchw"),
    "compile": ("channels_last", "nchw"),
    "eager_cudagraph": ("channels_last", "nchw"),
    "compile_cudagraph": ("channels_last", "nchw"),
    "onnxruntime": ("nchw",),
    "openvino": ("nchw",),
    "xnnpack": ("nchw",),
    "ncnn": ("nchw",),
}
# Those that replay what another runtime launches.
RECORDED_RUNTIMES: Mapping[str, str] = {
    "eager_cudagraph": "eager",
    "compile_cudagraph": "compile",
}
# Those that read an exported network without PyTorch, which other machines need not have.
PORTABLE_RUNTIMES = ("onnxruntime", "openvino", "ncnn")
_SSH = "ssh://"
# [USER@]HOST[:PORT] without what a shell or ssh itself would take for something else.
_HOST = re.compile(r"([\w.+-]+@)?(\w[\w.-]*|\[[\da-fA-F:.]+\])(:\d+)?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A runtime, the machine, device and settings it runs with, and the size of the input.

    `host` is [USER@]HOST[:PORT] as ssh knows it, empty for this machine. An empty device or
    layout becomes the default of the runtime.

    Raises:
        ValueError: the runtime or a value is unknown, a number is below 1, or the runtime
            cannot be used on another machine.
    """

    host: str = ""
    runtime: str = "eager"
    device: str = ""
    threads: int = 1
    precision: str = "float32"
    layout: str = ""
    batch: int = 1
    lr_height_px: int = 180
    lr_width_px: int = 320

    def __post_init__(self) -> None:
        _require_known("runtime", self.runtime, tuple(RUNTIME_DEVICES))
        object.__setattr__(self, "device", self.device or RUNTIME_DEVICES[self.runtime][0])
        object.__setattr__(self, "layout", self.layout or RUNTIME_LAYOUTS[self.runtime][0])
        for key, known_by_runtime in (
            ("device", RUNTIME_DEVICES),
            ("precision", RUNTIME_PRECISIONS),
            ("layout", RUNTIME_LAYOUTS),
        ):
            known = known_by_runtime[self.runtime]
            _require_known(key, getattr(self, key), known, f" for {self.runtime}")
        if self.host:
            _require_remote(self.host, self.runtime)
        for name in ("threads", "batch", "lr_height_px", "lr_width_px"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")

    @property
    def settings(self) -> Settings:
        """What an exported network needs to know of the target."""
        return Settings(self.runtime, self.threads, self.precision)

    @property
    def of_reference(self) -> Self:
        """Where the reference network runs, of which there is no quantised program."""
        return replace(self, precision=self.settings.of_reference.precision)

    @property
    def images_shape(self) -> tuple[int, int, int, int]:
        """What the networks get: (batch, 3, lr_height_px, lr_width_px)."""
        return self.batch, 3, self.lr_height_px, self.lr_width_px

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the target that `text` names; keys left out take their default.

        Raises:
            ValueError: unknown runtime, key or value, a key given twice, or no possible host.
        """
        host, text = _split_host(text.strip())
        runtime, _, settings = text.partition(":")
        return cls(host=host, runtime=runtime, **_parse_settings(settings))  # type: ignore[arg-type]

    def __str__(self) -> str:
        """Return the target with every key written out; `parse` reads it back."""
        where = f"{_SSH}{self.host}/" if self.host else ""
        return (
            f"{where}{self.runtime}:device={self.device},threads={self.threads},"
            f"precision={self.precision},layout={self.layout},batch={self.batch},"
            f"lr={self.lr_height_px}x{self.lr_width_px}"
        )


def targets_with(settings: str) -> tuple[Target, ...]:
    """Return each runtime on each of its devices with `settings`, written `key=value,...`.

    A runtime is left out if it lacks the device, precision or layout that is given.

    Raises:
        ValueError: unknown key or value, a key given twice, or no runtime takes them all.
    """
    fields = _parse_settings(settings)
    targets = []
    for runtime, devices in RUNTIME_DEVICES.items():
        for device in devices:
            wanted = {"device": device, **fields}
            known = {
                "device": (device,),
                "precision": RUNTIME_PRECISIONS[runtime],
                "layout": RUNTIME_LAYOUTS[runtime],
            }
            if all(wanted[key] in values for key, values in known.items() if key in wanted):
                targets.append(Target(runtime=runtime, **wanted))  # type: ignore[arg-type]
    if not targets:
        raise ValueError(f"no runtime takes the settings '{settings}'; see paretosr targets")
    return tuple(targets)


def _split_host(text: str) -> tuple[str, str]:
    """Return the host that `text` begins with, which may be none, and what follows it."""
    if not text.startswith(_SSH):
        return "", text
    host, separator, rest = text.removeprefix(_SSH).partition("/")
    if not (host and separator):
        raise ValueError(
            f"a target on another machine is {_SSH}[USER@]HOST[:PORT]/RUNTIME[:key=value,...], "
            f"got '{text}'"
        )
    return host, rest


def _require_remote(host: str, runtime: str) -> None:
    if not _HOST.fullmatch(host):
        raise ValueError(f"the host of a target must be [USER@]HOST[:PORT], got '{host}'")
    if runtime not in PORTABLE_RUNTIMES:
        raise ValueError(
            f"{runtime} cannot be used on another machine, where it would need PyTorch; use "
            f"{alternatives(PORTABLE_RUNTIMES)}, or run paretosr on {host}"
        )


def _parse_settings(text: str) -> dict[str, object]:
    """Return the fields that `key=value,...` gives."""
    fields: dict[str, object] = {}
    given: set[str] = set()
    for setting in filter(None, text.split(",")):
        key, separator, value = (part.strip() for part in setting.partition("="))
        if not separator:
            raise ValueError(f"a target setting is key=value, got '{setting}' in '{text}'")
        _require_known("target key", key, tuple(_PARSERS))
        if key in given:
            raise ValueError(f"target key '{key}' must be given once, got twice in '{text}'")
        given.add(key)
        fields.update(_PARSERS[key](key, value))
    return fields


def _text(key: str, value: str) -> dict[str, object]:
    return {key: value}


def _count(key: str, value: str) -> dict[str, object]:
    if not value.isdecimal():
        raise ValueError(f"target key '{key}' must be a whole number, got '{value}'")
    return {key: int(value)}


def _size(key: str, value: str) -> dict[str, object]:
    height_px, width_px = parse_size_px(value, f"target key '{key}'")
    return {"lr_height_px": height_px, "lr_width_px": width_px}


def parse_size_px(text: str, where: str) -> tuple[int, int]:
    """Return the height and the width of `text`, written like 180x320.

    Raises:
        ValueError: it is none; `where` names what gave it.
    """
    match = re.fullmatch(r"(\d+)x(\d+)", text)
    if match is None:
        raise ValueError(f"{where} must be HEIGHTxWIDTH like 180x320, got '{text}'")
    return int(match[1]), int(match[2])


_PARSERS = {
    "device": _text,
    "threads": _count,
    "precision": _text,
    "layout": _text,
    "batch": _count,
    "lr": _size,
}


def _require_known(kind: str, value: str, known: tuple[str, ...], where: str = "") -> None:
    if value not in known:
        raise ValueError(f"unknown {kind} '{value}'{where}{nearest(value, known)}")
