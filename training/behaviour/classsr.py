"""Which branches a ClassSR network sends patches to."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from blocks.networks.classsr import ClassSR, ClassSRConfig
from blocks.pixels import to_images
from imaging.evaluation import ValidationPair
from imaging.imresize import upscale_bicubic
from training.behaviour.behaviour import Behaviour, Decisions, Section


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


def _columns(config: ClassSRConfig) -> tuple[str, ...]:
    return tuple(f"class_{number}_share" for number in range(1, len(config.branches) + 1))


def _decide(network: ClassSR, pairs: Sequence[ValidationPair], device: str) -> Decisions:
    classes = class_usage(network, pairs, device=device)
    return Decisions(
        logged=tuple(of_class.share for of_class in classes),
        document={
            "classes": [
                {
                    "share": of_class.share,
                    "bicubic_mse": of_class.bicubic_mse,
                    "bicubic_psnr_db": of_class.bicubic_psnr_db,
                }
                for of_class in classes
            ]
        },
        sentences=tuple(_sentence(number, of_class) for number, of_class in enumerate(classes, 1)),
        sections=(_section(classes),),
    )


def _sentence(number: int, of_class: ClassUsage) -> str:
    error = of_class.bicubic_psnr_db
    hardness = "" if error is None else f", bicubic {error:.2f} dB"
    return f"class {number}: {100 * of_class.share:.1f} % of the patches{hardness}"


def _section(classes: Sequence[ClassUsage]) -> Section:
    return Section(
        "Classes of the validation patches",
        "By the classifier, with the error that bicubic enlargement makes on the patches of each "
        "class.",
        ("class", "share", "mean squared error (RGB)", "in dB"),
        tuple(
            (
                str(number),
                f"{100 * of_class.share:.1f} %",
                *(
                    "no patch" if value is None else f"{value:.2f}"
                    for value in (of_class.bicubic_mse, of_class.bicubic_psnr_db)
                ),
            )
            for number, of_class in enumerate(classes, 1)
        ),
    )


CLASSSR_BEHAVIOUR = Behaviour("classsr", _columns, _decide, undecided={"classes": []})
