"""A network of one configuration with the weights of a network of another."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks.checkpoints import check_tensors, weights_digest
from blocks.config import NetworkConfigBase
from blocks.layers import SuperResolutionNetwork
from compressors.inheritance.building import built
from compressors.inheritance.cutting import cut
from compressors.inheritance.families.registry import INHERITED_FAMILIES
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.lineage import Lineage, Units, correspondence, trace
from compressors.inheritance.refit import recorded, refit, refit_targets
from compressors.inheritance.worth import worths_of

SLICES, LEAST_SQUARES = "slices", "least squares"
EXACT = 1e-5
"""The largest difference, of images in [0, 1], at which two networks count as the same."""

# Tried for each stack of units, spread over all the possibilities.
_MOST_ALIGNMENTS = 12
_SEED = 0
_NOISE_IMAGES, _NOISE_SIZE_PX = 2, 24
_COMPARED_CROPS = 8


@dataclass(frozen=True)
class Inherited:
    """A child's weights, and what came of the parent's.

    Attributes:
        config: the child's.
        weights: its tensors by name, float32, on the CPU.
        parent_arch_id: of the parent.
        parent_weights: digest of the parent's tensors.
        method: "slices", or "least squares" where the layers were refitted to the parent's outputs.
        difference: the largest of its images (in [0, 1]) to the parent's, on noise and on the
            first of the crops.
        new_units: the blocks, groups or experts that no unit of the parent stands behind.
    """

    config: NetworkConfigBase
    weights: Mapping[str, Tensor]
    parent_arch_id: str
    parent_weights: str
    method: str
    difference: float
    new_units: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether the child gives the parent's images."""
        return self.difference <= EXACT

    @property
    def metadata(self) -> dict[str, str]:
        """What a checkpoint says of where its weights come from."""
        return {
            "parent_arch_id": self.parent_arch_id,
            "parent_weights": self.parent_weights,
            "inheritance": self.method,
        }


def inherit(
    parent: NetworkConfigBase,
    weights: Mapping[str, Tensor],
    child: NetworkConfigBase,
    crops: Tensor | None = None,
) -> Inherited:
    """The weights of a network of the configuration `child` that come nearest to the parent's.

    What the child has less of is chosen: channels by what the layers that read them make of them,
    blocks by how near the child's images then are to the parent's. What it has more of
    changes no image, where its design allows that: `Inherited.difference` tells. The child's
    layers are then refitted to the parent's outputs on the crops, if there are any.

    Shape of `crops`: (N, 3, h, w), RGB in [0, 1], low resolution. 16 of 32x32 px are enough for
    most networks, and better than as many pixels in smaller ones, most of which lie at a border.

    Raises:
        ValueError: the child cannot inherit from such a parent, the tensors are not the parent's,
            or the crops are not images that both take.
    """
    heir = INHERITED_FAMILIES.find(_common_family(parent, child))
    _check_fixed(heir, parent, child)
    network = built(parent)
    check_tensors("the parent", weights, network.state_dict())
    network.load_state_dict(dict(weights))
    parts = _inherited_parts(heir, parent, weights, child, crops)
    given = {
        f"{prefix}.{name}": tensor
        for prefix, part in parts.items()
        for name, tensor in part.weights.items()
    }
    inheritance = _Inheritance(heir, network, built(child), given, crops)
    tensors, method = inheritance.nearest()
    methods = {method, *(part.method for part in parts.values())}
    return Inherited(
        child,
        tensors,
        parent.arch_id,
        weights_digest(weights),
        LEAST_SQUARES if LEAST_SQUARES in methods else SLICES,
        inheritance.difference(tensors),
        tuple(
            [f"{prefix}.{unit}" for prefix, part in parts.items() for unit in part.new_units]
            + inheritance.new_units
        ),
    )


def _inherited_parts(
    heir: InheritedFamily,
    parent: NetworkConfigBase,
    weights: Mapping[str, Tensor],
    child: NetworkConfigBase,
    crops: Tensor | None,
) -> dict[str, Inherited]:
    """What each part inherits of the parent's part of the same prefix."""
    parents, children = heir.parts(parent), heir.parts(child)
    if parents.keys() != children.keys():
        raise ValueError(
            f"the child must be made of as many networks as the parent ({len(parents)}), got"
            f" {len(children)}"
        )
    return {
        prefix: inherit(
            parents[prefix],
            {
                name.removeprefix(f"{prefix}."): tensor
                for name, tensor in weights.items()
                if name.startswith(f"{prefix}.")
            },
            part,
            crops,
        )
        for prefix, part in children.items()
    }


class _Inheritance:
    """One network that inherits from another."""

    def __init__(
        self,
        heir: InheritedFamily,
        parent: SuperResolutionNetwork,
        child: SuperResolutionNetwork,
        given: Mapping[str, Tensor],
        crops: Tensor | None,
    ) -> None:
        self._parent, self._child = _prepared(parent), _prepared(child)
        self._weights, self._fresh = _state(self._parent), _state(self._child)
        self._layout, self._parent_layout = heir.layout(child.config), heir.layout(parent.config)
        if crops is not None and crops.is_floating_point():
            crops = crops.float()
        self._given, self._crops = given, crops
        noise = _noise(max(parent.config.minimum_size_px, child.config.minimum_size_px))
        self._shown = noise if crops is None else crops
        self._compared = [noise] if crops is None else [noise, crops[:_COMPARED_CROPS]]
        with torch.no_grad():
            self._images = self._parent(self._shown)
        self._worths = worths_of(
            self._parent, self._parent.paths()[0], self._shown, self._parent_layout
        )
        self._units = self._nearest_units()

    def nearest(self) -> tuple[dict[str, Tensor], str]:
        """The tensors whose images come nearest to the parent's, and the method that found them."""
        lineage = self._lineage(self._units)
        tensors = self._cut(lineage)
        if self._crops is None or self.difference(tensors) <= EXACT:
            return tensors, SLICES
        refitted = self._refitted(self._crops, tensors, lineage)
        if self._distance(refitted) < self._distance(tensors):
            return refitted, LEAST_SQUARES
        return tensors, SLICES

    @torch.no_grad()
    def difference(self, tensors: Mapping[str, Tensor]) -> float:
        """The largest of the images to the parent's, in double precision."""
        self._child.load_state_dict(dict(tensors))
        parent, child = (deepcopy(network).double() for network in (self._parent, self._child))
        images = [shown.double() for shown in self._compared]
        return max(float((child(shown) - parent(shown)).abs().max()) for shown in images)

    @property
    def new_units(self) -> list[str]:
        """The child's units that have no parent."""
        return [unit for unit, origin in self._units.items() if origin is None]

    def _nearest_units(self) -> Units:
        """Of the possible correspondences that whose images come nearest, stack after stack."""
        chosen: dict[str, int] = {}
        while True:
            numbers: dict[str, int] = {}
            units = self._correspondence(chosen, numbers)
            open_stacks = [name for name, number in numbers.items() if name not in chosen]
            if not open_stacks:
                return units
            name = open_stacks[0]
            choices = _spread(numbers[name])
            chosen[name] = (
                min(choices, key=lambda choice: self._distance_of({**chosen, name: choice}))
                if len(choices) > 1
                else choices[0]
            )

    def _correspondence(self, chosen: Mapping[str, int], numbers: dict[str, int]) -> Units:
        """The correspondence of these choices; also fills in the number that there are."""

        def choose(name: str, number: int) -> int:
            numbers[name] = number
            return chosen.get(name, number // 2)

        return correspondence(self._layout.stacks, self._parent_layout.stacks, choose)

    def _distance_of(self, chosen: Mapping[str, int]) -> float:
        return self._distance(self._cut(self._lineage(self._correspondence(chosen, {}))))

    def _lineage(self, units: Units) -> Lineage:
        return trace(self._layout, self._parent_layout, self._worths, units)

    def _cut(self, lineage: Lineage) -> dict[str, Tensor]:
        own = cut(self._fresh, self._layout, self._weights, self._parent_layout, lineage)
        return {**own, **self._given}

    def _distance(self, tensors: Mapping[str, Tensor]) -> float:
        """The mean squared distance of the images to the parent's."""
        self._child.load_state_dict(dict(tensors))
        with torch.no_grad():
            return float(F.mse_loss(self._child(self._shown), self._images))

    def _refitted(
        self, crops: Tensor, tensors: Mapping[str, Tensor], lineage: Lineage
    ) -> dict[str, Tensor]:
        self._child.load_state_dict(dict(tensors))
        outputs = recorded(self._parent, self._parent.paths()[0], crops)
        targets = refit_targets(self._layout, self._parent_layout, lineage)
        refit(self._child, self._child.paths()[0], crops, outputs, targets)
        return _state(self._child)


def _prepared(network: SuperResolutionNetwork) -> SuperResolutionNetwork:
    return network.float().eval().requires_grad_(False)


def _state(network: SuperResolutionNetwork) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def _noise(size_px: int) -> Tensor:
    """Smooth random images, which no network knows."""
    side = max(size_px, _NOISE_SIZE_PX)
    generator = torch.Generator().manual_seed(_SEED)
    coarse = torch.rand(_NOISE_IMAGES, 3, side // 3, side // 3, generator=generator)
    return F.interpolate(coarse, size=(side, side), mode="bicubic").clamp(0, 1)


def _spread(number: int) -> list[int]:
    """So many of the numbers below `number` as are tried, at equal distances."""
    tried = min(number, _MOST_ALIGNMENTS)
    return [round(place * (number - 1) / max(1, tried - 1)) for place in range(tried)]


def _common_family(parent: NetworkConfigBase, child: NetworkConfigBase) -> str:
    if parent.family != child.family:
        raise ValueError(
            "a child inherits only from a parent of its own family, got a child of family"
            f" {child.family!r} and a parent of {parent.family!r}"
        )
    return parent.family


def _check_fixed(
    heir: InheritedFamily, parent: NetworkConfigBase, child: NetworkConfigBase
) -> None:
    for name in ("scale", *heir.fixed):
        mine, its = getattr(child, name), getattr(parent, name)
        if mine != its:
            raise ValueError(
                f"{name} of the child must be that of the parent ({its!r}), whose weights mean"
                f" nothing with another, got {mine!r}"
            )
