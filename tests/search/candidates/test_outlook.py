"""What is said of bounds before anything is trained, with latencies that are known.

The evaluator's latency is the number of channels, of which the space has at least 8.

Covers search.candidates.remedies.
"""

from dataclasses import replace
from typing import Any

import pytest

from reports.nothing_trained import unkept_bounds
from reports.records import TrialRecord
from reports.selection.bounds import Bound
from search.candidates.candidate import Candidate, Costing, described, unbuildable
from search.candidates.extremes import Extremes
from search.candidates.outlook import (
    measure_cheapest,
    outlook,
    quality_bounds,
    why_none_kept,
)
from search.candidates.remedies import remedies
from search.config import SearchConfig
from search.space import SplitSRSpace

SMALLEST = SplitSRSpace(channels=(8,), groups=(1,), blocks=(1,)).values_at(0.0)


def searched(small_search: dict[str, Any], **changes: Any) -> SearchConfig:
    return SearchConfig.model_validate({**small_search, "target": "eager:lr=60x80", **changes})


def bounded(small_search: dict[str, Any], most: float, **changes: Any) -> SearchConfig:
    constraints = {"latency_ms": {"max": most}}
    return searched(small_search, constraints=constraints, **changes)


@pytest.mark.parametrize(
    ("most", "unlikely", "is_hopeless"), [(4, 1, True), (6, 1, False), (8, 0, False)]
)
def test_a_bound_far_below_the_cheapest_designs_is_hopeless(
    small_search: Any, evaluator: Any, listener: Any, most: float, unlikely: int, is_hopeless: bool
) -> None:
    config = bounded(small_search, most)
    cheapest = measure_cheapest(config, evaluator, listener)
    found = outlook(config, cheapest, None)
    assert (len(found.unlikely), found.is_hopeless) == (unlikely, is_hopeless)
    if not unlikely:  # the first keeps the bound, so no other was measured
        assert len(cheapest) == 1
        return
    assert {record.family for record in cheapest} == {"splitsr", "seemore"}
    (sentence,) = found.unlikely
    assert f"no network is likely to keep latency_ms <= {most}: " in sentence
    assert "the nearest has 8; what helps: an input of about" in sentence
    assert "another target or more threads" in sentence


def test_a_bound_is_not_given_up_where_a_family_or_a_precision_cannot_be_measured_yet(
    small_search: Any, evaluator: Any, listener: Any
) -> None:
    smsr = {"smsr": {"channels": [16], "modules": 1, "layers": 1}}
    config = bounded(small_search, 1, families={**small_search["families"], **smsr})
    cheapest = measure_cheapest(config, evaluator, listener)
    found = outlook(config, cheapest, None)
    assert found.unlikely and not found.is_hopeless
    quantised = bounded(
        small_search, 1, target="onnxruntime:lr=60x80", precision=["float32", "int8"]
    )
    found = outlook(quantised, cheapest, None)
    assert found.unlikely and not found.is_hopeless
    int8 = bounded(small_search, 1, target="onnxruntime:precision=int8,lr=60x80")
    assert measure_cheapest(int8, evaluator, listener) == ()


def test_the_cheapest_are_measured_in_the_precision_of_the_target(
    small_search: Any, evaluator: Any, listener: Any
) -> None:
    config = bounded(small_search, 8, target="eager:precision=bfloat16,lr=60x80")
    (record,) = measure_cheapest(config, evaluator, listener)
    assert (record.precision, record.latency_ms) == ("bfloat16", 8)
    assert record.target == str(config.target)


def test_of_a_least_quality_only_that_of_bicubic_is_known_before(small_search: Any) -> None:
    baseline = TrialRecord(
        trial=None, arch_id="bicubic-x2", family="bicubic", scale=2, state="trained", psnr_y_db=33
    )
    config = searched(small_search, constraints={"psnr_y_db": {"min": 40}, "macs": {"max": 1e12}})
    (line,) = quality_bounds(config, baseline)
    assert line.startswith("psnr_y_db >= 40: bicubic has 33; ")


def test_an_interval_that_reaches_the_bound_leaves_hope(small_search: Any) -> None:
    config = bounded(small_search, 4)
    network = config.space.families[0].typical(2)
    record = described(None, Candidate.of(network), Costing(config.target, 0))
    record = replace(record, latency_ms=4.4, latency_ci_low_ms=3.9, latency_ci_high_ms=4.8)
    assert outlook(config, [record], None).unlikely == ()


def test_the_input_that_would_help_has_so_many_pixels_less(
    small_search: Any, evaluator: Any, listener: Any
) -> None:
    """Four times too slow: half the height and half the width."""
    config = bounded(small_search, 2)
    cheapest = measure_cheapest(config, evaluator, listener)
    (unkept,) = unkept_bounds(cheapest, None, [Bound("latency_ms", "<=", 2)])
    assert "an input of about 30x40 px instead of 60x80 (lr= in target)" in remedies(config, unkept)
    assert "channels: 4 has" in remedies(config, unkept)


def test_a_search_that_ends_without_a_network_says_why(small_search: Any, evaluator: Any) -> None:
    config = bounded(small_search, 4)
    said = why_none_kept(config, [], (), None)
    assert said == "no trial has ended: the budget was spent on preparing; raise budget.minutes"
    cheapest = measure_cheapest(config, evaluator, _Nobody())
    rejected = [replace(it, state="infeasible", trial=n) for n, it in enumerate(cheapest)]
    said = why_none_kept(config, rejected, cheapest, None)
    assert said is not None and said.startswith("none kept latency_ms <= 4: the nearest had 8; ")
    trained = replace(rejected[0], state="trained")
    assert why_none_kept(config, [trained], cheapest, None) is None
    failed = [replace(it, state="failed", reason="it diverged") for it in rejected]
    assert "the last because: it diverged" in str(why_none_kept(config, failed, (), None))


def test_what_makes_no_network_broke_no_constraint(small_search: Any) -> None:
    config = searched(small_search)
    odd = [unbuildable(trial, "an odd split", 2) for trial in (0, 1)]
    said = why_none_kept(config, odd, (), None)
    assert said == "none of 2 trials was trained, the last because: an odd split"


def test_a_bound_that_no_cost_can_keep_is_hopeless(small_search: Any) -> None:
    config = bounded(small_search, -1, families={"splitsr": small_search["families"]["splitsr"]})
    network = config.space.families[0].typical(2)
    record = described(None, Candidate.of(network), Costing(config.target, 0))
    found = outlook(config, [replace(record, latency_ms=4.4)], None)
    assert found.is_hopeless and "an input of" not in found.unlikely[0]


def test_designs_that_only_trained_weights_time_are_not_among_the_cheapest(
    small_search: Any, evaluator: Any, listener: Any
) -> None:
    """Masked groups have the fewest MACs here, and in the middle of the space there is none."""
    one_each = {"experts": 1, "recursion": 1, "kernel": 5, "ffn_ratio": 1.0, "dense_kind": "dense"}
    one_each |= {"dense_parts": 4, "split_ratio": 0.5, "upsampler": "one_step", "channels": 16}
    ranges = {"groups": 1, "kinds": ["plain", "masked"], "blocks": 6, "mask_layers": 1}
    config = bounded(small_search, 1, families={"hybrid": {**one_each, **ranges}})
    family, costing = config.space.families[0], Costing(config.target, config.seed)
    assert not family.typical(2).is_input_adaptive
    least = Extremes(family, 2, costing).least(lambda record: record.macs)
    assert least.candidate.config.is_input_adaptive
    measured = measure_cheapest(config, evaluator, listener)
    assert "masked" not in str([record.config for record in measured])


@pytest.mark.parametrize(
    ("column", "comparison", "said"),
    [
        ("psnr_y_db", ">=", "; what helps: longer trainings (budget.steps) or a wider space"),
        ("psnr_y_db", "<=", ""),
        ("size_kib", "<=", "families.splitsr.channels: 4 has"),
    ],
)
def test_what_helps_an_int8_network_to_keep_a_bound(
    small_search: Any, column: str, comparison: Any, said: str
) -> None:
    """What its weights take is known only when it is quantised; parameters tell how it changes."""
    config = searched(small_search, target="onnxruntime:precision=int8,lr=60x80")
    network = Candidate.of(config.space.families[0].network(SMALLEST, 2), "int8")
    record = described(0, network, Costing(config.target, 0))
    record = replace(record, psnr_y_db=30.0, size_kib=50.0)
    (unkept,) = unkept_bounds([record], None, [Bound(column, comparison, 40 if said else 20)])
    help = remedies(config, unkept)
    assert help == said if column == "psnr_y_db" else said in help and "parameters of 8" in help


class _Nobody:
    def status(self, text: str) -> None: ...

    def warning(self, text: str) -> None: ...

    def progress(self, done: int, total: int, text: str = "") -> None: ...
