"""What networks that decide by their input decide on validation images, at inference."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from blocks.config import NetworkConfigBase
from blocks.networks.classsr import ClassSR, ClassSRConfig
from blocks.networks.registry import SuperResolutionNetwork
from blocks.networks.smsr import Smsr, SmsrConfig
from blocks.pixels import to_images
from imaging.evaluation import ValidationPair
from imaging.imresize import upscale_bicubic


@dataclass(frozen=True)
class ClassUsage:
    """The patches that a ClassSR network gives to one of its branches."""

    share: float
    """Of all patches."""
    bicubic_mse: float | None
    """Their mean squared error, RGB from 0 to 255, when enlarged by bicubic; None without any."""

    @property
    def bicubic_psnr_db(self) -> float | None:
        """The mean squared error in decibels."""
        if self.bicubic_mse is None:
            return None
        return 10 * math.log10(255**2 / self.bicubic_mse) if self.bicubic_mse else math.inf


@torch.inference_mode()
def active_fractions(
    network: Smsr, pairs: Sequence[ValidationPair], *, device: str
) -> NDArray[np.float64]:
    """The part of its work that each layer does, by hard masks, meaned over the images.

    Shape: (modules, layers), values in [0, 1].
    """
    of_images = [network.active_fractions(to_images(pair.low, device))[0] for pair in pairs]
    mean: NDArray[np.float64] = torch.stack(of_images).double().mean(dim=0).cpu().numpy()
    return mean


@torch.inference_mode()
def class_usage(
    network: ClassSR, pairs: Sequence[ValidationPair], *, device: str
) -> tuple[ClassUsage, ...]:
    """How the patches of all images are spread over the classes, and how hard those are."""
    routed = [patch for pair in pairs for patch in _routed_patches(network, pair, device)]
    classes = np.array([number for number, _ in routed])
    errors = np.array([error for _, error in routed])
    usage = []
    for number in range(len(network.config.branches)):
        own = errors[classes == number]
        usage.append(ClassUsage(own.size / errors.size, float(own.mean()) if own.size else None))
    return tuple(usage)


def behaviour_names(config: NetworkConfigBase) -> tuple[str, ...]:
    """The columns of the training's log for `behaviour_values`; none where nothing is decided."""
    if isinstance(config, SmsrConfig):
        return ("active_fraction",)
    if isinstance(config, ClassSRConfig):
        return tuple(f"class_{number}_share" for number in range(1, len(config.branches) + 1))
    return ()


def behaviour_values(
    network: SuperResolutionNetwork, pairs: Sequence[ValidationPair], *, device: str
) -> tuple[float, ...]:
    """The mean active fraction of an SMSR network, the shares of the classes of a ClassSR."""
    if isinstance(network, Smsr):
        return (float(active_fractions(network, pairs, device=device).mean()),)
    if isinstance(network, ClassSR):
        return tuple(of_class.share for of_class in class_usage(network, pairs, device=device))
    return ()


def _routed_patches(
    network: ClassSR, pair: ValidationPair, device: str
) -> Iterator[tuple[int, float]]:
    """The class and the bicubic mean squared error of each patch of an image.

    Of a patch that reaches beyond the image the part inside is compared.
    """
    images = to_images(pair.low, device)
    windows = network.covering_windows(images)
    enlarged = upscale_bicubic(pair.low, pair.scale).astype(np.float64)
    squared = ((enlarged - pair.high) ** 2).mean(axis=2)
    side, stride = windows.size_px * pair.scale, windows.stride_px * pair.scale
    for (row, column), number in np.ndenumerate(network.classify(images)[0].cpu().numpy()):
        top, left = row * stride, column * stride
        yield int(number), float(squared[top : top + side, left : left + side].mean())
