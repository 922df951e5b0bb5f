"""A small run whose front is known by hand."""

import pytest

from reports.records import TrialRecord
from reports.run_settings import RunSettings

TARGET = "eager:threads=1,lr=90x160"


def network(
    trial: int, latency_ms: float | None, psnr_y_db: float | None, **changes: object
) -> TrialRecord:
    family = "seemore" if trial % 2 else "splitsr"
    values: dict[str, object] = {
        "trial": trial,
        "arch_id": f"{family}-x2-{trial:010x}",
        "family": family,
        "scale": 2,
        "state": "trained",
        "params": 1000 * (trial + 1),
        "macs": 230_400_000 * (trial + 1),
        "activation_mib": 2.0 + trial,
        "latency_ms": latency_ms,
        "latency_ci_low_ms": latency_ms and 0.97 * latency_ms,
        "latency_ci_high_ms": latency_ms and 1.05 * latency_ms,
        "psnr_y_db": psnr_y_db,
        "ssim_y": 0.9,
        "target": TARGET,
        "train_steps": 1000,
        "seed": 7,
    }
    return TrialRecord(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def records() -> list[TrialRecord]:
    """Bicubic, a front of trials 0, 1 and 2 by latency, a beaten trial, and three untrained."""
    baseline = TrialRecord(
        trial=None,
        arch_id="bicubic-x2",
        family="bicubic",
        scale=2,
        state="trained",
        params=0,
        macs=0,
        latency_ms=2.0,
        latency_ci_low_ms=1.9,
        latency_ci_high_ms=2.1,
        psnr_y_db=33.0,
        ssim_y=0.85,
        target=TARGET,
    )
    untrained = {"ssim_y": None, "train_steps": None}
    return [
        baseline,
        network(0, 10.0, 35.0, psnr_y_std_db=0.03),
        network(1, 20.0, 35.05),
        network(2, 40.0, 36.0),
        network(3, 50.0, 35.5),
        network(4, None, None, state="infeasible", reason="macs above 1e9", **untrained),
        network(5, None, None, state="failed", reason="the loss became NaN", **untrained),
        network(6, 10.0, 35.0, state="duplicate"),
    ]


@pytest.fixture
def settings() -> RunSettings:
    return RunSettings(
        scale=2,
        objectives=("psnr_y_db", "latency_ms"),
        training_data="bundled",
        validation_data="bundled",
        train_steps=1000,
        recipe="quick",
        sampler="nsga2",
        seed=7,
        target=TARGET,
    )
