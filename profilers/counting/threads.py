"""Work handed to other Python threads, which do not inherit the modes of the calling one."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from threading import Thread, local
from typing import Any

Entering = Callable[[], AbstractContextManager[object] | None]
"""Called in the thread that hands work over: the context for the work, or None for none."""


@contextmanager
def followed_into_threads(entering: Entering) -> Iterator[None]:
    """Run work that is handed to new threads, or to any thread pool, in the same modes."""
    start, submit, submitting = Thread.start, ThreadPoolExecutor.submit, local()

    def followed_start(self: Thread) -> None:
        entered, run = entering(), self.run
        # A pool's threads outlive the call, so their tasks enter and leave, one by one.
        if entered is not None and not hasattr(submitting, "task"):

            def entered_run() -> None:
                with entered:
                    run()

            self.run = entered_run  # type: ignore[method-assign]
        start(self)

    def followed_submit(
        pool: ThreadPoolExecutor, task: Callable[..., Any], /, *args: Any, **kwargs: Any
    ) -> "Future[Any]":
        entered = entering()
        if entered is None:
            return submit(pool, task, *args, **kwargs)

        def entered_task() -> Any:
            with entered:
                return task(*args, **kwargs)

        submitting.task = task
        try:
            return submit(pool, entered_task)
        finally:
            del submitting.task

    Thread.start = followed_start  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = followed_submit  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        Thread.start = start  # type: ignore[method-assign]
        ThreadPoolExecutor.submit = submit  # type: ignore[method-assign]
