"""Learning what networks cost on a target, and how well that predicts others."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from blocks.config import Scale
from foundation import has_suffix
from foundation.configs import parse_config
from foundation.listener import SILENT, Listener
from paretosr.measuring.subjects import as_target
from paretosr.results import Result, Table
from profilers import Target
from profilers.predictor import CalibrationFile, LatencyPredictor
from search.calibrating import calibrate as measure_networks
from search.config import load_search_config
from search.space import SearchSpace, every_space
from search.target_list import DEFAULT_TARGET

_DEFAULT_SCALE: Scale = 2


@dataclass(frozen=True)
class FamilyErrors:
    """How the networks of one family were predicted that were left out of the fit."""

    networks: int
    """How many there are."""
    within_tenth: float
    """The share predicted within 10 % of what was measured."""
    interval_low: float
    interval_high: float
    """The ends of the 90 % interval relative to the prediction: -0.1 is 10 % below it."""


@dataclass(frozen=True, repr=False)
class CalibrationSummary(Result):
    """What a calibration holds, and how well it predicts."""

    file: CalibrationFile
    families: Mapping[str, FamilyErrors]

    def to_dict(self) -> Mapping[str, object]:
        return {
            **self.file.header.model_dump(mode="json"),
            "file": str(self.file.path),
            "networks": len(self.file.networks),
            "families": {name: asdict(errors) for name, errors in self.families.items()},
        }

    def tables(self) -> Sequence[Table]:
        header = self.file.header
        is_busy = header.quiet_share not in (None, 1)
        busy = "; the machine was busy, so all milliseconds are too high" if is_busy else ""
        title = (
            f"{self.file.path}: {len(self.file.networks)} networks of scale {header.scale} on "
            f"{header.target}; one call of {header.reference} takes {header.reference_ms:.2f} ms "
            f"of {header.clock} time{busy}"
        )
        rows = tuple(
            (
                name,
                str(errors.networks),
                f"{100 * errors.within_tenth:.0f} %",
                f"{100 * errors.interval_low:+.0f} to {100 * errors.interval_high:+.0f} %",
            )
            for name, errors in self.families.items()
        )
        headings = ("family", "networks", "within 10 %", "90 % interval")
        return (Table(headings, rows, frozenset(headings[1:]), title),)

    def sentences(self) -> Sequence[str]:
        return ("predictions for networks left out of the fit, against what was measured of them",)


def calibrate(
    out: Path | str,
    target: Target | str | None = None,
    *,
    scale: int | None = None,
    config: Path | str | None = None,
    minutes: float = 15.0,
    listener: Listener = SILENT,
) -> CalibrationSummary:
    """Measure networks drawn from a search space, to predict the latency of others, and return
    how well that works.

    The file `out` keeps the machine, the time of the reference network and every measurement. A
    call that was interrupted is continued by the same call; more minutes add networks. Nothing
    else should run on the machine.

    Args:
        out: the calibration to write, or to go on with.
        target: RUNTIME[:key=value,...]; None for the config's, or eager.
        scale: of the networks, 2, 3 or 4; None for the config's, or 2.
        config: a search whose space is measured; None for every family in its whole range.
        minutes: for measuring networks, in all calls.
        listener: hears how far it is.

    Raises:
        ValueError: an argument is not valid, the target is missing here, the file is another
            calibration, or holds too few networks to predict from.
        OSError: a file cannot be read or written.
        ProfilingFailed: the reference network cannot be measured. It is a RuntimeError.
        KeyboardInterrupt: interrupted; the file holds what was measured until then.

    Examples:
        >>> import paretosr as psr
        >>> summary = psr.calibrate("eager.jsonl", "eager:lr=90x160")  # doctest: +SKIP
        >>> summary.families["splitsr"].within_tenth  # doctest: +SKIP
        0.97
    """
    if has_suffix(Path(out), ".yaml", ".yml"):
        raise ValueError(
            f"a calibration is written into a file such as {Path(out).stem}.jsonl, got {out}: name "
            "a search's config with --config, or config= in Python"
        )
    if not minutes > 0:
        raise ValueError(f"minutes must be greater than 0, got {minutes}")
    space, wanted = space_and_target(config, target, scale)
    if wanted.precision == "int8":
        raise ValueError(
            f"latencies are predicted of networks in float, not of quantised programs: calibrate "
            f"{wanted.of_reference}, got {wanted}"
        )
    try:
        file = measure_networks(
            space, wanted, Path(out), max_seconds=round(60 * minutes), listener=listener
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; the same command goes on with {out}") from None
    return CalibrationSummary(file, _errors_by_family(LatencyPredictor.load(file)))


def space_and_target(
    config: Path | str | None, target: Target | str | None, scale: int | None
) -> tuple[SearchSpace, Target]:
    """Return the networks to measure and where; `target` and `scale` outweigh the config.

    Raises:
        ValueError: the config or the target is not valid, or there is no such scale.
        FileNotFoundError: there is no such config.
    """
    if config is None:
        space, wanted = SearchSpace(_DEFAULT_SCALE, every_space()), as_target(DEFAULT_TARGET)
    else:
        search = load_search_config(Path(config))
        if target is None and len(search.targets) > 1:
            raise ValueError(
                f"a calibration is of one target, {config} names {len(search.targets)}: name one "
                "with --target"
            )
        space, wanted = search.space, search.target
    if scale is not None:
        size: Scale = parse_config(Scale, scale, "scale")  # type: ignore[arg-type]
        space = SearchSpace(size, space.families)
    return space, wanted if target is None else as_target(target)


def _errors_by_family(predictor: LatencyPredictor) -> Mapping[str, FamilyErrors]:
    return {
        name: FamilyErrors(
            networks=len(errors),
            within_tenth=float(np.mean(np.abs(errors) <= 0.1)),
            interval_low=1 / predictor.bounds[name] - 1,
            interval_high=predictor.bounds[name] - 1,
        )
        for name, errors in predictor.errors.items()
    }
