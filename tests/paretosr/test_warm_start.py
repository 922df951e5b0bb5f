"""Searches that begin with what an earlier one measured, all of them real.

Covers search.warm_start, search.storage.genotype and search.storage.warm_started.
"""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import paretosr as psr
from foundation.listener import SILENT, Listener
from imaging.image_sets import ImageSets
from reports.pareto import front
from search.config import SearchConfig
from search.listening import as_search_listener
from search.session import open_study, resume_search, start_search
from search.space.hyperparameters import suggest
from search.storage.genotype import Genotype
from search.storage.run_directory import RunDirectory
from search.storage.study import Verdict, read_run
from search.warm_start import earlier_runs


class Heard:
    """A listener that keeps what it is told, and may interrupt a takeover."""

    def __init__(self, interrupt_at: int | None = None) -> None:
        self.texts: list[str] = []
        self._interrupt_at = interrupt_at

    def status(self, text: str) -> None:
        self.texts.append(text)

    def warning(self, text: str) -> None:
        self.texts.append(text)

    def progress(self, done: int, total: int, text: str = "") -> None:
        if text.startswith("taking over") and done == self._interrupt_at:
            raise KeyboardInterrupt


@pytest.fixture(scope="module")
def config(small_search: Path) -> dict[str, Any]:
    """The config of `run_dir`, which trained two of its four networks."""
    parsed: dict[str, Any] = yaml.safe_load(small_search.read_text())
    return parsed


@pytest.fixture(autouse=True, scope="module")
def _short_calibrations() -> Iterator[None]:
    """No time is compared with another one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("search.preparation.CALIBRATION_SECONDS", 0.2)
        yield


@pytest.fixture(scope="module")
def timed(config: dict[str, Any]) -> dict[str, Any]:
    changes = {"target": "eager:lr=24x32", "timing_seconds": 0.2}
    return {**config, "objectives": ["psnr_y_db", "latency_ms"], **changes}


@pytest.fixture(scope="module")
def timed_run(
    tmp_path_factory: pytest.TempPathFactory, timed: dict[str, Any], run_dir: Path
) -> psr.Run:
    """A search with latencies that began with `run_dir`, which has none, and trained one more."""
    out = tmp_path_factory.mktemp("warm") / "timed"
    return begun({**timed, "budget": {"trials": 1, "steps": 3}}, out, run_dir)


def begun(
    config: Mapping[str, Any], out: Path, *sources: Path, listener: Listener = SILENT
) -> psr.Run:
    """A search without its figures."""
    heard = as_search_listener(listener)
    start_search(SearchConfig.model_validate(config), out, heard, warm_start=sources)
    return psr.open_run(out)


def trained(run: psr.Run) -> Mapping[str, Any]:
    return {record.arch_id: record for record in run.records if record.state == "trained"}


def test_what_was_trained_alike_is_taken_over_outside_the_budget(
    tmp_path: Path, config: dict[str, Any], run_dir: Path
) -> None:
    run = psr.search(config, tmp_path / "run", warm_start=run_dir)
    before, now = trained(psr.open_run(run_dir)), trained(run)
    assert len(before) == 2 and len(now) == 4  # the budget is two trainings
    assert [it.arch_id for it in run.records if it.train_seconds is not None] == [
        arch_id for arch_id in now if arch_id not in before
    ]
    for arch_id, record in before.items():
        taken = now[arch_id]
        assert (taken.psnr_y_db, taken.ssim_y) == (record.psnr_y_db, record.ssim_y)
        assert (taken.macs, taken.train_steps, taken.train_seconds) == (record.macs, 3, None)
        assert taken.origin == f"{run_dir}:{record.trial}"
        weights, first = psr.load(f"{run.path}:{arch_id}").weights, psr.load(taken.origin).weights
        assert weights is not None and first is not None and run.path in weights.parents
        assert weights.read_bytes() == first.read_bytes()
    assert run.warm_started[0].taken == 2 and str(run.warm_started[0]) in str(run)
    assert set(run.trials["origin"].dropna()) == {it.origin for it in now.values() if it.origin}

    shutil.move(run.path, tmp_path / "moved")
    again = psr.resume(tmp_path / "moved")
    assert (again.records, again.warm_started) == (run.records, run.warm_started)


def test_costs_that_were_not_measured_alike_are_measured_anew(
    timed_run: psr.Run, run_dir: Path
) -> None:
    before = trained(psr.open_run(run_dir))
    ((why, count),) = timed_run.warm_started[0].measured_anew.items()
    assert ("lr=24x24" in why, "here eager" in why, "lr=24x32" in why, count) == (1, 1, 1, 2)
    for arch_id, record in before.items():
        taken = trained(timed_run)[arch_id]
        assert record.latency_ms is None and taken.latency_ms > 0
        assert taken.psnr_y_db == record.psnr_y_db
        assert taken.measure_seconds == taken.wall_seconds == 0  # of the preparation


def test_ratios_hold_on_the_same_machine_and_milliseconds_are_of_this_runs_reference(
    tmp_path: Path, timed: dict[str, Any], timed_run: psr.Run, run_dir: Path
) -> None:
    budget = {"trials": 1, "steps": 3}
    sources = [timed_run.path, run_dir]
    run = begun({**timed, "budget": budget}, tmp_path / "run", *sources)
    first, second = run.warm_started
    assert (first.taken, first.measured_anew, first.left_out) == (3, {}, {})
    assert (second.taken, second.left_out) == (0, {"taken from another run already": 2})
    reference_ms = RunDirectory(run.path).read_settings()["calibration"]["reference_ms"]
    for arch_id, record in trained(timed_run).items():
        taken = trained(run)[arch_id]
        assert taken.latency_ratio == record.latency_ratio
        assert taken.latency_ms == pytest.approx(taken.latency_ratio * reference_ms)
        width = taken.latency_ci_high_ms / taken.latency_ci_low_ms
        assert width == pytest.approx(record.latency_ci_high_ms / record.latency_ci_low_ms)
        assert taken.origin.startswith(str(run_dir)) or taken.origin.startswith(str(timed_run.path))
    # What has come through two runs says where it was trained.
    assert {trained(run)[arch_id].origin for arch_id in trained(psr.open_run(run_dir))} == {
        f"{run_dir}:{record.trial}" for record in psr.open_run(run_dir).records
    }


def test_the_front_of_another_training_is_proposed_first(
    tmp_path: Path, config: dict[str, Any], run_dir: Path
) -> None:
    changes = {"budget": {"trials": 1, "steps": 2}, "sampler": "random"}
    run = begun({**config, **changes}, tmp_path / "run", run_dir)
    (taken,) = run.warm_started
    why = "training steps 3, here 2"
    assert (taken.taken, taken.proposed) == (0, {why: 1})  # one training in four, at least one
    assert sum(taken.left_out.values()) == 1
    (record,) = run.records
    before = [it for it in psr.open_run(run_dir).records if it.state == "trained"]
    assert record.arch_id in {one.arch_id for one in front(before, ["psnr_y_db", "macs"])}
    assert (record.train_steps, record.origin) == (2, None)


def test_what_is_outside_the_space_or_breaks_a_bound_is_said(
    tmp_path: Path, config: dict[str, Any], run_dir: Path
) -> None:
    records = psr.open_run(run_dir).records
    psnrs = sorted(float(record.psnr_y_db or 0) for record in records)
    bounds = {"psnr_y_db": {"min": sum(psnrs) / 2}}
    changed = {**config, "constraints": bounds, "budget": {"trials": 1, "steps": 3}}
    run = begun(changed, tmp_path / "run", run_dir)
    states = [record.state for record in run.records if record.origin is not None]
    assert sorted(states) == ["infeasible", "trained"]

    (shape,) = config["families"].values()
    kept = records[0].config
    assert kept is not None
    space = {"splitsr": {**shape, "blocks": kept["blocks"]}}
    narrow = {**changed, "families": space, "constraints": {}}
    run = begun(narrow, tmp_path / "narrow", run_dir)
    fits = sum((it.config or {})["blocks"] == kept["blocks"] for it in records)
    (found,) = run.warm_started
    assert (found.taken, sum(found.left_out.values())) == (fits, 2 - fits)


def test_an_interrupted_takeover_is_completed_and_nothing_is_taken_twice(
    tmp_path: Path, config: dict[str, Any], run_dir: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        begun(config, tmp_path / "run", run_dir, listener=Heard(interrupt_at=1))
    assert len(read_run(tmp_path / "run").records) == 1
    resume_search(tmp_path / "run", as_search_listener(Heard()))
    run = psr.open_run(tmp_path / "run")
    assert run.warm_started[0].taken == 2
    own = [record for record in run.records if record.state != "duplicate"]
    assert len(trained(run)) == len(own) == 4


def test_another_scale_or_other_photographs_are_refused_before_anything_is_made(
    tmp_path: Path, config: dict[str, Any], run_dir: Path, cli: Any
) -> None:
    changes = {"scale": {"scale": 3}, "bundled": {"data": {}}}
    for name, change in changes.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump({**config, **change}), encoding="utf-8")
        done = cli("search", path, "--out", tmp_path / "run", "--warm-start", run_dir)
        assert done.status == 2 and not (tmp_path / "run").exists()
        (line,) = [line for line in done.err.splitlines() if line.startswith("paretosr: ")]
        assert ("x3" in line and "of x2" in line) if name == "scale" else "images must be" in line
    done = cli("search", "quickstart", "--warm-start", tmp_path)
    assert done.status == 2 and "must hold run.yaml" in done.err
    done = cli("search", "--resume", run_dir, "--warm-start", run_dir)
    assert done.status == 2 and "--warm-start is for a new search" in done.err


@pytest.mark.parametrize("sampler", ["nsga2", "gp"])
def test_samplers_learn_from_what_is_taken_over(
    tmp_path: Path, config: dict[str, Any], run_dir: Path, sampler: str
) -> None:
    """With values for all parameters, or their model would know none of the space."""
    families = {**config["families"], "seemore": {"channels": [8, 16], "groups": [1, 2]}}
    searched = SearchConfig.model_validate({**config, "families": families, "sampler": sampler})
    run = RunDirectory(tmp_path)
    run.write_settings({})
    study = open_study(searched, run, as_search_listener(Heard()), population=8)
    record = next(record for record in psr.open_run(run_dir).records if record.state == "trained")
    for number in range(12):
        genotype = Genotype({"family": "splitsr"}, str(number))
        searched.space.suggest(genotype)
        study.add_taken(record, Verdict([30.0 + number, 1e9 - number], {}), genotype)
    proposal = study.next_proposal()
    searched.space.suggest(proposal)
    assert set(proposal.trial.params) == set(genotype.values)
    assert set(proposal.trial.relative_params) <= set(genotype.values)
    assert len(proposal.trial.relative_params) > len(genotype.values) / 2


def test_a_genotype_has_known_values_and_draws_the_others() -> None:
    first, again, other = (Genotype({"a": 3}, seed) for seed in ("one", "one", "two"))
    for genotype in (first, again, other):
        assert suggest(genotype, "a", (1, 3)) == 3
        for number in range(20):
            suggest(genotype, f"b{number}", (1, 2, 3))
    assert first.values == again.values != other.values
    assert set(first.values.values()) <= {1, 2, 3}
    assert first.distributions.keys() == first.values.keys()


@pytest.mark.parametrize(
    ("key", "value"), [("device", 3), ("target_device", ["cpu"]), ("precision", "float32")]
)
def test_settings_that_no_search_wrote_are_named(tmp_path: Path, key: str, value: object) -> None:
    config = SearchConfig.model_validate(
        {"scale": 2, "families": {"smsr": {}}, "objectives": ["psnr_y_db"], "budget": {"trials": 1}}
    )
    settings = {"config": config.model_dump(mode="json", exclude_none=True), key: value}
    RunDirectory(tmp_path).write_settings(settings)
    with pytest.raises(ValueError, match=rf"run\.yaml, {key}: should be a "):
        earlier_runs([tmp_path], config, ImageSets.of((), ()))
