"""Which rungs of the tabular benchmark tell how networks rank after a full training.

    python benchmarks/rung_ranks.py

writes results/rung_ranks.md: for every rung Kendall's tau of its PSNR with that of the last one,
over all networks and, what matters for a front, over pairs of nearly equal MACs; and the same of
what the rung says beside the structure, by a regression of each network on all others.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import kendalltau
from sklearn.linear_model import BayesianRidge
from tabular_table import FOLDER, RUNGS, TRAININGS

from foundation.atomic import write_text_atomically

RESULT = Path(__file__).resolve().parent / "results" / "rung_ranks.md"
NEARLY_EQUAL = 1.3
"""The largest ratio of the MACs of such a pair."""
FEWEST = 8
"""Networks; fewer have no order that could be told from chance."""

Array = NDArray[np.float64]


def complete(trainings: Path = TRAININGS) -> pd.DataFrame:
    """The networks whose first training is complete, with a column for the PSNR at each rung."""
    rows = pd.read_csv(trainings)
    curves = rows[rows["seed"] == 0].pivot(index="arch_id", columns="steps", values="psnr_y_db")
    curves = curves.reindex(columns=list(RUNGS)).dropna()
    networks = pd.read_csv(FOLDER / "architectures.csv").set_index("arch_id")
    return networks.join(curves, how="inner")


def features(networks: pd.DataFrame) -> Array:
    """Of the structure: logarithms of MACs and depth, and the family."""
    numbers = np.log2(networks[["macs", "dense_equivalent_depth"]].to_numpy(float))
    families = pd.get_dummies(networks["family"]).to_numpy(float)
    return np.hstack([numbers, families])


def predicted(given: Array, truth: Array) -> Array:
    """The truth of each network by a regression on all others."""
    found = np.empty_like(truth)
    for place in range(len(truth)):
        others = np.arange(len(truth)) != place
        model = BayesianRidge().fit(given[others], truth[others])
        found[place] = model.predict(given[[place]])[0]
    return found


def tau(estimated: Array, truth: Array) -> float:
    return float(kendalltau(estimated, truth).statistic)


def tau_among_equals(estimated: Array, truth: Array, macs: Array) -> float:
    """Kendall's tau of the pairs whose MACs are nearly equal."""
    first, second = np.triu_indices(len(truth), 1)
    ratio = macs[first] / macs[second]
    near = np.maximum(ratio, 1 / ratio) <= NEARLY_EQUAL
    signs = np.sign(estimated[first] - estimated[second]) * np.sign(truth[first] - truth[second])
    return float(signs[near].mean()) if near.any() else float("nan")


def lines(networks: pd.DataFrame) -> list[str]:
    truth, macs = networks[RUNGS[-1]].to_numpy(float), networks["macs"].to_numpy(float)
    structure = features(networks)
    given: list[tuple[str, Array, Array]] = [("structure alone", structure, np.empty(0))]
    for rung in RUNGS[:-1]:
        curve = networks[rung].to_numpy(float)
        given.append((f"{rung:,}", np.hstack([structure, curve[:, None]]), curve))
    found = []
    for name, with_structure, alone in given:
        together = predicted(with_structure, truth)
        error = float(np.sqrt(np.mean((together - truth) ** 2)))
        of_alone = (
            f"{tau(alone, truth):.2f} | {tau_among_equals(alone, truth, macs):.2f}"
            if len(alone)
            else "- | -"
        )
        found.append(
            f"| {name} | {of_alone} | {tau(together, truth):.2f} | "
            f"{tau_among_equals(together, truth, macs):.2f} | {error:.3f} |"
        )
    return found


def main() -> None:
    networks = complete()
    if len(networks) < FEWEST:
        raise SystemExit(f"{len(networks)} networks are complete; {FEWEST} are needed")
    counts = ", ".join(f"{n} {name}" for name, n in networks["family"].value_counts().items())
    text = f"""# Which rungs rank

{len(networks)} networks of the tabular benchmark ({counts}), x2, Set14, one training each.
Kendall's tau with the PSNR after {RUNGS[-1]:,} steps, over all pairs and over those whose MACs
differ by a factor of at most {NEARLY_EQUAL}. "With structure" is a ridge regression on MACs, depth,
family and the rung, each network predicted by all others; its error is the root of the mean square.

| steps | tau | tau among equals | with structure | among equals | error (dB) |
|---|---|---|---|---|---|
"""
    write_text_atomically(RESULT, text + "\n".join(lines(networks)) + "\n")


if __name__ == "__main__":
    main()
