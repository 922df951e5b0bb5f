"""Real clusters: of two nodes, both on this machine, and a Ray of one's own.

Covers search.workers.machine.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.cluster_utils import Cluster

from reports.records import TrialRecord
from search.config import SearchConfig
from search.session import start_search
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run
from search.workers.machine import Installed
from search.workers.ray_cluster import connected

NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
# A node that is gone is noticed in seconds; one that is only slow is not taken for dead.
IMPATIENT = {"health_check_period_ms": 500, "health_check_failure_threshold": 6}
CONFIG: dict[str, Any] = {
    "scale": 2,
    "families": {"splitsr": {"channels": 8, "groups": 1, "blocks": [1, 2, 3]}},
    "objectives": ["psnr_y_db", "latency_ms"],
    "training": {"precision": "float32"},
    "budget": {"trials": 2, "steps": 100},
    "target": "eager:lr=24x32",
    "timing_seconds": 0.1,
    "sampler": "random",
}


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Cluster]:
    cluster = Cluster(
        initialize_head=True,
        head_node_args={**NODE, "include_dashboard": False, "_system_config": IMPATIENT},
    )
    cluster.add_node(**NODE)
    yield cluster
    cluster.shutdown()


def searched(folder: Path, listener: Any, **changes: Any) -> tuple[TrialRecord, ...]:
    start_search(SearchConfig.model_validate({**CONFIG, **changes}), folder, listener)
    return read_run(folder).records


def facts(records: tuple[TrialRecord, ...]) -> list[tuple[Any, ...]]:
    """Everything but the clock."""
    return [(r.trial, r.arch_id, r.state, r.psnr_y_db, r.ssim_y) for r in records]


def others(address: str) -> SearchConfig:
    return SearchConfig.model_validate({**CONFIG, "workers": {"ray": address}})


@pytest.mark.slow
def test_a_node_with_other_code_is_named(
    two_nodes: Cluster, listener: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Installed, "here", classmethod(lambda cls: cls("other", "2")))
    with (
        pytest.raises(ValueError, match=r"not so .*: it has another version\. Install the same"),
        connected(others(two_nodes.address), listener),
    ):
        pass


@pytest.mark.slow
def test_a_search_on_two_nodes_loses_nothing_with_one_of_them(
    two_nodes: Cluster, tmp_path: Path, listener: Any
) -> None:
    (doomed,) = two_nodes.worker_nodes

    def kill_a_node(trial: int, step: int, steps: int, loss: float) -> None:
        if two_nodes.worker_nodes:
            two_nodes.remove_node(doomed, allow_graceful=False)

    # The same trials, for they are random ones.
    whole = searched(tmp_path / "whole", listener, workers=1, objectives=["psnr_y_db"])
    assert not listener.warnings
    listener.training_step = kill_a_node
    kept = searched(tmp_path / "run", listener, workers={"ray": two_nodes.address})
    (warning,) = listener.warnings
    assert "is trained once more, from its last checkpoint: its worker was lost" in warning
    assert any("2 workers train" in status for status in listener.statuses)
    assert any("the 2 workers stood still for" in status for status in listener.statuses)
    assert facts(kept) == facts(whole) and len(kept) == 2
    for record in kept:
        folder = RunDirectory(tmp_path / "run").checkpoints(record.arch_id, 0)
        assert [path.name for path in folder.iterdir()] == ["model.safetensors"]


@pytest.mark.slow
def test_a_search_with_a_ray_of_its_own_says_and_leaves_nothing_of_it(tmp_path: Path) -> None:
    config, home = tmp_path / "search.yaml", tmp_path / "home"
    home.mkdir()
    one = {"budget": {"trials": 1, "steps": 2}, "objectives": ["psnr_y_db"]}
    config.write_text(yaml.safe_dump({**CONFIG, **one, "workers": {"ray": "local"}}))
    command = [sys.executable, "-m", "paretosr", "search", str(config), "--json"]
    environment = {**os.environ, "HOME": str(home), "TMPDIR": str(home)}  # a long path
    before = {*Path("/tmp").glob("ray-*")}
    done = subprocess.run(
        [*command, "--out", str(tmp_path / "run")], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)
    assert "ray" not in done.stderr.lower()
    assert not {*home.glob("*ray*"), *home.glob(".ray")}
    assert {*Path("/tmp").glob("ray-*")} <= before
    (record,) = read_run(tmp_path / "run").records
    assert record.state == "trained"
