"""Optuna's dashboard opens the journal of a run: its own pages and its own API, in this process."""

import json
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

import paretosr as psr

Get = Callable[[str], bytes]


@pytest.fixture
def get(run_dir: Path) -> Get:
    """Requests a path of the dashboard, which is to answer with status 200."""
    dashboard = pytest.importorskip(
        "optuna_dashboard", reason="needs the dashboard: pip install optuna-dashboard"
    )
    storage = JournalStorage(JournalFileBackend(str(run_dir / "study.journal")))
    application = dashboard.wsgi(storage)

    def request(address: str) -> bytes:
        path, _, query = address.partition("?")
        environment = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(),
            "wsgi.errors": sys.stderr,
        }
        statuses: list[str] = []
        answer = application(environment, lambda status, *_: statuses.append(status))
        body = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        assert statuses == ["200 OK"], body
        return body

    return request


def test_its_page_and_the_study_are_there(get: Get) -> None:
    assert b"<html" in get("/dashboard/").lower()
    (study,) = json.loads(get("/api/studies"))["study_summaries"]
    assert (study["study_name"], study["directions"]) == ("search", ["maximize", "minimize"])


def test_its_trials_have_our_values_and_records(get: Get, run_dir: Path) -> None:
    study: dict[str, Any] = json.loads(get("/api/studies/0?after=0"))
    records = psr.open_run(run_dir).records
    assert len(study["trials"]) == len(records) and study["name"] == "search"
    for trial, record in zip(study["trials"], records, strict=True):
        assert (trial["number"], trial["state"]) == (record.trial, "Complete")
        assert trial["values"] == [record.psnr_y_db, record.macs]
        attributes = {one["key"]: one["value"] for one in trial["user_attrs"]}
        assert record.arch_id in attributes["record"]
    assert study["objective_names"] == ["psnr_y_db", "macs"]
