"""How many of a network's activations are near zero, by channel and by region of the image."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from blocks.layers import SuperResolutionNetwork
from blocks.module_state import left_unchanged
from profilers.counting.observer import Call, ObservedOperators

_ACTIVATIONS = frozenset(
    f"aten.{name}{in_place}"
    for name in ("relu", "leaky_relu", "_prelu_kernel", "gelu", "silu", "hardswish", "elu", "mish")
    for in_place in ("", "_")
)


@dataclass(frozen=True)
class NearZeros:
    """The activations behind one layer of a network."""

    layer: str
    """The path of the module whose output was activated, #2 behind it for its second call."""
    shares: NDArray[np.float64]
    """Shape: (regions, channels), in [0, 1]; NaN for a region without a pixel."""


def near_zeros(
    network: SuperResolutionNetwork,
    forward: Callable[[Tensor], object],
    images: Iterable[tuple[Tensor, Tensor]],
    *,
    threshold: float,
) -> tuple[NearZeros, ...]:
    """The share of activations that are near zero, over the pixels of all images.

    Near zero is what is at most `threshold` times the root mean square of the layer's activations
    on the image. Only activations as large as the image count, so that a pixel of theirs is one of
    the image's, and none of the network's deciding parts. `forward` runs `network` or parts of it,
    whose layers are told in the order of their first call.

    Shapes: each image (1, 3, h, w), on the device of the network, and its regions (R, h, w), bool.
    """
    tallies: dict[str, _Tally] = {}
    for image, regions in images:
        observer = _Observer(image, regions, threshold, tallies)
        with left_unchanged(network), observer.names(network), ObservedOperators(observer.see):
            forward(image)
    return tuple(NearZeros(name, tally.shares()) for name, tally in tallies.items())


class _Tally:
    """Counts of one layer."""

    def __init__(self) -> None:
        self._near: NDArray[np.float64] = np.zeros(())
        self._pixels: NDArray[np.float64] = np.zeros(())

    def add(self, near: Tensor, pixels: Tensor) -> None:
        """Shapes: (R, C) and (R, 1)."""
        self._near = self._near + near.double().cpu().numpy()
        self._pixels = self._pixels + pixels.double().cpu().numpy()

    def shares(self) -> NDArray[np.float64]:
        with np.errstate(invalid="ignore"):
            return np.asarray(np.divide(self._near, self._pixels))


class _Observer:
    """Counts what is near zero in one forward pass."""

    def __init__(
        self, image: Tensor, regions: Tensor, threshold: float, tallies: dict[str, _Tally]
    ) -> None:
        self._size = image.shape[2:]
        self._regions = regions.flatten(1).float()
        self._threshold = threshold
        self._tallies = tallies
        self._last: str | None = "input"
        self._calls: Counter[str] = Counter()

    @contextmanager
    def names(self, network: SuperResolutionNetwork) -> Iterator[None]:
        """Remember which module with weights was called last, None for a part that decides."""
        deciding = {part for whole in network.deciding_parts for part in whole.modules()}
        with ExitStack() as hooks:
            for path, part in network.named_modules():
                if next(part.parameters(recurse=False), None) is not None:
                    remember = self._remember(None if part in deciding else path)
                    hooks.callback(part.register_forward_hook(remember).remove)
            yield

    def _remember(self, path: str | None) -> Callable[..., None]:
        def remember(*_call: object) -> None:
            self._last = path

        return remember

    def see(self, call: Call) -> None:
        if self._last is None or call.name not in _ACTIVATIONS:
            return
        if call.tensors[-1].shape[2:] != self._size:
            return
        activations = call.tensors[-1][0].flatten(1)
        limit = self._threshold * activations.square().mean().sqrt()
        near = (activations.abs() <= limit).float() @ self._regions.T
        self._calls[self._last] += 1
        repeat = self._calls[self._last]
        name = self._last if repeat == 1 else f"{self._last}#{repeat}"
        pixels = self._regions.sum(dim=1, keepdim=True)
        self._tallies.setdefault(name, _Tally()).add(near.T, pixels)
