"""The one rule of what to do next: the largest expected improvement of the front per second."""

import numpy as np

from search.allocation.costs import seconds_per_step
from search.allocation.estimate import Estimator
from search.allocation.improvement import Improvement
from search.allocation.relevant import relevant
from search.allocation.state import Decision, Known, Promote, Situation, Start


def decide(situation: Situation) -> Decision:
    """What a free worker does: start a candidate of the pool, or promote one that waits.

    The improvement is that by a full training, and the seconds are those that are left of it. So
    what was spent on a candidate speaks for it, and what its rungs tell speaks for or against it.

    Raises:
        ValueError: there is nothing in the pool, and nothing waits.
    """
    waiting = [known for known in situation.known if known.state == "waiting"]
    if not waiting and not situation.pool:
        raise ValueError("a decision needs a candidate in the pool or one that waits")
    situation = relevant(situation)
    waiting = [known for known in situation.known if known.state == "waiting"]
    candidates = [*waiting, *situation.pool]
    estimator = Estimator(situation)
    estimates = estimator.of(candidates)
    improvements = Improvement(situation, estimator).expected(candidates, estimates)
    full = situation.ladder.full_steps
    steps = np.array([full - (it.curve[-1].steps if it.curve else 0) for it in candidates])
    rates = improvements / (steps * seconds_per_step(situation, candidates))
    if situation.steps_left is not None:
        # What cannot be finished adds nothing; it is done only if nothing else is left to do.
        rates = np.where(steps <= situation.steps_left, rates, 0.0)
    best = int(np.argmax(rates))
    chosen, estimate = candidates[best], estimates[best]
    action = Promote(_trial(chosen)) if best < len(waiting) else Start(best - len(waiting))
    why = (
        f"{estimate.psnr_y_db:.2f} dB expected, give or take {estimate.deviation_db:.2f}, "
        f"after {steps[best]} more steps"
    )
    return Decision(action, float(rates[best]), why)


def _trial(known: Known) -> int:
    if known.trial is None:
        raise ValueError(f"{known.arch_id} waits, so it must have a trial's number")
    return known.trial
