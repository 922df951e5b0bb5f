"""Staying on one core, on systems that tell it."""

import os
import threading

import pytest

from profilers.agent.cores import current_core, on_core

if not hasattr(os, "sched_getaffinity"):
    pytest.skip("this system does not keep processes on cores", allow_module_level=True)


def test_all_threads_stay_on_a_core_and_are_free_again() -> None:
    before = os.sched_getaffinity(0)
    core = current_core()
    assert core in before
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    try:
        with on_core(core):
            assert os.sched_getaffinity(0) == {core}
            assert os.sched_getaffinity(thread.native_id or 0) == {core}
        assert os.sched_getaffinity(0) == before
        assert os.sched_getaffinity(thread.native_id or 0) == before
    finally:
        over.set()
        thread.join()


def test_no_core_is_every_core() -> None:
    before = os.sched_getaffinity(0)
    with on_core(None):
        assert os.sched_getaffinity(0) == before
