"""Random numbers of a training that depend on nothing that went before."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


@contextmanager
def seeded_noise(device: str, *numbers: int) -> Iterator[None]:
    """Seed torch's generators by `numbers`, and put them back as they were afterwards."""
    entropy = [number % 2**64 for number in numbers]
    seed = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
    on_cuda = torch.device(device).type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_cuda else []):
        torch.manual_seed(int(seed))
        yield
