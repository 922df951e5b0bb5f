"""When a difference in PSNR is more than chance: the noise between training seeds.

Source: three seeds per network, Set5 and crops of Set14 at x4. The standard deviation was
0.023-0.039 dB after 400 steps and 0.009-0.028 dB after 2000; the upper ends are taken here.
"""

import math
from typing import Protocol

SHORT_TRAINING_STD_DB = 0.04
LONG_TRAINING_STD_DB = 0.03
LONG_TRAINING_STEPS = 2000


class Trained(Protocol):
    """A row of a table whose PSNR has noise."""

    @property
    def is_baseline(self) -> bool: ...
    @property
    def psnr_y_std_db(self) -> float | None: ...
    @property
    def train_steps(self) -> int | None: ...


def expected_std_db(train_steps: int | None) -> float:
    """The standard deviation (dB) to expect after so many steps; None counts as few."""
    long = train_steps is not None and train_steps >= LONG_TRAINING_STEPS
    return LONG_TRAINING_STD_DB if long else SHORT_TRAINING_STD_DB


def psnr_std_db(record: Trained) -> float:
    """The standard deviation (dB) of a record's PSNR: measured if it was, else expected.

    The bicubic baseline is not trained, so it has none.
    """
    if record.is_baseline:
        return 0.0
    if record.psnr_y_std_db is not None:
        return record.psnr_y_std_db
    return expected_std_db(record.train_steps)


def tie_threshold_db(first_std_db: float, second_std_db: float) -> float:
    """The difference (dB) up to which two networks tie: two standard deviations of it."""
    return 2 * math.hypot(first_std_db, second_std_db)
