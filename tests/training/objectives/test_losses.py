import numpy as np
import pytest
import torch

from training.objectives.losses import average_loss, class_loss, fourier_l1, label_loss


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_class_loss_is_nothing_for_certainty_and_all_others_for_none(classes: int) -> None:
    certain = torch.eye(classes)
    undecided = torch.full((4, classes), 1 / classes)
    assert class_loss(certain).item() == pytest.approx(0, abs=1e-6)
    assert class_loss(undecided).item() == pytest.approx(classes - 1)


def test_class_loss_by_hand() -> None:
    # 2 - (0.3 + 0.4 + 0.1) = 1.2 and 2 - (0.8 + 0.7 + 0.1) = 0.4, so the mean is 0.8.
    probabilities = torch.tensor([[0.6, 0.3, 0.2], [0.1, 0.9, 0.2]])
    assert class_loss(probabilities).item() == pytest.approx(0.8)


@pytest.mark.parametrize("classes", [2, 3, 5])
def test_average_loss_is_nothing_for_balance_and_one_for_one_class(classes: int) -> None:
    balanced = torch.eye(classes).repeat(4, 1)
    all_in_one = torch.zeros(4 * classes, classes)
    all_in_one[:, -1] = 1
    assert average_loss(balanced).item() == pytest.approx(0, abs=1e-6)
    assert average_loss(all_in_one).item() == pytest.approx(1)


def test_average_loss_by_hand() -> None:
    # Sums 3, 2, 1 of 6 patches, 2 each when even: (1 + 0 + 1) / (4 * 6 / 3) = 1 / 4.
    probabilities = torch.eye(3)[[0, 0, 0, 1, 1, 2]]
    assert average_loss(probabilities).item() == pytest.approx(0.25)


def test_label_loss_by_hand() -> None:
    # Two patches of each of two classes: the right one has 1/2, 1/4, 1 and 1/8.
    probabilities = torch.tensor([[0.5, 0.5], [0.25, 0.75], [0, 1], [0.875, 0.125]])
    expected = np.log([2, 4, 1, 8]).mean()
    assert label_loss(probabilities).item() == pytest.approx(expected)


def test_label_loss_of_what_is_thought_impossible_is_finite() -> None:
    assert label_loss(torch.eye(3).flip(0)).isfinite()


def test_fourier_loss_is_that_of_numpys_transform() -> None:
    generator = np.random.default_rng(0)
    restored, high = generator.random((2, 2, 3, 6, 7))
    difference = np.fft.rfft2(restored) - np.fft.rfft2(high)
    expected = (np.abs(difference.real).mean() + np.abs(difference.imag).mean()) / 2
    actual = fourier_l1(torch.from_numpy(restored), torch.from_numpy(high))
    assert actual.item() == pytest.approx(expected)
