"""The variants of a network on this machine."""

import time

import pytest

from blocks import FsrcnnConfig
from blocks.models import Model
from profilers import OtherVariant
from profilers.host.variants import describe_choice, fastest_call, require_variant


def test_the_shortest_call_is_the_fastest_and_each_other_has_its_ratio() -> None:
    def busy(seconds: float) -> None:
        end = time.process_time() + seconds
        while time.process_time() < end:
            pass

    fastest = fastest_call({"slow": lambda: busy(0.02), "fast": lambda: busy(0.002)})
    assert fastest.name == "fast"
    (slow,) = fastest.others
    assert slow.name == "slow" and slow.ratio is not None and slow.ratio > 1.5


def test_a_variant_must_be_one_of_the_network() -> None:
    mine, bicubic = Model("mine", 2, FsrcnnConfig(scale=2)), Model("bicubic", 2, None)
    require_variant(mine, None)
    require_variant(mine, "shuffled")
    require_variant(bicubic, None)
    with pytest.raises(ValueError, match="the variant must be plain or shuffled for mine, got 'x'"):
        require_variant(mine, "x")
    with pytest.raises(ValueError, match="the variant must be left out for bicubic"):
        require_variant(bicubic, "plain")


def test_a_choice_in_words() -> None:
    slower, missing = OtherVariant("shuffled", 1.42, None), OtherVariant("sparse", None, "no op")
    assert describe_choice("plain", (slower, missing)) == (
        "computed in variant plain, the fastest here: shuffled takes 1.42 times as long as plain, "
        "sparse does not run (no op)"
    )
