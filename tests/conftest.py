"""Fixtures that several test folders share."""

from pathlib import Path

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The photographs kept beside the project, which are never part of it."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the benchmark photographs in {SHARED_DATA}, which are absent")
    return SHARED_DATA
