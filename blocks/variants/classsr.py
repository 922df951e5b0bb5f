"""ClassSR with other modules for its branches, or with all of them on every patch."""

import torch
from torch import Tensor, nn

from blocks.networks.classsr import ClassSR, ClassSRConfig
from blocks.networks.fsrcnn import FsrcnnConfig
from blocks.variants.fsrcnn import shuffled
from blocks.variants.variant import FamilyVariants, Variant
from blocks.windows import ramp, stitch


class AllBranches(nn.Module):
    """Every branch on every patch, of which the class then selects one.

    No shape depends on what an image shows, so that the whole is a graph of fixed size.

    Shape: (N, 3, h, w) -> (N, 3, scale h, scale w).
    """

    def __init__(self, network: ClassSR) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        classes = self.network.classify(images).flatten()[:, None, None, None]
        windows = self.network.covering_windows(images)
        patches = windows.cut(images)
        first, *others = self.network.branches
        selected = first(patches)
        for number, branch in enumerate(others, start=1):
            selected = torch.where(classes == number, branch(patches), selected)
        return stitch(selected, images, windows, self.network.config.scale, ramp)


def _has_fsrcnn(config: ClassSRConfig) -> bool:
    return any(isinstance(branch, FsrcnnConfig) for branch in config.branches)


CLASSSR_VARIANTS = FamilyVariants(
    "classsr",
    (
        Variant("routed"),
        Variant("routed_shuffled", shuffled, _has_fsrcnn),
        # A graph holds so many windows.
        Variant(
            "all_branches",
            AllBranches,
            is_for_export=True,
            is_of_one_size=True,
            has_own_peak=True,
        ),
    ),
)
