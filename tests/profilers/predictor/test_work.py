"""The work of networks small enough to be counted by hand."""

import pytest
import torch
from torch import nn

from blocks import SeemoReConfig, SmsrConfig, SplitSRConfig
from profilers import Subject, Target
from profilers.predictor.work import work_of, work_of_call

TARGET = Target.parse("eager:lr=24x16")


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_a_convolution_and_what_follows_it(device: str) -> None:
    network = nn.Sequential(nn.Conv2d(6, 8, 3, padding=1), nn.ReLU()).to(device)
    work = work_of_call(network, torch.empty(1, 6, 4, 4, device=device))
    # 16 places x 54 weights x 8 channels; padded to 16 channels on both sides 9 x 16 x 16.
    assert work["convolution 3x3, MACs"] == 16 * 54 * 8
    assert work["convolution 3x3, MACs of full vectors"] == 16 * 9 * 16 * 16
    # Images 6 x 16, weights 8 x 54, biases 8, results 8 x 16, of 4 bytes each.
    assert work["convolution 3x3, bytes"] == 4 * (96 + 432 + 8 + 128)
    assert work["relu, bytes"] == 4 * 2 * 128
    assert (work["convolution 3x3, calls"], work["relu, calls"]) == (1, 1)


def test_bytes_that_exceed_the_caches_count_twice() -> None:
    # Read and written: 4 bytes each of 2^17 numbers are no more than 2^20 bytes.
    fits, exceeds = (torch.empty(size, device="meta") for size in (2**17, 2**17 + 1))
    assert "relu, bytes of large calls" not in work_of_call(nn.ReLU(), fits)
    work = work_of_call(nn.ReLU(), exceeds)
    assert work["relu, bytes of large calls"] == work["relu, bytes"] == 2**20 + 8


def test_convolutions_of_other_kernels_and_groupings_are_other_work() -> None:
    network = nn.Sequential(
        nn.Conv2d(4, 6, (1, 5), padding=(0, 2)),
        nn.Conv2d(6, 4, (1, 5), padding=(0, 2)),
        nn.Conv2d(4, 4, 3, padding=1, groups=4),
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.ConvTranspose2d(4, 3, 2, stride=2),
    )
    kinds = {name.rpartition(",")[0] for name in work_of_call(network, torch.zeros(1, 4, 6, 6))}
    assert kinds == {
        "convolution 1x5 of few channels",
        "convolution 1x5",
        "depthwise convolution 3x3",
        "grouped convolution 3x3",
        "transposed convolution 2x2",
    }


def test_each_variant_has_its_work_where_it_needs_no_values() -> None:
    assert set(work_of(Subject(SplitSRConfig(scale=2)), TARGET)) == {"concatenated", "in_place"}
    # The variant that chooses an expert looks at the image.
    assert set(work_of(Subject(SeemoReConfig(scale=2)), TARGET)) == {"masked", "folded"}
    assert set(work_of(Subject(SplitSRConfig(scale=2), variant="in_place"), TARGET)) == {"in_place"}


def test_where_weights_decide_the_network_is_run() -> None:
    config = SmsrConfig(scale=2, channels=16, modules=1, layers=2)
    works = work_of(Subject(config), TARGET)
    assert set(works) == {"multiplied", "masked", "sparse"}
    assert works["sparse"] != works["masked"]
