"""The record is what every file and plot is made of, so it refuses what it cannot carry."""

import json
import math
from dataclasses import FrozenInstanceError, fields, replace

import pytest

from reports.records import COLUMNS, OBJECTIVES, TrialRecord, objective

DESIGN_ORDER = (
    "trial, arch_id, family, scale, state, reason, params, macs, macs_executed, size_kib, "
    "activation_mib, peak_memory_mib, latency_ms, latency_ci_low_ms, latency_ci_high_ms, "
    "latency_ratio, psnr_y_db, psnr_y_std_db, ssim_y, target, precision, lr_height_px, "
    "lr_width_px, train_steps, train_seconds, start, seed, source, "
    "origin, front_probability"
)

RECORD = TrialRecord(
    trial=3,
    arch_id="splitsr-x2-0123456789",
    family="splitsr",
    scale=2,
    state="trained",
    params=48_000,
    macs=11_000_000_000,
    latency_ms=41.5,
    psnr_y_db=36.54,
    config={"family": "splitsr", "blocks": [1, 2], "attention": None},
    wall_seconds=9.25,
)


def test_columns_are_those_of_the_design_in_its_order() -> None:
    assert ", ".join(column.name for column in COLUMNS) == DESIGN_ORDER


def test_every_column_is_a_field() -> None:
    assert {column.name for column in COLUMNS} <= {field.name for field in fields(TrialRecord)}


def test_objectives_and_their_directions() -> None:
    directions = {name: column.direction for name, column in OBJECTIVES.items()}
    assert directions == {
        "psnr_y_db": "maximise",
        "ssim_y": "maximise",
        "macs": "minimise",
        "params": "minimise",
        "size_kib": "minimise",
        "activation_mib": "minimise",
        "peak_memory_mib": "minimise",
        "latency_ms": "minimise",
    }
    cheap = {name for name, column in OBJECTIVES.items() if column.cheap}
    assert cheap == {"macs", "params", "size_kib", "activation_mib"}


def test_unknown_objective_lists_the_known() -> None:
    with pytest.raises(ValueError, match=r"psnr_y_db.*got 'psnr'"):
        objective("psnr")


def test_round_trip_through_json_text() -> None:
    text = json.dumps(RECORD.to_json(), allow_nan=False)
    assert TrialRecord.from_json(json.loads(text)) == RECORD


@pytest.mark.parametrize(
    ("target", "precision"),
    [
        (
            "openvino:device=cpu,threads=1,precision=bfloat16,layout=nchw,batch=1,lr=24x32",
            "bfloat16",
        ),
        ("eager:threads=1", "float32"),
        (None, None),
    ],
)
def test_a_record_of_earlier_versions_has_the_precision_of_its_target(
    target: str | None, precision: str | None
) -> None:
    values = replace(RECORD, target=target).to_json()
    del values["precision"], values["size_kib"]
    record = TrialRecord.from_json(values)
    assert (record.precision, record.size_kib) == (precision, None)
    assert TrialRecord.from_json({**values, "family": "bicubic"}).precision is None


def test_json_is_a_copy_that_cannot_change_the_record() -> None:
    values = RECORD.to_json()
    values["config"]["family"] = "another"  # type: ignore[index]
    assert RECORD.config is not None and RECORD.config["family"] == "splitsr"


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_no_number_that_is_not_finite(value: float) -> None:
    with pytest.raises(ValueError, match="psnr_y_db must be finite"):
        replace(RECORD, psnr_y_db=value)
    with pytest.raises(ValueError, match="config must hold only finite"):
        replace(RECORD, config={"slope": value}).to_json()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"params": "48000"}, "params must be int or None, got '48000'"),
        ({"params": True}, "params must be int or None, got True"),
        ({"macs": 1.5}, "macs must be int or None"),
        ({"latency_ms": "fast"}, "latency_ms must be float or None"),
        ({"arch_id": None}, "arch_id must be str, got None"),
        ({"scale": None}, "scale must be int, got None"),
        ({"wall_seconds": None}, "wall_seconds must be float"),
        ({"state": "done"}, "state must be one of proposed, trained, duplicate, infeasible, f"),
        ({"source": "guessed"}, "source must be one of measured, predicted, published"),
        ({"config": ["family"]}, "config must be a mapping or None"),
        ({"colour": "red"}, "no field colour"),
    ],
)
def test_a_corrupt_record_is_noticed(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        TrialRecord.from_json({**RECORD.to_json(), **change})
    assert "\n" not in str(caught.value)


def test_a_record_cut_short_is_noticed() -> None:
    values = RECORD.to_json()
    del values["psnr_y_db"]
    with pytest.raises(ValueError, match="needs the field psnr_y_db"):
        TrialRecord.from_json(values)
    with pytest.raises(ValueError, match="must be a mapping, got list"):
        TrialRecord.from_json([])


def test_records_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        RECORD.trial = 4  # type: ignore[misc]
