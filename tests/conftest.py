"""What all tests share."""

from pathlib import Path

import hypothesis
import pytest
import torch

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

# A deadline per example would be a timing assertion.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Tiny networks gain nothing from threads and lose much where cores are shared.
torch.set_num_threads(1)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The photographs kept beside the project, which are never part of it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the benchmark photographs in {SHARED_DATA}, which are absent")
    return SHARED_DATA
