"""What is said arrives as it was said."""

import pytest

from profilers.agent.serving.encoding import decode, encode
from search.candidates.evaluator import TrainedQuality
from search.workers.messages import (
    Failed,
    GoOn,
    Order,
    Report,
    StandingStill,
    StandStill,
    Stepped,
    Stop,
    Train,
    Trained,
    Unwritable,
)

QUALITY = TrainedQuality(
    psnr_y_db=31.123456789012345, psnr_y_std_db=None, ssim_y=0.9, train_steps=3, train_seconds=0.1
)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Order, Train(3, {"family": "splitsr", "channels": 8, "nested": {"a": [1, 2]}}, 500)),
        (Order, StandStill()),
        (Order, GoOn()),
        (Order, Stop()),
        (Report, Stepped(3, 7, 0.5)),
        (Report, StandingStill()),
        (Report, Trained(3, QUALITY)),
        (Report, Failed(3, "ValueError: no", is_lost=True)),
        (Report, Unwritable(28, "No space left on device", None)),
    ],
)
def test_a_message_survives_the_pipe(kind: object, message: object) -> None:
    assert decode(kind, encode(message)) == message


def test_an_error_of_the_disk_keeps_its_words() -> None:
    error = Unwritable.of(OSError(28, "No space left on device", "/run/model")).error()
    assert (error.errno, error.strerror, error.filename) == (
        28,
        "No space left on device",
        "/run/model",
    )
    assert str(Unwritable.of(OSError("odd")).error()) == "odd"
