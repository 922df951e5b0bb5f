"""What trainings minimise beside the L1 distance, as functions of tensors."""

import torch
from torch import Tensor
from torch.nn import functional


def fourier_l1(restored: Tensor, high: Tensor) -> Tensor:
    """The mean distance between the real and imaginary parts of the images' spectra.

    Shape: both (N, 3, H, W). The transforms are real, two-dimensional and not normalised.
    Source: github.com/eduardzamfir/seemoredetails.
    """
    return functional.l1_loss(_spectrum(restored), _spectrum(high))


def class_loss(probabilities: Tensor) -> Tensor:
    """How undecided a classifier is: from 0 (one class is certain) to M - 1 (all are alike).

    (M - 1) minus the sum over all pairs of classes of |P_i - P_j|, meaned over the patches.
    Shape: (N, M) -> (). Source: ClassSR, arXiv:2103.04039, for any number of classes M.
    """
    classes = probabilities.shape[1]
    rows, columns = torch.triu_indices(classes, classes, offset=1, device=probabilities.device)
    differences = (probabilities[:, rows] - probabilities[:, columns]).abs()
    return classes - 1 - differences.sum(dim=1).mean()


def average_loss(probabilities: Tensor) -> Tensor:
    """How unevenly the patches of a batch are classed: from 0 (evenly) to 1 (all in one class).

    The sum over the classes of |sum over the patches of P_i - N / M|, divided by the most that
    it can be. Shape: (N, M) -> (). Source: ClassSR, arXiv:2103.04039, for any M > 1.
    """
    patches, classes = probabilities.shape
    even = patches / classes
    most = 2 * (classes - 1) * even
    return (probabilities.sum(dim=0) - even).abs().sum() / most


def label_loss(probabilities: Tensor) -> Tensor:
    """The cross-entropy of a batch that is ordered by class, with as many patches of each.

    Shape: (N, M) -> (), N a multiple of M.
    """
    patches, classes = probabilities.shape
    labels = torch.arange(classes, device=probabilities.device)
    smallest = torch.finfo(probabilities.dtype).tiny
    return functional.nll_loss(
        probabilities.clamp_min(smallest).log(), labels.repeat_interleave(patches // classes)
    )


def _spectrum(images: Tensor) -> Tensor:
    return torch.view_as_real(torch.fft.rfft2(images))
