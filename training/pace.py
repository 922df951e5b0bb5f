"""How long a training takes on this machine, by a few timed steps."""

import math
import statistics
import time
from collections.abc import Callable

from blocks.networks.registry import SuperResolutionNetwork
from training.data.patches import PatchSampler
from training.distributed import ALONE, Processes
from training.monitor import Watch, usual_interval
from training.recipes.recipe import Recipe
from training.step import Precision, TrainingStep

WARM_UP_STEPS = 3
TIMED_STEPS = 9


def step_seconds(
    network: SuperResolutionNetwork,
    patches: PatchSampler,
    recipe: Recipe,
    *,
    precision: Precision,
    device: str = "cpu",
    processes: Processes = ALONE,
) -> float:
    """Return the time of one step, the median of nine; `network` is not to be used again."""
    training = TrainingStep(
        network, recipe, device=device, precision=precision, seed=patches.seed, processes=processes
    )
    clock = time.perf_counter
    seconds = []
    for step in range(WARM_UP_STEPS + TIMED_STEPS):
        start = clock()
        training.take(*patches.batch(step, processes), learning_rate=0, progress=0)
        seconds.append(clock() - start)
    return statistics.median(seconds[WARM_UP_STEPS:])


def steps_within(
    seconds: float, *, step: float, validation: float, validate_every: int | None = None
) -> int:
    """Return how many steps fit into `seconds`, with the validations on the way.

    `step` and `validation` are the seconds that one takes; `validate_every` as of `Watch.over`.
    0 where not even one step and its validation fit.
    """
    fitting, too_many = 0, int(seconds / step) + 1
    while too_many - fitting > 1:
        steps = (fitting + too_many) // 2
        validations = math.ceil(steps / (validate_every or usual_interval(steps)))
        if steps * step + validations * validation <= seconds:
            fitting = steps
        else:
            too_many = steps
    return fitting


class Pace:
    """Says how long the rest of a training takes, once it knows.

    After a few steps, and once more after the first validation.
    """

    def __init__(self, watch: Watch, steps: int, clock: Callable[[], float] = time.perf_counter):
        self._steps, self._every, self._clock = steps, watch.validate_every, clock
        self._last = clock()
        self._seconds: list[float] = []

    def after(self, step: int) -> str | None:
        """How long the rest takes, as in "about 58 min at 170 ms a step"; None if it was said."""
        now = self._clock()
        seconds, self._last = now - self._last, now
        timed = self._seconds
        if len(timed) < WARM_UP_STEPS + TIMED_STEPS:
            timed.append(seconds)
            return self._said(step, 0.0) if len(timed) == WARM_UP_STEPS + TIMED_STEPS else None
        if step // self._every == 1 and step % self._every == 0 and step < self._steps:
            return self._said(step, max(0.0, seconds - self._of_one_step))
        return None

    @property
    def _of_one_step(self) -> float:
        return statistics.median(self._seconds[WARM_UP_STEPS:])

    def _said(self, step: int, validation: float) -> str:
        one, left = self._of_one_step, self._steps - step
        validations = math.ceil(left / self._every)
        whole = duration(left * one + validations * validation)
        beside = f" and {validations} validations of {duration(validation)}" if validation else ""
        return f"about {whole} at {1e3 * one:,.3g} ms a step{beside}"


def duration(seconds: float) -> str:
    """A length of time to two digits or so: 0.4 s, 12 s, 58 min, 3 h 20 min."""
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
