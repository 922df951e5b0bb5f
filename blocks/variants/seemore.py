"""SeemoRe's variants, and the one that computes only the experts it chooses.

Every image chooses its own experts, so they are computed image by image; everything else is
computed for the whole batch. Which experts run depends on the values of the images: this variant
cannot be exported or compiled as one graph, for which the masked and the folded variant are there.
"""

from operator import attrgetter
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from blocks.networks.seemore import ExpertsNetwork, LowRankExperts
from blocks.networks.seemore_config import ExpertsConfig
from blocks.variants.seemore_folded import has_small_context, seemore_folded
from blocks.variants.variant import FamilyVariants, Variant, replace_modules

Selecting = TypeVar("Selecting", bound=ExpertsNetwork)


def seemore_selected(network: Selecting) -> Selecting:
    """The network, which is changed, with its experts computed only where they are chosen.

    Its configuration must say that it `chooses_experts`.
    """
    assert isinstance(network.config, ExpertsConfig)  # as networks with experts have one
    ranks = network.config.ranks
    replace_modules(network, LowRankExperts, lambda experts: SelectedExperts(experts, ranks))
    return network


class SelectedExperts(nn.Module):
    """`LowRankExperts` by gathering the chosen ones' rows of the three matrices.

    Shape: (N, C, H, W), (N, C, H, W) -> (N, C, H, W).
    """

    def __init__(self, experts: LowRankExperts, ranks: tuple[int, ...]) -> None:
        super().__init__()
        self.experts = experts
        self.rows = torch.split(torch.arange(sum(ranks)), list(ranks))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        weights = self.experts.weights_of(a)
        images = zip(torch.split(a, 1), torch.split(b, 1), weights, strict=True)
        return torch.cat([self._of_one(*image) for image in images])

    def _of_one(self, a: Tensor, b: Tensor, weights: Tensor) -> Tensor:
        """Shape: (1, C, H, W), (1, C, H, W), (E,) -> (1, C, H, W)."""
        chosen = weights.topk(self.experts.top_k).indices.tolist()
        rows = torch.cat([self.rows[expert] for expert in chosen])
        local, context = self.experts.local, self.experts.context
        assert local.bias is not None and context.bias is not None  # as LowRankExperts has them
        product = F.conv2d(a, local.weight[rows], local.bias[rows])
        product = product * F.conv2d(b, context.weight[rows], context.bias[rows])
        of_rank = weights[self.experts.expert_of_rank[rows], None, None]
        bias = weights @ self.experts.restore_bias
        return F.conv2d(product * of_rank, self.experts.restore.weight[:, rows], bias)


SEEMORE_VARIANTS = FamilyVariants(
    "seemore",
    (
        Variant("masked"),
        Variant("selected", seemore_selected, attrgetter("chooses_experts")),
        Variant("folded", seemore_folded, has_small_context, is_for_export=True),
    ),
)
