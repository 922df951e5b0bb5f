"""Kill a search on a Ray cluster, and nodes of the cluster, as `kill_resume.py` kills others.

The cluster has two nodes with a core each, beside a head that trains nothing. `kill -9` hits

- the process of the search, which is continued each time;
- one of the nodes, that is its raylet, with which Ray ends what it has started; another node joins
  in its place, and the search must go on by itself.

Either must end with the trials of a search that one worker did.

    python benchmarks/kill_resume_ray.py [--kills 10] [--seed 0]
"""

import argparse
import random
import sys
import tempfile
from functools import partial
from pathlib import Path

from kill_resume import AT_RANDOM, HERE, KilledSearch, searched, section, written
from ray.cluster_utils import Cluster
from ray_two_nodes import add_node, two_nodes

RESULT = HERE / "results" / "kill_resume_ray.md"


def kill_a_node(cluster: Cluster, moments: random.Random, _search: int) -> None:
    """Kill one of the nodes, and let another one join."""
    nodes = sorted(cluster.worker_nodes, key=lambda node: str(node.unique_id))
    cluster.remove_node(moments.choice(nodes), allow_graceful=False)
    add_node(cluster)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    lines = [f"`{Path(__file__).name}`", ""]
    all_well = True
    with tempfile.TemporaryDirectory() as name, two_nodes() as cluster:
        folder, moments = Path(name), random.Random(arguments.seed)
        whole, seconds = searched(AT_RANDOM, folder, "whole")
        config = {**AT_RANDOM, "workers": {"ray": cluster.address}}
        for title in ("A search on two nodes, killed", "Nodes of such a search, killed"):
            path = written(config, folder, f"killed-{title[0]}")
            are_nodes = title.startswith("Nodes")
            # It takes a while until a search has joined the cluster, which may be killed then too.
            latest_seconds = seconds / (20 if are_nodes else 3)
            killed = KilledSearch(path.with_suffix(""), path, moments, latest_seconds)
            sys.stdout.write(title + "\n")
            if are_nodes:
                killed.kill_parts(arguments.kills, partial(kill_a_node, cluster, moments))
            else:
                killed.kill_searches(arguments.kills)
            well, words = killed.verdict(whole)
            sys.stdout.write(words + "\n")
            all_well &= well
            lines += section(title, killed, words)
    RESULT.write_text("\n".join(lines))
    sys.exit(not all_well)


if __name__ == "__main__":
    main()
