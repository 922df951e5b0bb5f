import time

import numpy as np
import pytest
import torch
from torch import Tensor

from blocks import SplitSRConfig
from blocks.networks.splitsr import SplitSR
from imaging.images import Image
from training import PatchSampler, Precision, choose_precision, get_recipe


class SlowIn(SplitSR):
    """A network that sleeps in one precision and so must lose with it."""

    def __init__(self, slow: Precision) -> None:
        super().__init__(SplitSRConfig(scale=2, channels=4, groups=1, blocks=1, active_channels=2,
                                       hybrid_index=0))  # fmt: skip
        self.slow = slow

    def enlarge(self, centred: Tensor) -> Tensor:
        now = "bfloat16" if torch.is_autocast_enabled("cpu") else "float32"
        if now == self.slow:
            time.sleep(0.05)
        return super().enlarge(centred)


def chosen(slow: Precision, *, computes_in_bfloat16: bool) -> Precision:
    recipe = get_recipe("quick").model_copy(update={"batch_size": 1, "lr_patch_px": 4})
    image = Image("flat.png", np.zeros((40, 40, 3), np.uint8), False)
    patches = PatchSampler([image], scale=2, recipe=recipe, seed=0)
    return choose_precision(
        lambda: SlowIn(slow), patches, recipe, computes_in_bfloat16=computes_in_bfloat16
    )


@pytest.mark.parametrize(("slow", "fast"), [("float32", "bfloat16"), ("bfloat16", "float32")])
def test_the_faster_precision_is_chosen(slow: Precision, fast: Precision) -> None:
    assert chosen(slow, computes_in_bfloat16=True) == fast


def test_bfloat16_without_instructions_for_it_is_never_chosen() -> None:
    assert chosen("float32", computes_in_bfloat16=False) == "float32"
