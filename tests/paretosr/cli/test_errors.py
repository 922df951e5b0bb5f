import errno
import os

import pytest
import torch
import typer

from paretosr.cli.errors import explain


def _os_error(number: int) -> OSError:
    return OSError(number, os.strerror(number), "photos")


@pytest.mark.parametrize(
    ("error", "status", "line"),
    [
        (ValueError("rule,\n  value,\n  remedy"), 2, "rule, value, remedy"),
        (_os_error(errno.ENOENT), 2, "no such file: photos"),
        (_os_error(errno.EACCES), 2, "photos: Permission denied"),
        (_os_error(errno.EISDIR), 2, "photos is a folder, where a file is needed"),
        (_os_error(errno.EEXIST), 2, "photos is a file, where a folder is needed"),
        (_os_error(errno.ENOTDIR), 2, "photos is a file, where a folder is needed"),
        (_os_error(errno.ENOSPC), 1, "photos: No space left on device"),
        (OSError("socket is gone"), 2, "socket is gone"),
        (RuntimeError("the worker died"), 1, "the worker died"),
        (MemoryError(), 1, "out of memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (KeyboardInterrupt("stopped; run it again"), 130, "stopped; run it again"),
        (
            typer.BadParameter("Input should be a valid integer, unable to parse string"),
            2,
            "Invalid value: must be a whole number",
        ),
        (typer.BadParameter("not a number"), 2, "Invalid value: not a number"),
    ],
)
def test_one_line_and_exit_status(error: BaseException, status: int, line: str) -> None:
    explanation = explain(error)
    assert explanation is not None
    assert (explanation.exit_status, explanation.line) == (status, line)


def test_pytorch_out_of_memory_is_told_in_two_words() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**55, dtype=torch.uint8)
    explanation = explain(caught.value)
    assert explanation is not None
    assert (explanation.exit_status, explanation.line) == (1, "out of memory")


@pytest.mark.parametrize("defect", [TypeError("x"), KeyError("x"), AttributeError("x")])
def test_a_defect_keeps_its_traceback(defect: Exception) -> None:
    assert explain(defect) is None


def test_an_interrupt_that_became_another_error_is_told_as_one() -> None:
    error = RuntimeError("trying to pop from empty mode stack")
    error.__context__ = KeyboardInterrupt()
    explanation = explain(error)
    assert explanation is not None
    assert (explanation.exit_status, explanation.line) == (130, "interrupted")
