"""What `paretosr calibrate` measures, and what it says of the outcome."""

from pathlib import Path

import numpy as np

from blocks.config import Scale
from foundation.configs import parse_config
from profilers import Target
from profilers.predictor import CalibrationFile, LatencyPredictor
from search.config import DEFAULT_TARGET, load_search_config
from search.space import (
    ClassSRSpace,
    Families,
    SearchSpace,
    SeemoReSpace,
    SmsrSpace,
    SplitSRSpace,
)

DEFAULT_SCALE: Scale = 2


def space_and_target(
    config: Path | None, target: str | None, scale: int | None
) -> tuple[SearchSpace, Target]:
    """Return the networks to measure and where; options outweigh the config.

    Raises:
        ValueError: the config or the target is not valid, or there is no such scale.
        FileNotFoundError: there is no such config.
    """
    if config is None:
        families = Families(
            splitsr=SplitSRSpace(), seemore=SeemoReSpace(), smsr=SmsrSpace(), classsr=ClassSRSpace()
        )
        space, text = SearchSpace(DEFAULT_SCALE, families.searched()), DEFAULT_TARGET
    else:
        search = load_search_config(config)
        space, text = search.space, str(search.target)
    if scale is not None:
        wanted: Scale = parse_config(Scale, scale, "--scale")  # type: ignore[arg-type]
        space = SearchSpace(wanted, space.families)
    return space, Target.parse(target or text)


def checked(file: CalibrationFile) -> dict[str, dict[str, float]]:
    """Return, by family, how its networks were predicted that were left out of the fit.

    `within_tenth` is the share predicted within 10 % of what was measured, `interval_low` and
    `interval_high` the ends of the interval relative to the prediction.

    Raises:
        ValueError: there are too few networks.
    """
    predictor = LatencyPredictor.load(file)
    return {
        name: {
            "networks": len(errors),
            "within_tenth": float(np.mean(np.abs(errors) <= 0.1)),
            "interval_low": 1 / predictor.bounds[name] - 1,
            "interval_high": predictor.bounds[name] - 1,
        }
        for name, errors in predictor.errors.items()
    }
