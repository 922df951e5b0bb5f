"""The published numbers, against figures copied here from the papers' tables."""

import pytest

from reports.published import (
    HEADER,
    dataset_named,
    parse_rows,
    published_models,
    published_results,
)

HEADER_LINE = ",".join(HEADER) + "\n"


@pytest.mark.parametrize(
    ("name", "scale", "params_k", "gmacs", "psnr_db"),
    [
        ("SeemoRe-T", 2, 220, 45, 38.06),
        ("SeemoRe-T", 4, 232, 12, 32.31),
        ("SMSR", 2, 985, 131.6, 38.00),
        ("FALSR-A", 2, 1021, 234.7, 37.82),
        ("CARN", 4, 1592, 90.9, 32.13),
        ("IMDN", 3, 703, 72, 34.36),
        ("RLFN", 2, 527, None, 38.07),
        ("EDSR", 4, 43000, None, 32.46),
        ("RCAN", 4, 16000, None, 32.63),
    ],
)
def test_printed_numbers(
    name: str, scale: int, params_k: float, gmacs: float | None, psnr_db: float
) -> None:
    (model,) = [model for model in published_models(scale) if model.model == name]
    assert (model.params_k, model.gmacs, model.psnr_db) == (params_k, gmacs, psnr_db)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_each_model_once_by_rising_cost_with_its_source(scale: int) -> None:
    models = published_models(scale)
    names = [model.model for model in models]
    assert len(names) == len(set(names)) > 15
    gmacs = [
        model.gmacs
        if model.gmacs is not None or model.counted is None
        else model.counted.macs / 1e9
        for model in models
    ]
    assert gmacs == sorted(gmacs)
    assert all(model.source and model.scale == scale for model in models)
    assert all(model.convention for model in models)
    assert "Bicubic" not in names


def test_every_source_is_named_with_what_it_prints_otherwise() -> None:
    sources = {model.model: model.source for model in published_models(2)}
    assert sources["MemNet"].startswith("SMSR paper Table 1")
    assert sources["MemNet"].endswith("also xiaomi-automl/FALSR README.md prints 2662.4 GMACs")
    assert sources["FALSR-A"].endswith("also xiaomi-automl/FALSR README.md")


def test_models_without_printed_or_counted_macs_are_left_out() -> None:
    assert published_models(4, "Test2K") == ()
    assert published_models(8) == ()


@pytest.mark.parametrize(("name", "expected"), [("set14", "Set14"), ("BSD100", "B100")])
def test_data_sets_have_one_name(name: str, expected: str) -> None:
    assert dataset_named(name) == expected


def test_every_counted_network_is_one_that_is_printed() -> None:
    counted = {row.model for row in published_results() if row.counted is not None}
    assert {"EDSR", "EDSR-baseline", "RCAN", "RLFN", "SPAN", "SMSR", "SeemoRe-T"} <= counted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model,scale\n", "x.csv must begin with model,scale,params_k"),
        (HEADER_LINE + "A,2,1,1,Set5,30\n", "x.csv line 2 must have 8 fields, got 6"),
        (HEADER_LINE + "A,2,1,1,Set5,thirty,,paper\n", "line 2 must hold positive.*'thirty'"),
        (HEADER_LINE + "A,2,1,nan,Set5,30,,paper\n", "positive numbers or nothing, got 'nan'"),
        (HEADER_LINE + "A,5,1,1,Set5,30,,paper\n", "must name its model, scale"),
        (HEADER_LINE + "A,2,1,1,Set5,30,,\n", "must name its model, scale.* source"),
    ],
)
def test_a_damaged_file_is_noticed(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        list(parse_rows(text, "x.csv"))
