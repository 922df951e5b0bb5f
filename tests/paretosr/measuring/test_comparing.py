"""Which of several models is faster: measured ones, and ratios that are given."""

import json

import pytest

import paretosr as psr
from paretosr.measuring.comparing import ComparedModel, Comparison, verdict
from profilers import RatioEstimate

SMALL = "eager:lr=16x16"


def compared(name: str, low: float, high: float) -> ComparedModel:
    estimate = RatioEstimate((low + high) / 2, low, high, 8.0, 10.0, 8.5, 9.0, 20, 0.0)
    return ComparedModel(name, "folded", "plain", estimate)


@pytest.mark.parametrize(
    ("low", "high", "word"),
    [
        (0.8, 0.99, "faster"),
        (1.01, 1.3, "slower"),
        (0.9, 1.1, "not distinguishable"),
        (1.0, 1.2, "not distinguishable"),
        (0.7, 1.0, "not distinguishable"),
    ],
)
def test_only_an_interval_without_one_tells_two_apart(low: float, high: float, word: str) -> None:
    assert verdict(low, high) == word
    assert compared("other", low, high).verdict == word


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_the_first_is_compared_with_each_of_the_others() -> None:
    first = psr.load("fsrcnn", scale=2)
    answer = psr.compare(first, ["rlfn", "bicubic"], SMALL, variant="plain", max_seconds=0.4)
    assert (answer.model, answer.scale, answer.clock) == ("fsrcnn", 2, "cpu")
    rlfn, bicubic = answer.others
    # RLFN has 25 times FSRCNN's parameters.
    assert (rlfn.model, rlfn.verdict) == ("rlfn", "faster")
    assert (rlfn.first_variant, rlfn.variant) == ("plain", "plain")
    assert (bicubic.first_variant, bicubic.variant) == ("plain", None)
    for other in answer.others:
        assert 0 < other.estimate.ci_low <= other.ratio <= other.estimate.ci_high
    json.dumps(answer.to_dict())


@pytest.mark.filterwarnings("ignore::foundation.listener.ParetoSRWarning")
def test_one_other_needs_no_list_and_a_model_equals_itself() -> None:
    net = psr.load("fsrcnn", scale=2)
    (itself,) = psr.compare(net, net, SMALL, max_seconds=0.4).others
    assert itself.first_variant == itself.variant
    assert 0.5 < itself.ratio < 2


def test_the_document_and_the_sentences() -> None:
    answer = Comparison("a", 2, "eager", "cpu", (compared("b", 0.7, 0.9), compared("c", 0.9, 1.2)))
    assert list(answer.to_dict()) == ["model", "scale", "target", "clock", "others"]
    assert " ".join(answer.others[0].to_dict()) == (
        "model first_variant variant ratio ci_low ci_high candidate_ms reference_ms "
        "candidate_p90_ms candidate_first_ms repeats reference_spread quiet_share "
        "compute_probe_ms copy_probe_ms verdict"
    )
    (table,) = answer.tables()
    assert table.title == "a x2 on eager: its time over that of each other, by processor time"
    assert table.rows[0] == (
        "b", "0.800", "0.700 to 0.900", "8.00, 10.00", "20", "folded, plain"
    )  # fmt: skip
    assert answer.sentences() == ["a is faster than b", "a is not distinguishable from c"]


def test_there_must_be_another_of_the_same_scale() -> None:
    first = psr.load("fsrcnn", scale=2)
    with pytest.raises(ValueError, match="at least one other model"):
        psr.compare(first, [])
    with pytest.raises(ValueError, match="scale"):
        psr.compare(first, psr.load("fsrcnn", scale=3))
    with pytest.raises(ValueError, match="did you mean 'bicubic'"):
        psr.compare(first, "bicubc")
