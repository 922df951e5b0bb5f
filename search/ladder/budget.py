"""How many steps of training a search has left, and what fits into them."""

from dataclasses import dataclass

from search.bookkeeping import Bookkeeping
from search.config import SearchConfig
from search.listening import TRAININGS, Standing


@dataclass
class StepBudget:
    """A budget of a search with a ladder: `trials` full trainings' worth of steps, or minutes."""

    config: SearchConfig
    books: Bookkeeping
    workers: int
    spent: int = 0
    """Steps that were trained, by all sessions."""
    under_way: int = 0
    """Steps that workers have begun."""

    @property
    def full(self) -> int:
        """The steps of one full training."""
        return self.config.steps

    @property
    def left(self) -> int | None:
        """The steps that are not spent or under way; None where only the time ends the search."""
        trials = self.config.budget.trials
        return None if trials is None else trials * self.full - self.spent - self.under_way

    @property
    def left_in_time(self) -> int | None:
        """The steps that one worker can make in the minutes that are left, if that is known."""
        minutes = self.config.budget.minutes
        if minutes is None or not self.spent or self.books.seconds <= 0:
            return None
        steps_per_second = self.spent / self.books.seconds / self.workers
        return max(0, int((minutes * 60 - self.books.seconds) * steps_per_second))

    @property
    def least_left(self) -> int | None:
        """The smaller of both, as far as they are known."""
        return min((it for it in (self.left, self.left_in_time) if it is not None), default=None)

    def fits(self, steps: int) -> bool:
        """Whether one worker can make so many steps within the budget."""
        return self.least_left is None or steps <= self.least_left

    def is_paid(self, steps: int) -> bool:
        """Whether so many steps fit, but for the time that they take."""
        return self.left is None or steps <= self.left

    @property
    def time_is_up(self) -> bool:
        minutes = self.config.budget.minutes
        return minutes is not None and self.books.seconds >= minutes * 60

    @property
    def ended(self) -> str:
        """What to say when nothing fits any more."""
        budget = self.config.budget
        if budget.minutes is not None and (self.time_is_up or budget.trials is None):
            return f"the budget of {budget.minutes:g} minutes is spent"
        return (
            f"the budget of {budget.trials} full trainings, {(budget.trials or 0) * self.full:,} "
            "steps, is spent"
        )

    @property
    def standing(self) -> Standing:
        """How far the search has come."""
        budget, seconds = self.config.budget, self.books.seconds
        left = [] if budget.minutes is None else [max(0.0, budget.minutes * 60 - seconds)]
        if budget.trials is not None and self.spent:
            left.append(seconds / self.spent * max(0, budget.trials * self.full - self.spent))
        return Standing(self.spent // self.full, budget.trials, min(left, default=None), TRAININGS)
