"""Run directories as searches leave them, without a search."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest

from reports.ladder import Estimation, LadderFacts
from reports.page.document import Fact, RunFacts
from reports.page.insights import CROPS_FOLDER, CURVES_FILE, FAMILIES_FILE, Insights
from reports.page.run_page import write_page
from reports.records import TrialRecord
from reports.run_settings import RunSettings
from reports.tables import write_csv

TARGET = "eager:threads=1,lr=90x160"
FACTS = RunFacts(
    asked=(Fact("enlargement", "x2"), Fact("target", TARGET)),
    provenance=(Fact("processor", "one with 2 cores"),),
)


def network(
    trial: int, latency_ms: float | None, psnr_y_db: float | None, **changes: Any
) -> TrialRecord:
    family = "seemore" if trial % 2 else "splitsr"
    values: dict[str, Any] = {
        "trial": trial, "arch_id": f"{family}-x2-{trial:010x}", "family": family, "scale": 2,
        "state": "trained", "params": 1000 * (trial + 1), "macs": 230_400_000 * (trial + 1),
        "latency_ms": latency_ms, "latency_ci_low_ms": latency_ms and 0.97 * latency_ms,
        "latency_ci_high_ms": latency_ms and 1.05 * latency_ms, "psnr_y_db": psnr_y_db,
        "ssim_y": 0.9,
        "target": TARGET, "train_steps": 1000, "seed": 7,
    }  # fmt: skip
    return TrialRecord(**(values | changes))


def many(count: int) -> list[TrialRecord]:
    """Bicubic and `count` trained networks of two families in two precisions."""
    generator = np.random.default_rng(7)
    baseline = TrialRecord(
        trial=None, arch_id="bicubic-x2", family="bicubic", scale=2, state="trained", params=0,
        macs=0, latency_ms=1.0, latency_ci_low_ms=0.9, latency_ci_high_ms=1.1, psnr_y_db=33.0,
        ssim_y=0.85, target=TARGET,
    )  # fmt: skip
    found = [baseline]
    for trial in range(count):
        cost = float(generator.uniform(1, 8))
        latency_ms = float(np.exp2(cost) * generator.uniform(1, 1.3))
        psnr_y_db = float(34 + 0.3 * cost + generator.normal(0, 0.1))
        channels = int(generator.choice([8, 16, 32]))
        found.append(
            network(
                trial,
                latency_ms,
                psnr_y_db,
                precision="int8" if trial % 3 == 0 else "float32",
                wall_seconds=1.5,
                config={
                    "family": "f",
                    "scale": 2,
                    "channels": channels,
                    "groups": trial % 4 + 1,
                    "mode": ["first", "last"][trial % 2],
                    "shuffle": trial % 5 == 0,
                },
            )
        )
    return found


def insights(trials: Sequence[int]) -> Insights:
    """Of some trials, everything that a search finds out."""
    crops: list[dict[str, Any]] = [{"label": "bicubic", "file": "0-bicubic.png", "psnr_y_db": 21.5}]
    crops += [
        {
            "label": f"net-{trial}",
            "trial": trial,
            "file": f"0-trial-{trial}.png",
            "psnr_y_db": 23.25,
        }
        for trial in trials
    ]
    crops.append({"label": "original", "file": "0-original.png"})
    row = {"name": "aten.convolution", "calls": 3, "macs": 300}
    other = {"name": "aten.linear", "calls": 1, "macs": 100}
    return Insights.model_validate(
        {
            "importance": [
                {
                    "family": "splitsr", "objective": "psnr_y_db", "trials": 30, "needed": 20,
                    "shares": {"channels": 0.75, "groups": 0.25},
                },
                {"family": "seemore", "objective": "psnr_y_db", "trials": 3, "needed": 20},
            ],
            "ledgers": [
                {"trial": trial, "operators": [row, other], "parts": [row, other]}
                for trial in trials
            ],
            "predictions": [
                {"trial": trial, "latency_ms": 20.0, "ci_low_ms": 10.0, "ci_high_ms": 30.0}
                for trial in trials
            ],
            "coverage": 0.9,
            "strips": [
                {"image": "a.png", "left_px": 3, "top_px": 4, "side_px": 8, "crops": crops}
            ],
        }
    )  # fmt: skip


def keep(folder: Path, found: Insights, trials: Sequence[int]) -> None:
    """Write what a search leaves for the page, with images of noise."""
    found.write(folder)
    (folder / CROPS_FOLDER).mkdir(exist_ok=True)
    for strip in found.strips:
        for crop in strip.crops:
            pixels = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
            content = io.BytesIO()
            PIL.Image.fromarray(pixels).save(content, "PNG")
            (folder / CROPS_FOLDER / crop.file).write_bytes(content.getvalue())
    lines = [
        f"{trial},{steps},{30 + steps / 400}" for trial in trials for steps in (250, 500, 1000)
    ]
    (folder / FAMILIES_FILE).write_text("family,proposed,promoted\nsplitsr,20,\nseemore,3,1\n")
    (folder / CURVES_FILE).write_text("\n".join(["trial,steps,psnr_y_db", *lines]) + "\n")


class Pages:
    """Writes pages, each into a folder of its own."""

    many = staticmethod(many)
    network = staticmethod(network)
    insights = staticmethod(insights)
    keep = staticmethod(keep)

    def __init__(self, folders: Callable[[str], Path]) -> None:
        self._folders = folders

    def write(
        self,
        name: str,
        records: Sequence[TrialRecord],
        *,
        kept: Sequence[int] = (),
        facts: RunFacts = FACTS,
        ladder: LadderFacts | None = None,
        **changes: Any,
    ) -> Path:
        """The folder called `name` with the page of `records`."""
        folder = self._folders("pages") / name
        folder.mkdir()
        if kept:
            keep(folder, insights(kept), kept)
        write_csv(folder / "trials.csv", records)
        write_page(folder, records, replace(SETTINGS, **changes), facts, ladder)
        return folder

    def document(self, folder: Path) -> Any:
        """What stands in report.json."""
        return json.loads((folder / "report.json").read_text(encoding="utf-8"))


SETTINGS = RunSettings(
    scale=2,
    objectives=("psnr_y_db", "latency_ms"),
    training_data="bundled",
    validation_data="bundled",
    train_steps=1000,
    recipe="quick",
    sampler="nsga2",
    seed=7,
    target=TARGET,
    bounds={"latency_ms": (None, 150.0)},
)


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Pages:
    return Pages(tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def full_page(pages: Pages) -> Path:
    """A page with every section."""
    records = pages.many(40)
    untrained: dict[str, Any] = dict.fromkeys(("ssim_y", "train_steps"))
    for trial in (40, 41):
        reason = f"macs {trial}e9 is above its max 1e9"
        records.append(network(trial, 5.0, None, **untrained, state="infeasible", reason=reason))
    records.append(network(42, 5.0, None, **untrained, state="failed", reason="the loss is NaN"))
    found = [4, 7, 30]
    estimation = Estimation(12, 0.0361, 0.0214, 0.71, 0.83, curve_is_used=True)
    return pages.write(
        "full", records, kept=found, ladder=LadderFacts((250, 1000), estimation=estimation)
    )


HOSTILE = "<img src=x onerror=window.hacked=1>"
SCRIPT = "</script><script>window.hacked=1</script>\u2028"


@pytest.fixture(scope="session")
def hostile_page(pages: Pages) -> Path:
    """Markup and script wherever a text of data is shown."""
    config = {"family": "f", HOSTILE: 1, "mode": SCRIPT}
    records = [
        network(
            0, 5.0, 34.0, arch_id=SCRIPT, family=HOSTILE, target=HOSTILE, config=config,
        ),
        network(
            1, 9.0, 35.0, arch_id=HOSTILE, family=SCRIPT, config={**config, HOSTILE: 2},
        ),
        network(2, 9.0, 35.0, family=SCRIPT, config={**config, "mode": "x", HOSTILE: 3}),
        network(3, 9.0, 35.0, state="failed", reason=SCRIPT),
    ]  # fmt: skip
    facts = RunFacts((Fact("enlargement", SCRIPT),), (Fact(HOSTILE, HOSTILE),))
    return pages.write(HOSTILE, records, facts=facts, training_data=HOSTILE)
