"""What a search says on standard error where nobody watches a terminal."""

import os
import signal

import pytest

from paretosr.cli.search_display import search_display
from reports.records import TrialRecord
from search.listening import Standing

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


def test_sigterm_interrupts_a_search_and_nothing_else() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt), search_display(silent=True):
        os.kill(os.getpid(), signal.SIGTERM)
        signal.pause()
    assert signal.getsignal(signal.SIGTERM) == before
