"""Ties, by the arithmetic of two independent standard deviations."""

import math
from dataclasses import replace

import pytest

from reports.records import TrialRecord
from reports.ties import psnr_std_db, tie_threshold_db


def test_two_equal_deviations_give_twice_the_root_of_two() -> None:
    assert tie_threshold_db(0.04, 0.04) == pytest.approx(2 * math.sqrt(2) * 0.04)
    assert tie_threshold_db(0.03, 0.04) == pytest.approx(0.1)  # the 3-4-5 triangle


def test_a_measured_deviation_replaces_the_expected_one(records: list[TrialRecord]) -> None:
    baseline, measured, unmeasured = records[:3]
    assert psnr_std_db(baseline) == 0
    assert psnr_std_db(measured) == 0.03
    assert psnr_std_db(unmeasured) == 0.04
    assert psnr_std_db(replace(unmeasured, train_steps=1999)) == 0.04
    assert psnr_std_db(replace(unmeasured, train_steps=2000)) == 0.03
    assert psnr_std_db(replace(unmeasured, train_steps=None)) == 0.04
