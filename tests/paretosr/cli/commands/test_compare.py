"""`paretosr compare`: several models on one target, or one model on several targets."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SMALL = ("--max-seconds", "0.4")
TARGET = ("--target", "eager:lr=24x32")


@pytest.mark.parametrize("other", ["tiny", "bicubic"])
def test_two_models(cli: Callable[..., Any], tiny_network: Path, other: str) -> None:
    arguments = ["compare", tiny_network, tiny_network if other == "tiny" else other]
    answer = cli(*arguments, *TARGET, *SMALL, "--json").json
    (pair,) = answer["others"]
    assert (answer["model"], answer["scale"]) == (str(tiny_network), 2)
    assert 0 < pair["ci_low"] <= pair["ratio"] <= pair["ci_high"]
    assert pair["first_variant"] in ("in_place", "concatenated")
    assert (pair["variant"] is None) is (other == "bicubic")
    sentence = cli(*arguments, *TARGET, *SMALL).out.splitlines()[-1]
    assert any(word in sentence for word in ("faster", "slower", "not distinguishable"))


def test_one_model_on_several_targets(cli: Callable[..., Any], tiny_network: Path) -> None:
    targets = ("--targets", "eager:lr=24x32", "eager:lr=48x64", *SMALL)
    answer = cli("compare", tiny_network, *targets, "--json").json
    first, second = answer["targets"]
    assert [first["lr_height_px"], second["lr_height_px"]] == [24, 48]
    assert (first["ratio"], second["verdict"]) == (None, "slower")  # four times the pixels
    assert second["ratio"] == second["latency_ms"] / first["latency_ms"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give a second MODEL to compare with, or --targets"),
        (["bicubc"], "did you mean 'bicubic'"),
        (["--targets", "eager", "--target", "eager"], "not both"),
        (["--targets", "eager", "egaer"], "did you mean 'eager'"),
        (["bicubic", "--max-seconds", "0"], "--max-seconds must be greater than 0"),
        (["--targets", "ssh://me@board/onnxruntime", "--variant", "odd"], "the variant must be"),
    ],
)
def test_wrong_arguments(
    cli: Callable[..., Any], tiny_network: Path, arguments: list[str], message: str
) -> None:
    completed = cli("compare", tiny_network, *arguments)
    assert (completed.status, completed.out) == (2, "")
    assert message in completed.err
    assert completed.err.count("\n") == 1
