"""The calibration file: the target, its machine, and the networks measured there.

Each line is a JSON document: first the header, then one measurement per line, appended as it is
made. A process that is killed leaves at most its last line incomplete, which is then ignored.
"""

import dataclasses
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import pydantic

from blocks.config import Scale
from blocks.networks.registry import NetworkConfig, parse_network_config
from foundation import write_text_atomically
from foundation.append_only import append_line, whole_lines
from foundation.configs import FrozenConfig, parse_config
from foundation.documents import parse_json
from profilers.agent.machine import Description
from profilers.host.latency import Calibration, with_present_names
from profilers.runtimes.targets import Target

_Positive = pydantic.PositiveFloat
_Line = TypeVar("_Line", bound=FrozenConfig)


class CalibrationHeader(FrozenConfig):
    """What all measurements of a calibration have in common.

    Attributes:
        target: as `str(Target)` writes it.
        device: the machine that measured.
        reference: the name of the reference network, and `reference_ms` its time by `clock`.
    """

    format: Literal["paretosr-calibration-3"] = "paretosr-calibration-3"
    target: str
    scale: Scale
    device: dict[str, str | int]
    reference: str
    reference_ms: _Positive
    clock: Literal["cpu", "cuda", "wall"]
    repeats: pydantic.PositiveInt
    quiet_share: Annotated[float, pydantic.Field(ge=0, le=1)] | None = None

    # Around the check for unknown keys, which comes before a validator of the mode "before".
    @pydantic.model_validator(mode="wrap")
    @classmethod
    def _in_present_names(
        cls, stored: object, handler: pydantic.ModelWrapValidatorHandler[Self]
    ) -> Self:
        return handler(with_present_names(stored))

    @classmethod
    def of(cls, calibration: Calibration, scale: int, device: Description) -> Self:
        """Return the header for networks that are measured with `calibration`."""
        fields = {**vars(calibration), "scale": scale, "device": device}
        return parse_config(cls, fields, "calibration")

    @property
    def calibration(self) -> Calibration:
        """The time of the reference network, to turn ratios into milliseconds."""
        names = [field.name for field in dataclasses.fields(Calibration)]
        return Calibration(**{name: getattr(self, name) for name in names})

    def misfit(self, target: Target, scale: int, device: Mapping[str, str | int]) -> str | None:
        """Return why the calibration does not apply to this target, scale and device, or None."""
        if self.target != str(target):
            return f"it was made on {self.target}, not on {target}"
        if self.scale != scale:
            return f"it was made with networks of scale {self.scale}, not {scale}"
        if change := machine_change(self.device, device):
            return f"it was made with {change}"
        return None


def machine_change(before: Mapping[str, str | int], now: Mapping[str, str | int]) -> str | None:
    """The first difference by which times measured on a machine do not hold any more, or None."""
    for name, value in before.items():
        if name.endswith(("cpu_model", "cpu_cores", "_version", "cuda_device")):
            found = now.get(name, "none")
            if found != value:
                return f"{name} {value}, here it is {found}"
    return None


class Measurement(FrozenConfig):
    """One measurement of a network; there may be several of the same one.

    Attributes:
        network: its configuration.
        latency_ratio: of its fastest variant, to the reference.
        ratios: of each variant that runs on the target.
        works: of each variant whose work is known; see `work_of`.
        seconds: what measuring it took, preparations included.
        compute_probe_ms, copy_probe_ms: how noisy the machine was; see `RatioEstimate`.
    """

    network: dict[str, Any]
    latency_ratio: _Positive
    ratios: dict[str, _Positive]
    works: dict[str, dict[str, float]]
    seconds: pydantic.NonNegativeFloat
    compute_probe_ms: _Positive | None = None
    copy_probe_ms: _Positive | None = None

    @property
    def family(self) -> str:
        return str(self.network["family"])

    @property
    def config(self) -> NetworkConfig:
        return parse_network_config(self.network, "calibration")


class CalibrationFile:
    """A calibration on the disk, read when it is opened.

    Raises:
        ValueError: it is not a calibration file; the message names the line.
        OSError: the file cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            lines = whole_lines(path)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"{path} must be the file of a calibration, but is no text in UTF-8"
            ) from error
        if not lines:
            raise ValueError(f"{path} must be the file of a calibration, but has no whole line")
        self.header = _read(CalibrationHeader, lines[0], f"{path}, line 1")
        self.measurements = [
            _read(Measurement, line, f"{path}, line {number}")
            for number, line in enumerate(lines[1:], start=2)
        ]

    @classmethod
    def created(cls, path: Path, header: CalibrationHeader) -> Self:
        """Return the file of a calibration without measurements.

        Raises:
            OSError: the file cannot be written.
        """
        write_text_atomically(path, header.model_dump_json() + "\n")
        return cls(path)

    @property
    def networks(self) -> list[list[Measurement]]:
        """The measurements of each network, in the order of its first."""
        found: defaultdict[str, list[Measurement]] = defaultdict(list)
        for measurement in self.measurements:
            found[measurement.config.arch_id].append(measurement)
        return list(found.values())

    def append(self, measurement: Measurement) -> None:
        """Add a measurement; it is on the disk when this returns.

        Raises:
            OSError: the file cannot be written.
        """
        append_line(self.path, measurement.model_dump_json())
        self.measurements.append(measurement)


def _read(kind: type[_Line], line: str, where: str) -> _Line:
    try:
        data = parse_json(line)
    except ValueError as error:
        raise ValueError(
            f"{where}: must be JSON ({error}); remove the file and calibrate anew"
        ) from None
    return parse_config(kind, data, where)
