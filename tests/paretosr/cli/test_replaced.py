"""What an option of an earlier version is answered with."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize(
    ("arguments", "answer"),
    [
        (
            ["train", "smsr", "--scale", 2, "--out", "x", "--sparsity-weight", "0.01"],
            "--sparsity-weight 0.01 is now --set sparsity.weight=0.01",
        ),
        (
            ["train", "fsrcnn", "--scale", 4, "--out", "x", "--label-weight", 1],
            "--label-weight 1 is now --set routing.label_weight=1",
        ),
        (
            ["profile", "seemore-t", "--scale", 2, "--against", "bicubic"],
            "--against bicubic is now paretosr compare MODEL bicubic",
        ),
        (["profile", "--all", "--csv", "t.csv"], "--all is now paretosr sweep FILE"),
        (["profile", "--csv", "t.csv", "--all"], "--csv t.csv is now paretosr sweep t.csv"),
        (
            ["profile", "seemore-t", "--sustained", "5"],
            "--sustained 5 is now paretosr stress MODEL --seconds 5",
        ),
        *(
            ([command, "seemore-t", "--form", "folded"], "--form folded is now --variant folded")
            for command in ("profile", "evaluate", "upscale")
        ),
    ],
)
def test_the_answer_is_the_new_spelling(
    cli: Callable[..., Any], arguments: list[object], answer: str
) -> None:
    completed = cli(*arguments)
    assert (completed.status, completed.out, completed.err) == (2, "", f"paretosr: {answer}\n")


def test_replaced_options_are_not_in_the_help(cli: Callable[..., Any]) -> None:
    text = cli("profile", "--help").out
    assert "--variant" in text
    assert not any(old in text for old in ("--against", "--all", "--csv", "--sustained", "--form"))
