import numpy as np
import pytest
import torch

from blocks import SmsrConfig, build_network
from blocks.networks.smsr import Smsr
from imaging.evaluation import prepare_validation
from imaging.images import Image
from training.behaviour import decisions_of, mask_activity

SMSR = SmsrConfig(scale=2, channels=16, modules=2, layers=3)


class LeftHalf(torch.nn.Module):
    """Logits by which the left half of an image is active, or nothing of it."""

    def __init__(self, of_width: float) -> None:
        super().__init__()
        self.of_width = of_width

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits = torch.zeros(len(x), 2, *x.shape[2:])
        logits[:, 1] = -1
        logits[:, 1, :, : int(self.of_width * x.shape[3])] = 1
        return logits


def test_the_active_pixels_are_kept_to_be_drawn_over_the_first_images() -> None:
    generator = np.random.default_rng(0)
    sides_px = ((40, 44), (42, 46), (40, 40), (44, 44))
    images = [
        Image(f"{number}.png", generator.integers(0, 256, (*sides, 3), np.uint8), False)
        for number, sides in enumerate(sides_px)
    ]
    pairs = prepare_validation(images, 2)
    network = build_network(SMSR)
    assert isinstance(network, Smsr)
    network.blocks[0].predictor, network.blocks[1].predictor = LeftHalf(0.5), LeftHalf(0)
    with torch.no_grad():  # the first channel is dense, the other 15 sparse
        network.blocks[0].channel_logits[..., 0], network.blocks[0].channel_logits[..., 1] = 0, 1
        network.blocks[0].channel_logits[:, 0, :, 0] = 2
    activity = mask_activity(network, pairs, device="cpu")
    assert [of_image.name for of_image in activity.pixels] == ["0.png", "1.png", "2.png"]
    even, odd, _ = activity.pixels
    assert even.active.shape == (2, 20, 22)
    assert odd.active.shape == (2, 21, 23)
    # The image of odd sides is 24 px wide when the half is taken.
    assert even.active[0].mean() == 11 / 22
    assert odd.active[0].mean() == 12 / 23
    assert not even.active[1].any()
    np.testing.assert_array_equal(even.active[0, :, :11], 1)
    assert activity.fractions[0] == pytest.approx([(1 + 15 * 0.5) / 16] * 3)
    assert decisions_of(network, pairs, device="cpu").drawn[1].name == "1.png"
