"""Six figures look as they did when somebody last looked at each of them.

After a wanted change: `PARETOSR_DRAW_GOLDEN=1 pytest tests/reports/figures/test_golden.py`, look at
every image in `golden/`, also in grey, and commit them.

Covers reports.figures.compression, reports.figures.paper.run_groups,
reports.figures.paper.marks, reports.figures.paper.bubbles.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.testing.compare import compare_images

from reports.compression.compressed import CompressedForm, CompressedNetwork
from reports.compression.networks import compared_networks
from reports.figures.compression import compression_figure
from reports.figures.paper.front import FrontOptions, front_figure
from reports.figures.paper.run_groups import comparison_figure
from reports.figures.sensitivity import sensitivity_bars
from reports.papers.run_groups import RunGroup, RunVolume
from reports.papers.systems import System, published_systems, systems_of_run
from reports.records import TrialRecord
from reports.run_settings import RunSettings

GOLDEN = Path(__file__).parent / "golden"
DPI = 90
TOLERANCE = 6.0
"""Root mean square of 255 levels: a legend that has moved is above, another rasteriser below."""

TARGET = "openvino:threads=2,lr=270x480"
SETTINGS = RunSettings(
    scale=4,
    objectives=("psnr_y_db", "latency_ms"),
    training_data="DF2K",
    validation_data="Set5",
    train_steps=2500,
    recipe="steady",
    sampler="tpe",
    seed=0,
    target=TARGET,
    bounds={"latency_ms": (None, 30.0)},
)
BICUBIC = TrialRecord(
    trial=None,
    arch_id="bicubic-x4",
    family="bicubic",
    scale=4,
    state="trained",
    params=0,
    macs=0,
    latency_ms=4.0,
    latency_ci_low_ms=3.9,
    latency_ci_high_ms=4.2,
    psnr_y_db=28.43,
    ssim_y=0.81,
    target=TARGET,
)


def trials(seed: int, count: int = 24) -> list[TrialRecord]:
    """Bicubic and networks of three families, the costlier the better, with noise."""
    random = np.random.default_rng(seed)
    records = [BICUBIC]
    for trial in range(count):
        family = ("splitsr", "seemore", "smsr")[trial % 3]
        gmacs = float(np.exp(random.uniform(0.0, 3.6)))
        latency_ms = 6.0 * gmacs**0.55 * float(random.uniform(0.85, 1.3))
        psnr = 30.2 + 0.42 * float(np.log(gmacs)) + float(random.normal(0, 0.12))
        rejected = latency_ms > 30
        records.append(
            TrialRecord(
                trial=trial,
                arch_id=f"{family}-x4-{trial:010x}",
                family=family,
                scale=4,
                state="infeasible" if rejected else "trained",
                reason="latency_ms above 30" if rejected else None,
                params=round(22_000 * gmacs),
                macs=round(1e9 * gmacs),
                size_kib=86.0 * gmacs,
                latency_ms=latency_ms,
                latency_ci_low_ms=0.95 * latency_ms,
                latency_ci_high_ms=1.04 * latency_ms,
                psnr_y_db=None if rejected else psnr,
                target=TARGET,
                precision="float32",
                train_steps=None if rejected else 2500,
                seed=seed,
            )
        )
    return records


def in_three_precisions() -> list[TrialRecord]:
    """Four networks in float32, bfloat16 and int8."""
    chosen = [record for record in trials(3) if record.state == "trained"][1:5]
    changes = {"bfloat16": (-0.01, 0.6, 1.0), "int8": (-0.09, 0.35, 0.26)}
    others = [
        replace(
            record,
            trial=(record.trial or 0) + 100 * place,
            precision=precision,
            psnr_y_db=(record.psnr_y_db or 0) + loss_db,
            latency_ms=(record.latency_ms or 0) * faster,
            latency_ci_low_ms=None,
            latency_ci_high_ms=None,
            size_kib=(record.size_kib or 0) * smaller,
        )
        for place, (precision, (loss_db, faster, smaller)) in enumerate(changes.items(), 1)
        for record in chosen
    ]
    return [*chosen, *others]


PUBLISHED = (
    "Bicubic", "FSRCNN", "SeemoRe-T", "SAFMN", "CFSR", "RFDN", "PAN", "RLFN", "CARN-M", "IMDN",
    "CARN", "EDSR-baseline", "SRResNet",
)  # fmt: skip


def beside_published() -> Figure:
    """A checkpoint beside twelve published models, for a column of a paper."""
    ours = System(
        name="Ours",
        kind="checkpoint",
        family="splitsr",
        scale=4,
        data="Set5",
        psnr_y_db=31.99,
        params=270_000,
        macs=15.4e9,
    )
    published, _ = published_systems(4, ("Set5",), PUBLISHED)
    return front_figure([ours, *published], FrontOptions(width="column"))


def of_a_run() -> Figure:
    """Trials against latency: a bound, infeasible trials, ties, bars and a broken axis."""
    options = FrontOptions(x="latency_ms", width="column", bounds=SETTINGS.bounds)
    return front_figure(systems_of_run(trials(0), SETTINGS), options)


def of_two_data_sets() -> Figure:
    """A run that was validated on other images than published models were."""
    bundled = replace(SETTINGS, validation_data="bundled")
    published, _ = published_systems(4, ("Set5",), PUBLISHED)
    return front_figure([*systems_of_run(trials(1), bundled), *published], FrontOptions())


def of_several_runs() -> Figure:
    """Two groups of four seeds."""
    names = ("tpe", "random")
    seeds = {
        f"{name}-{seed}": trials(4 * place + seed)
        for place, name in enumerate(names)
        for seed in range(4)
    }
    volumes = {"tpe": (61.2, 63.0, 64.1, 62.2), "random": (55.0, 57.5, 56.1, 60.3)}
    groups = [
        RunGroup(
            f"sampler {name}",
            tuple(
                RunVolume(f"{name}-{seed}", seed, 20, volume, 31.5, 12.0)
                for seed, volume in enumerate(values)
            ),
        )
        for name, values in volumes.items()
    ]
    return comparison_figure(groups, seeds, SETTINGS)


def made_smaller(records: list[TrialRecord]) -> list[CompressedNetwork]:
    """Two of the networks pruned, and a third one's pupil, which is of another family."""
    changes: Sequence[tuple[CompressedForm, int, str, float, float]] = (
        ("pruned", 0, "splitsr", -0.06, 0.7),
        ("pruned", 1, "seemore", -0.12, 0.55),
        ("distilled", 1, "smsr", -0.2, 0.4),
    )
    return [
        CompressedNetwork(
            form=form,
            network=parent.arch_id,
            file="small/model.safetensors",
            weights="0123456789",
            record=replace(
                parent,
                trial=None,
                family=family,
                psnr_y_db=(parent.psnr_y_db or 0) + loss_db,
                latency_ms=(parent.latency_ms or 0) * share,
                size_kib=(parent.size_kib or 0) * share,
            ),
        )
        for form, place, family, loss_db, share in changes
        for parent in records[place : place + 1]
    ]


def of_compression() -> Figure:
    """Networks in three precisions, some of them pruned or distilled besides."""
    records = in_three_precisions()
    settings = replace(SETTINGS, target="openvino:threads=2,precision=float32|bfloat16|int8")
    return compression_figure(compared_networks(records, made_smaller(records)), settings)


def of_sensitivity() -> Figure:
    """What ten layers lose in 8 bits."""
    random = np.random.default_rng(0)
    losses = np.sort(random.exponential(0.012, 10))[::-1]
    layers = [
        (f"body.{place}.convolution", float(loss) - 0.002, 0.11 - float(loss))
        for place, loss in enumerate(losses)
    ]
    return sensitivity_bars(layers, title="What the layers of imdn lose in 8 bits", loss_db=0.113)


FIGURES: Mapping[str, Callable[[], Figure]] = MappingProxyType(
    {
        "beside_published": beside_published,
        "of_a_run": of_a_run,
        "of_two_data_sets": of_two_data_sets,
        "of_several_runs": of_several_runs,
        "of_compression": of_compression,
        "of_sensitivity": of_sensitivity,
    }
)


@pytest.mark.parametrize("name", FIGURES)
def test_it_looks_as_it_did(name: str, tmp_path: Path) -> None:
    drawn, golden = tmp_path / f"{name}.png", GOLDEN / f"{name}.png"
    FIGURES[name]().savefig(drawn, dpi=DPI, metadata={"Software": None})
    if os.environ.get("PARETOSR_DRAW_GOLDEN"):
        golden.write_bytes(drawn.read_bytes())
    difference = compare_images(str(golden), str(drawn), TOLERANCE)
    assert difference is None, difference
