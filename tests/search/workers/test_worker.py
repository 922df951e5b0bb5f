"""How a worker follows the search: at each step it may have to stand still, or to stop."""

import threading
from typing import Any

import pytest

from search.workers.messages import GoOn, Report, StandingStill, StandStill, Stepped, Stop, Train
from search.workers.worker import Orders, Steps


class Work:
    """Steps in a thread, counted, until it is stopped."""

    def __init__(self) -> None:
        self.said: list[Report] = []
        self.steps = 0
        self.has_stepped = threading.Event()
        self.orders = Orders(self._say)
        self.thread = threading.Thread(target=self._run)
        self._stands_still = threading.Event()

    def wait_for_a_step(self) -> None:
        self.has_stepped.clear()
        assert self.has_stepped.wait(30)

    def wait_until_it_stands_still(self) -> None:
        assert self._stands_still.wait(30)
        self._stands_still.clear()

    def _say(self, report: Report) -> None:
        self.said.append(report)
        if isinstance(report, StandingStill):
            self._stands_still.set()

    def _run(self) -> None:
        try:
            while True:
                self.steps += 1
                self.has_stepped.set()
                self.orders.follow()
        except KeyboardInterrupt:
            pass


@pytest.fixture
def work() -> Any:
    work = Work()
    work.thread.start()
    yield work
    work.orders.hear(Stop())
    work.thread.join(30)
    assert not work.thread.is_alive()


def test_no_step_is_done_between_standing_still_and_going_on(work: Work) -> None:
    for _ in range(20):
        work.wait_for_a_step()
        work.orders.hear(StandStill())
        work.wait_until_it_stands_still()
        before = work.steps
        assert not threading.Event().wait(0.005)
        assert work.steps == before
        work.orders.hear(GoOn())
    work.wait_for_a_step()


def test_one_that_stands_still_can_be_stopped(work: Work) -> None:
    work.orders.hear(StandStill())
    work.wait_until_it_stands_still()
    work.orders.hear(Stop())
    work.thread.join(30)
    assert not work.thread.is_alive()


def test_a_worker_without_work_stands_still_when_it_is_told_to() -> None:
    said: list[Report] = []
    orders = Orders(said.append)
    trainings: list[Train] = []
    thread = threading.Thread(target=lambda: trainings.extend(orders.trainings()))
    orders.hear(StandStill())
    thread.start()
    while not said:
        assert thread.is_alive()
    assert (said, trainings) == ([StandingStill()], [])
    orders.hear(GoOn())
    orders.hear(Train(4, {"family": "splitsr"}, 9))
    orders.hear(Stop())
    thread.join(30)
    # What was ordered before the end is not begun any more.
    assert trainings == [] and not thread.is_alive()


def test_trainings_are_handed_on() -> None:
    orders = Orders(lambda _: None)
    orders.hear(Train(4, {"family": "splitsr"}, 9))
    trainings = orders.trainings()
    assert next(trainings) == Train(4, {"family": "splitsr"}, 9)
    orders.hear(Stop())
    assert list(trainings) == []


def test_of_steps_in_quick_succession_the_first_is_told() -> None:
    said: list[Report] = []
    on_step = Steps(5, Orders(said.append), said.append)
    on_step(1, 0.5)
    on_step(2, 0.4)
    assert said == [Stepped(5, 1, 0.5)]


def test_each_order_to_stand_still_is_answered_even_right_after_going_on(work: Work) -> None:
    work.orders.hear(StandStill())
    work.wait_until_it_stands_still()
    for _ in range(500):
        work.orders.hear(GoOn())
        work.orders.hear(StandStill())
        work.wait_until_it_stands_still()
    work.orders.hear(GoOn())
    work.wait_for_a_step()
