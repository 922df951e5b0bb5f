"""A real Ray cluster of two nodes, both on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ray.cluster_utils import Cluster

from reports.records import TrialRecord
from search.config import SearchConfig
from search.loop import Search
from search.session import resume_search, start_search
from search.storage.run_directory import RunDirectory
from search.storage.study import read_run
from search.workers import ray_cluster
from search.workers.remote_worker import Installed

NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
# A dead node is noticed within a second, not half a minute.
IMPATIENT = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 300,
    "health_check_timeout_ms": 1000,
    "health_check_failure_threshold": 3,
}
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


def searched(folder: Path, listener: Any, workers: Any) -> tuple[TrialRecord, ...]:
    config = SearchConfig.model_validate({**CONFIG, "workers": workers})
    start_search(config, folder, listener)
    return read_run(folder).records


def facts(records: tuple[TrialRecord, ...]) -> list[tuple[Any, ...]]:
    """Everything but the clock."""
    return [(r.trial, r.arch_id, r.state, r.psnr_y_db, r.ssim_y) for r in records]


@pytest.mark.slow
def test_a_search_on_two_nodes_loses_nothing_with_one_of_them(
    two_nodes: Cluster, tmp_path: Path, listener: Any
) -> None:
    (doomed,) = two_nodes.worker_nodes

    def kill_a_node(trial: int, step: int, steps: int, loss: float) -> None:
        if two_nodes.worker_nodes:
            two_nodes.remove_node(doomed, allow_graceful=False)

    whole = searched(tmp_path / "whole", listener, 1)
    assert not listener.warnings
    listener.training_step = kill_a_node
    kept = searched(tmp_path / "run", listener, {"ray": two_nodes.address})
    (warning,) = listener.warnings
    assert "is trained once more, from its last checkpoint: its worker was lost" in warning
    assert any("2 workers train" in status for status in listener.statuses)
    assert any("the 2 workers stood still for" in status for status in listener.statuses)
    assert facts(kept) == facts(whole) and len(kept) == 2
    for record in kept:
        folder = RunDirectory(tmp_path / "run").checkpoints(record.arch_id, 0)
        assert [path.name for path in folder.iterdir()] == ["model.safetensors"]
