"""What is known of a candidate before it is built, and that it is made canonical only once."""

from pathlib import Path
from typing import Any

import pytest

from blocks import SeemoReConfig, SplitSRConfig, build_network
from profilers.runtimes.targets import Target
from search.candidates.candidate import Candidate, Costing, described, with_analytic_cost
from search.config import SearchConfig
from search.loop import Search
from search.session import open_study
from search.storage.run_directory import RunDirectory

COSTING = Costing(Target.parse("openvino:lr=16x16"), 7)
# With all of its places split, which are split first makes no difference.
ALL_SPLIT = SplitSRConfig(
    scale=2, channels=8, groups=1, blocks=1, active_channels=4, hybrid_index=1
)


def test_configurations_of_one_network_are_one_candidate() -> None:
    first, other = ALL_SPLIT, ALL_SPLIT.replace(hybrid_mode="interleave")
    assert first != other
    assert Candidate.of(first) == Candidate.of(other)
    assert Candidate.of(first).arch_id == first.arch_id
    assert Candidate.of(first).config == first.canonical()


def test_a_record_is_proposed_until_its_trial_ends() -> None:
    candidate = Candidate.of(ALL_SPLIT)
    record = described(3, candidate, COSTING)
    assert (record.state, record.trial, record.seed, record.macs) == ("proposed", 3, 7, None)
    assert (record.lr_height_px, record.lr_width_px) == (16, 16)
    costed = with_analytic_cost(record, candidate, COSTING)
    assert costed.state == "proposed" and costed.macs is not None and costed.macs > 0
    network = build_network(ALL_SPLIT)
    stored = sum(tensor.nbytes for tensor in network.state_dict().values())
    assert (costed.precision, costed.size_kib) == ("float32", stored / 1024)


def test_what_int8_weights_take_is_not_known_before() -> None:
    candidate = Candidate.of(ALL_SPLIT, "int8")
    record = with_analytic_cost(described(3, candidate, COSTING), candidate, COSTING)
    assert (record.precision, record.size_kib) == ("int8", None)
    assert record.params == sum(tensor.numel() for tensor in build_network(ALL_SPLIT).parameters())


def test_a_trial_makes_its_configuration_canonical_and_parses_its_target_once(
    tmp_path: Path,
    small_search: dict[str, Any],
    evaluator: Any,
    listener: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config, run = SearchConfig.model_validate(small_search), RunDirectory(tmp_path)
    run.write_settings({})
    search = Search(config, open_study(config, run, listener), evaluator, listener)
    calls: list[str] = []
    for kind in (SplitSRConfig, SeemoReConfig):
        canonical = kind.canonical
        monkeypatch.setattr(
            kind, "canonical", lambda self, of=canonical: calls.append("canonical") or of(self)
        )
    parse = Target.parse
    monkeypatch.setattr(Target, "parse", lambda text: calls.append("parse") or parse(text))
    search._start_trial()
    assert calls == ["canonical"]
