"""Ray clusters that cannot be used: one line at once, before anything is written."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from foundation.listener import SILENT
from search.config import SearchConfig
from search.session import start_search
from search.storage.changes import UNCHANGED
from search.workers import placement, ray_cluster


def on_ray(small_search: dict[str, Any], address: str, **more: Any) -> SearchConfig:
    return SearchConfig.model_validate({**small_search, "workers": {"ray": address, **more}})


@pytest.fixture
def web_server() -> Iterator[str]:
    """Answers as something that speaks HTTP does to what it does not understand."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=answer, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def silent_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(ray_cluster, "ANSWER_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def nobody() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    return f"127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("nobody", "Connection refused"),
        ("web_server", "no head of a Ray cluster"),
        ("silent_server", "timed out"),
    ],
)
def test_where_no_cluster_answers_is_said_at_once_and_nothing_is_written(
    small_search: Any,
    tmp_path: Path,
    listener: Any,
    request: pytest.FixtureRequest,
    what: str,
    words: str,
) -> None:
    address = request.getfixturevalue(what)
    began = time.monotonic()
    with pytest.raises(ValueError, match=f"{address} does not .*{words}.*ray start --head") as told:
        start_search(on_ray(small_search, address), tmp_path / "run", listener)
    assert "\n" not in str(told.value)
    assert time.monotonic() - began < 30  # Ray itself would wait for more than a minute
    assert not (tmp_path / "run").exists()


# What Ray says depends on what else runs on a machine, and on versions that are not installed.
@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionError("Could not find any running Ray instance."), "got auto: Could not find"),
        (
            RuntimeError("Version mismatch: The cluster was started with:\n    Ray: 2.1.0\n"),
            "Version mismatch: The cluster was started with: Ray: 2.1.0",
        ),
    ],
)
def test_why_ray_does_not_join_a_cluster_is_one_line_of_bad_input(
    small_search: Any, monkeypatch: pytest.MonkeyPatch, error: Exception, words: str
) -> None:
    def refuse(**_: Any) -> None:
        raise error

    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr("ray.init", refuse)
    with (
        pytest.raises(ValueError, match=words) as told,
        ray_cluster.connected(on_ray(small_search, "auto"), SILENT),
    ):
        pass
    assert "\n" not in str(told.value)


def test_the_address_in_the_environment_is_that_of_auto(
    small_search: Any, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", nobody)
    with (
        pytest.raises(ValueError, match=f"{nobody} does not"),
        ray_cluster.connected(on_ray(small_search, "auto"), SILENT),
    ):
        pass


def test_a_missing_library_is_said_with_the_line_that_installs_it(
    small_search: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listener: Any
) -> None:
    monkeypatch.setattr(placement, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r"pip install 'paretosr\[ray\]'"):
        start_search(on_ray(small_search, "local"), tmp_path / "run", listener)


def cluster(
    config: SearchConfig, nodes: list[dict[str, float]], monkeypatch: pytest.MonkeyPatch
) -> ray_cluster.RayCluster:
    """A cluster whose nodes have these resources."""
    monkeypatch.setattr(ray_cluster, "_living_nodes", lambda: [{"Resources": it} for it in nodes])
    assert config.workers is not None and not isinstance(config.workers, int)
    return ray_cluster.RayCluster(config, config.workers, SILENT)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("training", "more", "nodes", "workers"),
    [
        ({"threads": 1}, {}, [{"CPU": 2.0}, {"CPU": 3.0}, {"GPU": 1.0}], 5),
        ({"threads": 2}, {}, [{"CPU": 3.0}, {"CPU": 4.0}], 3),
        ({"threads": 2}, {"count": 7}, [{"CPU": 1.0}], 7),
        ({"device": "cuda"}, {}, [{"CPU": 8.0}, {"CPU": 1.0, "GPU": 2.0}], 2),
        ({"device": "cuda"}, {"per_device": 8}, [{"CPU": 1.0, "GPU": 2.0}], 16),
        # A seventh is 0.1429 where Ray rounds it up, which fits in only six times.
        ({"device": "cuda"}, {"per_device": 7}, [{"GPU": 1.0}], 7),
    ],
)
def test_a_cluster_has_as_many_workers_as_fit_on_its_nodes(
    small_search: Any,
    monkeypatch: pytest.MonkeyPatch,
    training: dict[str, Any],
    more: dict[str, int],
    nodes: list[dict[str, float]],
    workers: int,
) -> None:
    config = on_ray({**small_search, "training": training}, "auto", **more)
    assert cluster(config, nodes, monkeypatch).workers_of(config) == workers


@pytest.mark.parametrize(
    ("training", "words"),
    [
        ({"threads": 4}, r"4 CPU on one node .*training.threads.*its nodes have 2, 3:"),
        ({"device": "cuda"}, r"1 GPU on one node .*per_device.*its nodes have 0, 0:"),
    ],
)
def test_one_with_no_place_for_a_worker_is_refused(
    small_search: Any, monkeypatch: pytest.MonkeyPatch, training: dict[str, Any], words: str
) -> None:
    config = on_ray({**small_search, "training": training}, "auto")
    nodes = [{"CPU": 2.0}, {"CPU": 3.0}]
    with pytest.raises(ValueError, match=words):
        cluster(config, nodes, monkeypatch).workers_of(config)


def test_a_run_may_go_on_on_another_cluster_but_not_with_other_settings() -> None:
    began, elsewhere = ({"config": {"workers": {"ray": at}}} for at in ("one:1", "other:2"))
    UNCHANGED.check(began, elsewhere, "run.yaml")
    with pytest.raises(ValueError, match=r"config.workers.per_device is 2, not left out"):
        UNCHANGED.check(began, {"config": {"workers": {"ray": "a:1", "per_device": 2}}}, "run.yaml")


def test_a_node_without_the_package_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "search.workers.machine", None)
    found = ray_cluster._ask_what_is_installed()()
    assert "search.workers.machine" in found["missing"]
