"""The picks of a real run, finalised for real, stopped in the middle and gone on with.

Covers paretosr.answers.finalist and paretosr.cli.commands.finalize.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import paretosr as psr
from blocks import load_checkpoint, save_checkpoint
from blocks.checkpoints import weights_digest
from foundation.listener import Silent
from paretosr.answers.finalist import steps_with_ancestors

SMALL = {"batch_size": 2, "lr_patch_px": 8}


class StopsAtTheSecond(Silent):
    """Interrupts as soon as the second finalist is trained."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def status(self, text: str) -> None:
        self.said.append(text)
        if text.startswith("finalist 2 of 2") and "training" in text:
            raise KeyboardInterrupt

    def warning(self, text: str) -> None: ...


@dataclass(frozen=True)
class Finalised:
    """What two calls left, the first of which was interrupted in the second of two trainings."""

    found: psr.Finalists
    stopped: KeyboardInterrupt
    was_kept: bool
    """Whether the second call left what the first had finished."""
    parent: Path
    photographs: Path


@pytest.fixture(scope="module")
def finalised(
    run_dir: Path, photographs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Finalised:
    out = tmp_path_factory.mktemp("final")
    parent = psr.open_run(run_dir).model(0).weights
    assert parent is not None

    def call(picks: list[str], listener: Silent) -> psr.Finalists:
        return psr.finalize(
            run_dir, out, picks, recipe="quick", settings=SMALL, steps=2, parent=parent,
            teacher=parent, evaluate=[photographs], max_seconds=0.3, listener=listener,
        )  # fmt: skip

    with pytest.raises(KeyboardInterrupt) as stopped:
        call(["1", "0"], StopsAtTheSecond())
    (card,) = out.rglob("card.json")
    written = card.stat().st_mtime_ns
    again = call(["1"], Silent())  # it has nothing left to say
    return Finalised(again, stopped.value, card.stat().st_mtime_ns == written, parent, photographs)


def test_what_was_finished_is_kept_when_it_is_stopped(finalised: Finalised) -> None:
    folder = finalised.found.folder
    assert str(finalised.stopped) == (
        f"stopped at trial 0, 1 of 2 finished; the same command goes on in {folder}"
    )
    assert finalised.was_kept
    assert [card.trial for card in finalised.found.cards] == [1]
    assert not (folder / "trial-0" / "card.json").exists()


def test_a_card_says_what_the_network_gives_and_takes(finalised: Finalised) -> None:
    for card in finalised.found.cards:
        checkpoint = finalised.found.checkpoint(card.trial)
        assert card.weights == weights_digest(load_checkpoint(checkpoint).tensors)
        (quality,) = card.quality
        judged = psr.evaluate(checkpoint, finalised.photographs)
        assert quality.psnr_y_db == judged.psnr_y_db and quality.images == len(judged.images)
        bicubic = psr.evaluate(psr.load("bicubic", scale=2), finalised.photographs)
        assert quality.bicubic_psnr_y_db == bicubic.psnr_y_db
        assert card.cost is not None
        low, high = card.cost.latency_ci_low_ms, card.cost.latency_ci_high_ms
        assert low <= card.cost.latency_ms <= high
        for name in card.files.values():
            assert (checkpoint.parent / name).is_file()
        document = json.loads((checkpoint.parent / "card.json").read_text())
        del document["asked"]
        assert document == json.loads(json.dumps(card.to_dict()))
        page = (checkpoint.parent / "card.md").read_text()
        assert page == card.markdown() and f"{quality.psnr_y_db:.2f}" in page


def test_weights_teachers_and_steps_of_ancestors_are_told(finalised: Finalised) -> None:
    parent = load_checkpoint(finalised.parent)
    named = f"{parent.config.arch_id} ({weights_digest(parent.tensors)})"
    for card in finalised.found.cards:
        origin = card.origin
        assert (origin.start, origin.parent) == ("inherited", named)
        assert origin.teacher is not None and parent.config.arch_id in origin.teacher
        # The parent had 3 steps in the search, of which 2 more are another 5.
        assert (origin.steps, origin.steps_with_ancestors) == (2, 5)
    assert steps_with_ancestors({"step": "2", "ancestor_steps": "5"}) == 7


def test_the_table_has_a_row_for_each(finalised: Finalised) -> None:
    table = pd.read_csv(finalised.found.table)
    assert table["trial"].tolist() == [1]
    for row, card in zip(table.itertuples(), finalised.found.cards, strict=True):
        assert card.cost is not None
        assert row.psnr_y_db == card.quality[0].psnr_y_db
        assert row.latency_ms == card.cost.latency_ms
        assert row.steps_with_ancestors == 5
    assert "Finalists" in str(finalised.found)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pick", "macs<=1"], "none of 2 trained networks keeps macs <= 1"),
        (["--pick", "7"], "a pick must be knee, the number of a trial"),
        (["--target", "eager:lr=1x1,threads=0"], "threads"),
        (["--recipe", "classsr-joint"], "classsr-joint trains networks of the family classsr"),
        (["--recipe", "mediun"], "recipe must be one of quick"),
        (["--evaluate", "nowhere"], "'nowhere'"),
        (["--steps", 2, "--minutes", 2], "a number of steps or of minutes"),
        (["--teacher", "nothing.safetensors"], "no such file: nothing.safetensors"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_before_anything_is_trained(
    cli: Callable[..., Any], run_dir: Path, tmp_path: Path, options: list[object], message: str
) -> None:
    refused = cli("finalize", run_dir, "--pick", 0, "--out", tmp_path / "final", *options)
    assert refused.status == 2 and message in refused.err, refused.err
    assert not (tmp_path / "final").exists()


def test_a_parent_of_another_family_is_refused(
    cli: Callable[..., Any], run_dir: Path, tmp_path: Path
) -> None:
    fsrcnn, other = psr.load("fsrcnn", scale=2), tmp_path / "other.safetensors"
    assert fsrcnn.config is not None
    save_checkpoint(other, fsrcnn.network().state_dict(), fsrcnn.config, {})
    refused = cli(
        "finalize", run_dir, "--pick", "knee", "--inherit", other, "--out", tmp_path / "final"
    )
    assert refused.status == 2
    assert "all picks must be of the parent's family and scale, fsrcnn x2" in refused.err
    with pytest.raises(ValueError, match=r"a parent must be a checkpoint, .*: fsrcnn"):
        psr.finalize(run_dir, tmp_path / "final", "knee", parent=fsrcnn)
