"""The distance of images from the originals, which most networks minimise."""

from torch import Tensor

from training.objectives.objective import Loss, Objective


class PixelObjective(Objective):
    """How far the images are from the originals."""

    def forward(
        self, low: Tensor, high: Tensor, progress: float, taught: Tensor | None = None
    ) -> Loss:
        return self.pixel_loss(self.network(low), high, taught)
