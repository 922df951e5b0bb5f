"""What a search says on standard error where nobody watches a terminal."""

import os
import re
import signal
from dataclasses import replace

import pytest

from paretosr.cli.search_display import search_display
from reports.records import TrialRecord
from search.listening import TRAININGS, Standing

TRIAL = TrialRecord(
    trial=3,
    arch_id="splitsr-x2-0123456789",
    family="splitsr",
    scale=2,
    state="trained",
    macs=1_250_000_000,
    latency_ms=3.456,
    psnr_y_db=31.234,
    train_seconds=61.4,
)


@pytest.mark.parametrize("silent", [False, True])
def test_a_line_for_each_trained_candidate_and_note_for_each_warning(
    capfd: pytest.CaptureFixture[str], silent: bool
) -> None:
    with search_display(silent=silent) as display:
        display.status("prepared in 1.0 s")
        display.warning("images are grayscale")
        display.trial_started(TRIAL, Standing(0, 12, None))
        display.training_step(3, 1, 100, 0.5)
        display.trial_finished(TRIAL)
    said = "trial 3: splitsr-x2-0123456789, 31.23 dB, 3.46 ms, 1.25 GMACs, trained 61 s"
    lines = [] if silent else ["prepared in 1.0 s"]
    lines += ["note: images are grayscale", *([] if silent else [said])]
    assert capfd.readouterr().err.splitlines() == lines


def test_a_log_says_now_and_then_what_each_worker_does_and_the_time_left(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paretosr.cli.search_display.LINE_SECONDS", 0.0)
    with search_display(silent=False) as display:
        display.trial_started(TRIAL, Standing(0, 12, None))
        display.training_step(3, 10, 100, 0.5)
        display.trial_started(replace(TRIAL, trial=5), Standing(2, 12, 7260.4, TRAININGS))
        display.training_step(5, 1, 100, 0.5)
        display.trial_finished(TRIAL)
        display.training_step(5, 50, 100, 0.5)
    first, second, finished, last = capfd.readouterr().err.splitlines()
    assert first == "0 of 12 candidates trained, trial 3 at step 10 of 100"
    trained, left, *trials = second.split(", ")
    assert (trained, trials) == (
        "2 of 12 full trainings' worth of steps",
        ["trial 3 at step 10 of 100", "trial 5 at step 1 of 100"],
    )
    assert re.fullmatch(r"about 2:0[01]:\d\d left", left)
    assert finished.startswith("trial 3: splitsr-x2-0123456789")
    assert last.endswith("left, trial 5 at step 50 of 100")


def test_a_log_says_how_far_a_preparation_is(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("paretosr.cli.search_display.LINE_SECONDS", 0.0)
    with search_display(silent=False) as display:
        display.progress(0, 4, "decoding training images")
        display.progress(1, 4, "decoding training images")
        display.progress(4, 4, "decoding training images")
        display.progress(0, 5, "timing bicubic")
    assert capfd.readouterr().err.splitlines() == [
        "decoding training images: 0 of 4",
        "decoding training images: 1 of 4, about 0:00:00 left",
        "decoding training images: 4 of 4",
        "timing bicubic: 0 of 5",
    ]


def test_sigterm_interrupts_a_search_and_nothing_else() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), search_display(silent=True):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) == before
