"""The one rule of what to do next: the largest expected improvement of the front per second.

What a candidate improves is known by its full training alone, but that can be stopped at its next
rung. So the seconds that count are those to the rung, and those from there to the end as far as it
will be worth to go on: what was spent on a candidate already speaks for it, what its rungs tell
speaks for or against it, and that one will tell more speaks for what is uncertain.

Source of the ratio: the Gittins index of one step, as in Pandora's problem (Weitzman 1979).
"""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from search.allocation.costs import Array, seconds_per_step
from search.allocation.estimate import FEWEST_FINISHED, Estimator
from search.allocation.improvement import Improvement
from search.allocation.relevant import relevant
from search.allocation.state import Decision, Estimate, Known, Promote, Situation, Start

CASES = 7
"""In which the next rung of a candidate may end."""
MOST_OF_A_DEVIATION = 0.999
"""That a rung may clear up."""


def decide(situation: Situation) -> Decision:
    """What a free worker does: start a candidate of the pool, or promote one that waits.

    Raises:
        ValueError: there is nothing in the pool, and nothing waits.
    """
    if not situation.pool and all(known.state != "waiting" for known in situation.known):
        raise ValueError("a decision needs a candidate in the pool or one that waits")
    situation = relevant(situation)
    waiting = [known for known in situation.known if known.state == "waiting"]
    candidates = [*waiting, *situation.pool]
    ladder = situation.ladder
    begun = [it.curve[-1].steps if it.curve else 0 for it in candidates]
    # Two workers are not to seek the same.
    running = [known for known in situation.known if known.state == "running"]
    estimator = Estimator(situation).believing(running)
    # The first trainings, which tell how far rungs can be trusted, go to their end.
    are_first = estimator.finished < FEWEST_FINISHED
    rungs = [
        ladder.full_steps if are_first else ladder.after(steps) or ladder.full_steps
        for steps in begun
    ]
    estimates = estimator.of(candidates)
    cases = _cases(estimates, estimator.shifts(candidates, rungs))
    improvements = Improvement(situation, estimator).expected(candidates, *cases)
    seconds = seconds_per_step(situation, candidates)
    to_rung = np.array(rungs) - np.array(begun)
    from_rung = ladder.full_steps - np.array(rungs)
    to_end = ladder.full_steps - np.array(begun)
    rates = best_rates(improvements, to_rung * seconds, from_rung * seconds)
    if situation.steps_left is not None:
        # What cannot be finished adds nothing; it is done only if nothing else is left to do.
        rates = np.where(to_end <= situation.steps_left, rates, 0.0)
    if are_first and waiting:
        rates[len(waiting) :] = 0.0
    best = int(np.argmax(rates))
    chosen, estimate = candidates[best], estimates[best]
    action = Promote(_trial(chosen)) if best < len(waiting) else Start(best - len(waiting))
    why = (
        f"{estimate.psnr_y_db:.2f} dB expected, give or take {estimate.deviation_db:.2f}, "
        f"after {to_end[best]} more steps"
    )
    return Decision(action, float(rates[best]), why)


def _cases(estimates: Sequence[Estimate], shifts: Array) -> tuple[Array, Array]:
    """What may be expected after the next rung, in equally likely cases, and how surely.

    The means are (M, Q), the deviations (M,).
    """
    means = np.array([it.psnr_y_db for it in estimates])
    deviations = np.array([it.deviation_db for it in estimates])
    # Something is left to chance at the end, if only the noise of training.
    shifts = np.minimum(shifts, MOST_OF_A_DEVIATION * deviations)
    normal = ndtri((np.arange(CASES) + 0.5) / CASES)
    return means[:, None] + shifts[:, None] * normal, np.sqrt(deviations**2 - shifts**2)


def best_rates(improvements: Array, to_rung: Array, to_end: Array) -> Array:
    """The expected improvement per second of candidates that are continued where that pays: (M,).

    `improvements` are those by full trainings, in equally likely cases that the next rung decides
    between: (M, Q). It takes so many seconds to the rung, and so many more to the end (M,). A
    candidate is continued in its k best cases, whichever k gives the largest ratio of what is
    expected to be gained and spent.
    """
    cases = improvements.shape[1]
    gained = np.cumsum(-np.sort(-improvements, axis=1), axis=1) / cases
    continued = np.arange(1, cases + 1) / cases
    spent = to_rung[:, None] + continued * to_end[:, None]
    rates: Array = (gained / spent).max(axis=1)
    return rates


def _trial(known: Known) -> int:
    if known.trial is None:
        raise ValueError(f"{known.arch_id} waits, so it must have a trial's number")
    return known.trial
