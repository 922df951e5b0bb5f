"""The variants of a network on this machine."""

import time

import pytest

from blocks import FsrcnnConfig
from profilers.host.variants import fastest_call, require_variant


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
    config = FsrcnnConfig(scale=2)
    require_variant("mine", config, None)
    require_variant("mine", config, "shuffled")
    require_variant("bicubic", None, None)
    with pytest.raises(ValueError, match="variant must be plain or shuffled for mine, got 'x'"):
        require_variant("mine", config, "x")
    with pytest.raises(ValueError, match="variant must be left out for bicubic"):
        require_variant("bicubic", None, "plain")
