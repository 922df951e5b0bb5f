"""What networks are timed on: photographs, always the same."""

import torch

from profilers import Target
from profilers.runtimes.images import sample_images


def images(batch: int, lr: str) -> torch.Tensor:
    return sample_images(Target.parse(f"eager:batch={batch},lr={lr}"))


def test_every_image_of_a_batch_is_another_and_every_call_gives_the_same() -> None:
    many = images(10, "20x30")
    assert many.shape == (10, 3, 20, 30)
    assert torch.equal(many, images(10, "20x30"))
    assert torch.unique(many.flatten(1), dim=0).shape[0] == 10
    assert torch.equal(many[:2], images(2, "20x30"))


def test_a_photograph_is_smooth_and_continued_by_its_mirror_image() -> None:
    """Neighbours differ by little, also where an image larger than the photograph is mirrored."""
    (large,) = images(1, "700x1001")
    assert large.min() >= 0 and large.max() <= 1
    assert large.std() > 0.1
    for dim in (1, 2):
        assert large.diff(dim=dim).abs().mean() < 0.05
    middle = images(1, "100x151")[0]
    assert torch.equal(large[:, 300:400, 425:576], middle)
