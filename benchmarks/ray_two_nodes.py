"""Run the quickstart on a Ray cluster of two nodes, both on this machine with one core each.

What is timed is timed while no worker computes, as on two machines; but here the two nodes share
the memory and the caches of one.

    python benchmarks/ray_two_nodes.py [--minutes 9] [--out RUN_DIR]
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from common import device_text
from ray.cluster_utils import Cluster

from paretosr import open_run

HERE = Path(__file__).resolve().parent
QUICKSTART = HERE.parent / "examples" / "quickstart.yaml"
RESULT = HERE / "results" / "ray_two_nodes.md"
OBJECT_STORE_BYTES = 200 * 2**20


@contextmanager
def two_nodes() -> Iterator[Cluster]:
    """A cluster whose head trains nothing, and whose two other nodes have a core each."""
    cluster = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "include_dashboard": False}
    )
    try:
        for _ in range(2):
            add_node(cluster)
        yield cluster
    finally:
        cluster.shutdown()


def add_node(cluster: Cluster) -> None:
    cluster.add_node(num_cpus=1, object_store_memory=OBJECT_STORE_BYTES)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--minutes", type=float, default=9)
    parser.add_argument("--out", type=Path, help="run directory [default: a temporary one]")
    arguments = parser.parse_args()
    config = yaml.safe_load(QUICKSTART.read_text())
    config["budget"]["minutes"] = arguments.minutes
    with tempfile.TemporaryDirectory() as name, two_nodes() as cluster:
        config["workers"] = {"ray": cluster.address}
        path, out = Path(name) / "quickstart.yaml", arguments.out or Path(name) / "run"
        path.write_text(yaml.safe_dump(config))
        command = [sys.executable, "-m", "paretosr", "search", str(path), "--out", str(out)]
        told = subprocess.run(command, check=True, stderr=subprocess.PIPE, text=True).stderr
        sys.stderr.write(told)
        trials = open_run(out).trials
    still = next((line for line in told.splitlines() if "stood still" in line), "")
    trained = f"{(trials['state'] == 'trained').sum()} candidates trained"
    lines = [
        f"`{Path(__file__).name}`: the quickstart on a Ray cluster of two nodes. {device_text()}",
        "",
        f"{trained} in {arguments.minutes:g} minutes, {len(trials)} trials; {still}.",
        "",
    ]
    RESULT.write_text("\n".join(lines))


if __name__ == "__main__":
    main()
