"""Random weights and images that are the same in every run, on one thread."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _reproducible() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.manual_seed(0)
    torch.set_num_threads(1)  # these networks are so small that threads only wait
    yield
    torch.set_num_threads(threads)
