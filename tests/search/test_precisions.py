"""Searches that judge what they train in several precisions, by closed forms and for real.

Covers search.candidates.programs and search.twins.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import paretosr as psr
from compressors import read_artefact
from imaging.images import BUNDLED, load_images
from reports.records import TrialRecord
from search.candidates.candidate import Candidate
from search.candidates.evaluator import MeasuredCosts, ProgramQuality, StoredSize
from search.config import SearchConfig
from search.loop import Search
from search.session import open_study
from search.storage.journal import check_journal
from search.storage.run_directory import RunDirectory
from search.storage.study import SearchStudy, read_run
from search.workers.messages import Failed, Trained
from search.workers.pool import Training

SAMPLERS = ["nsga2", "tpe", "random"]


class ClosedFormPrograms:
    """8 bits lose 0.1 dB, and take a KiB for each channel."""

    def __init__(self, refused: str = "") -> None:
        self.judged: list[tuple[str, str]] = []
        self._refused = refused

    def quantise(self, candidate: Candidate) -> StoredSize:
        if candidate.config.family == self._refused:
            raise RuntimeError("the engine has no such operator")
        return StoredSize(size_kib=float(candidate.config.model_dump()["channels"]))

    def validate(self, candidate: Candidate) -> ProgramQuality:
        self.judged.append((candidate.arch_id, candidate.precision))
        fields = candidate.config.model_dump()
        loss_db = 0.1 if candidate.precision == "int8" else 0.0
        return ProgramQuality(psnr_y_db=30 + fields["channels"] / 16 - loss_db)


class ClosedFormLatency:
    """int8 takes half the time; a training counts what was trained."""

    def __init__(self, trained: Any) -> None:
        self.train = trained.train
        self.trained = trained.trained

    def measure(self, candidate: Candidate) -> MeasuredCosts:
        channels = candidate.config.model_dump()["channels"]
        return MeasuredCosts(latency_ms=channels / (2 if candidate.precision == "int8" else 1))


@pytest.fixture
def in_two(small_search: dict[str, Any]) -> dict[str, Any]:
    return {
        **small_search,
        "target": "openvino:lr=24x32",
        "precision": ["float32", "int8"],
        "objectives": ["psnr_y_db", "latency_ms", "size_kib"],
        "budget": {"trials": 8, "steps": 5},
    }


def searched(
    config: dict[str, Any], folder: Path, listener: Any, evaluator: Any, programs: Any
) -> tuple[TrialRecord, ...]:
    parsed, run = SearchConfig.model_validate(config), RunDirectory(folder)
    folder.mkdir(exist_ok=True)
    run.write_settings({"config": parsed.model_dump(mode="json")})
    study = open_study(parsed, run, listener)
    Search(parsed, study, ClosedFormLatency(evaluator), listener, programs=programs).run()
    return read_run(folder).records


def facts(records: tuple[TrialRecord, ...]) -> list[tuple[Any, ...]]:
    """Everything but the clock."""
    return [
        (r.trial, r.arch_id, r.precision, r.state, r.reason, r.psnr_y_db, r.latency_ms, r.size_kib)
        for r in records
    ]


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_each_design_is_trained_once_and_judged_in_both(
    in_two: dict[str, Any], tmp_path: Path, listener: Any, evaluator: Any, sampler: str
) -> None:
    programs = ClosedFormPrograms()
    records = searched({**in_two, "sampler": sampler}, tmp_path, listener, evaluator, programs)
    assert len(evaluator.trained) == len(set(evaluator.trained)) == 8
    judged = [record for record in records if record.state == "trained"]
    identities = {(record.arch_id, record.precision) for record in judged}
    assert len(judged) == 16 == len(identities) == len(programs.judged)
    assert identities == {(name, it) for name in evaluator.trained for it in ("float32", "int8")}
    # The trial that trained has the time of it, its twin comes next and has its weights.
    for first, twin in zip(judged[::2], judged[1::2], strict=True):
        assert first.arch_id == twin.arch_id and first.precision != twin.precision
        assert twin.trial == (first.trial or 0) + 1
        assert (first.train_seconds, twin.train_seconds) == (0.25, None)
        assert first.train_steps == twin.train_steps == 5
        by = {record.precision: record for record in (first, twin)}
        assert by["int8"].psnr_y_db == pytest.approx(by["float32"].psnr_y_db - 0.1)
        assert by["int8"].latency_ms == by["float32"].latency_ms / 2
        assert "precision=int8" in str(by["int8"].target)
    assert {record.precision for record in judged[::2]} == {"float32", "int8"}  # both are proposed


def test_a_known_network_is_a_duplicate_in_its_own_precision(
    in_two: dict[str, Any], tmp_path: Path, listener: Any, evaluator: Any
) -> None:
    space = {"splitsr": {"channels": [8, 16], "groups": 1, "blocks": [1]}}
    config = {**in_two, "families": space, "sampler": "random", "budget": {"trials": 30}}
    records = searched(config, tmp_path, listener, evaluator, ClosedFormPrograms())
    first = {}
    for record in records:
        key = record.arch_id, record.precision
        if record.state == "duplicate":
            known = first[key]
            assert record.reason == f"the architecture of trial {known.trial} (trained)"
            assert (record.psnr_y_db, record.target) == (known.psnr_y_db, known.target)
        else:
            assert first.setdefault(key, record) is record
    assert any(record.state == "duplicate" for record in records)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_twin_that_a_kill_prevented_is_made_when_the_search_goes_on(
    in_two: dict[str, Any],
    tmp_path: Path,
    listener: Any,
    evaluator: Any,
    sampler: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = {**in_two, "sampler": sampler}
    whole = searched(config, tmp_path / "whole", listener, evaluator, ClosedFormPrograms())
    evaluator.trained.clear()
    add = SearchStudy.add
    for kills in (1, 3):
        left = iter(range(kills))

        def killed(*arguments: Any, left: Any = left, **options: Any) -> None:
            if next(left, None) is None:
                raise KeyboardInterrupt
            add(*arguments, **options)

        monkeypatch.setattr(SearchStudy, "add", killed)
        with pytest.raises(KeyboardInterrupt):
            searched(config, tmp_path / "broken", listener, evaluator, ClosedFormPrograms())
    monkeypatch.setattr(SearchStudy, "add", add)
    broken = searched(config, tmp_path / "broken", listener, evaluator, ClosedFormPrograms())
    assert facts(broken) == facts(whole)
    assert len(evaluator.trained) == 8


class LastFirst:
    """Three workers, of whom the one that began last ends first."""

    size = 3

    def __init__(self, evaluator: Any) -> None:
        self._evaluator = evaluator
        self._running: list[Training] = []

    def submit(self, training: Training) -> None:
        self._running.append(training)

    def next_ended(self) -> Trained | Failed:
        training = self._running.pop()
        quality = self._evaluator.train(training.candidate, lambda *_: None, training.steps)
        return Trained(training.trial, quality)

    def standing_still(self) -> AbstractContextManager[object]:
        return nullcontext()


def test_a_network_that_a_worker_trains_waits_in_every_precision(
    in_two: dict[str, Any], tmp_path: Path, listener: Any, evaluator: Any
) -> None:
    space = {"splitsr": {"channels": [8, 16], "groups": 1, "blocks": [1, 2], "attention": "none"}}
    parsed = SearchConfig.model_validate({**in_two, "families": space, "sampler": "random"})
    run = RunDirectory(tmp_path)
    run.write_settings({"config": parsed.model_dump(mode="json")})
    study, programs = open_study(parsed, run, listener), ClosedFormPrograms()
    pool = LastFirst(evaluator)
    Search(parsed, study, evaluator, listener, pool=pool, programs=programs).run()
    assert len(evaluator.trained) == len(set(evaluator.trained)) == 8
    assert len(programs.judged) == len(set(programs.judged)) == 16
    first = {(r.arch_id, r.precision): r for r in reversed(read_run(tmp_path).records)}
    for record in read_run(tmp_path).records:
        if record.state == "duplicate":
            assert record.psnr_y_db == first[record.arch_id, record.precision].psnr_y_db


def test_a_corrupt_record_of_a_twin_is_noticed(
    in_two: dict[str, Any], tmp_path: Path, listener: Any, evaluator: Any
) -> None:
    searched(
        {**in_two, "budget": {"trials": 1}}, tmp_path, listener, evaluator, ClosedFormPrograms()
    )
    journal = tmp_path / "study.journal"
    *before, twin = journal.read_text().splitlines(keepends=True)
    assert '"op_code":4' in twin
    journal.write_text("".join(before) + twin.replace('"state":"trained"', '"state":"done"'))
    with pytest.raises(ValueError, match=f"line {len(before) + 1} is corrupt"):
        check_journal(journal)


def test_a_refusal_by_the_engine_is_a_failed_twin_and_no_end(
    in_two: dict[str, Any], tmp_path: Path, listener: Any, evaluator: Any
) -> None:
    config = {**in_two, "families": {"splitsr": in_two["families"]["splitsr"]}}
    records = searched(config, tmp_path, listener, evaluator, ClosedFormPrograms("splitsr"))
    assert len(evaluator.trained) == 8  # more than so many failures in a row as end a search
    for record in records:
        if record.precision == "int8" and record.state != "duplicate":
            assert record.state == "failed" and record.psnr_y_db is None
            assert record.reason == "RuntimeError: the engine has no such operator"
    trained = [record.arch_id for record in records if record.state == "trained"]
    assert sorted(trained) == sorted(evaluator.trained)


def test_a_bound_that_only_int8_keeps_leaves_its_networks(
    in_two: dict[str, Any], tmp_path: Path, listener: Any, evaluator: Any
) -> None:
    bound = {"latency_ms": {"max": 7}}
    records = searched(
        {**in_two, "constraints": bound, "budget": {"trials": 3}, "sampler": "random"},
        tmp_path,
        listener,
        evaluator,
        ClosedFormPrograms(),
    )
    trained = [record for record in records if record.state == "trained"]
    assert {record.precision for record in trained} == {"int8"}
    assert {record.latency_ms for record in trained} == {4.0}
    known = [(r.arch_id, r.precision) for r in records if r.state != "duplicate"]
    assert len(known) == len(set(known))
    for record in records:
        if record.precision == "float32" and record.state != "duplicate":
            assert record.state == "infeasible" and "is above its max 7" in str(record.reason)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"precision": ["float32", "bfloat16"]}, "precision on onnxruntime is float32, int8, got"),
        ({"precision": ["int8"]}, "must hold that of the target, float32, got int8: write target"),
        ({"precision": ["int8", "int8"]}, "all different"),
        ({"precision": "float32", "quantisation": {"crops": 8}}, "quantisation is for int8"),
        ({"quantisation": {"crops": 0}}, "greater than 0"),
    ],
)
def test_precisions_that_a_target_has_not_are_refused(
    in_two: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        SearchConfig.model_validate({**in_two, "target": "onnxruntime", **changes})


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Corners of the bundled photographs."""
    folders: dict[str, str] = {}
    for split in ("training", "validation"):
        folder = tmp_path_factory.mktemp(split)
        for image in load_images(BUNDLED, split=split).images[:2]:  # type: ignore[arg-type]
            Image.fromarray(image.pixels[:144, :144]).save(folder / f"{image.name}.png")
        folders[split] = str(folder)
    return folders


def test_a_real_search_on_openvino(
    small_search: dict[str, Any], tmp_path: Path, photographs: dict[str, str]
) -> None:
    pytest.importorskip("nncf")
    config = {
        **small_search,
        "families": {"splitsr": {"channels": [8], "groups": 1, "blocks": 1, "hybrid_index": 0}},
        "objectives": ["psnr_y_db", "size_kib"],
        "data": photographs,
        "training": {"precision": "float32"},
        "budget": {"trials": 1, "steps": 3},
        "target": "openvino:lr=24x32",
        "precision": ["float32", "int8"],
        "quantisation": {"crops": 4},
        "sampler": "random",
        "workers": 1,
    }
    run = psr.search(config, tmp_path / "run")
    first, twin, *_ = run.records
    by = {record.precision: record for record in (first, twin)}
    assert (first.state, twin.state) == ("trained", "trained") and first.arch_id == twin.arch_id
    # Each is what `evaluate` says of it, as a model of its own.
    for precision, record in by.items():
        model = psr.load(f"{run.path}:{record.trial}")
        assert (model.artefact is not None) == (precision == "int8")
        target = f"openvino:precision={precision}"
        evaluation = psr.evaluate(model, photographs["validation"], target=target)
        assert record.psnr_y_db == pytest.approx(evaluation.psnr_y_db, abs=1e-6)
    model = psr.load(f"{run.path}:{by['int8'].trial}")
    assert model.artefact is not None and model.config is not None
    manifest = read_artefact(model.artefact).manifest
    assert by["int8"].size_kib == manifest.chosen.weights_kib
    tensors = psr.load(f"{run.path}:{by['float32'].trial}").network().state_dict().values()
    assert by["float32"].size_kib == sum(tensor.nbytes for tensor in tensors) / 1024
    assert run.files is not None and run.files.compression_csv is not None
    assert "int8 against float32" in str(run)
    assert psr.resume(run.path).records == run.records
    # What is pruned from it is judged by the target's own program too.
    parent = f"{run.path}:{by['float32'].trial}"
    pruned = psr.prune(parent, tmp_path / "small", keep=0.8, steps=0, data=photographs["training"])
    (judged,) = psr.judge_compressed(run, pruned.checkpoint).compressed
    target = "openvino:precision=float32"
    evaluation = psr.evaluate(pruned.checkpoint, photographs["validation"], target=target)
    assert judged.record.psnr_y_db == pytest.approx(evaluation.psnr_y_db, abs=1e-6)
    assert (judged.record.precision, judged.network) == ("float32", first.arch_id)
