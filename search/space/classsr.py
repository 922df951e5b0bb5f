"""The space of ClassSR networks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, Literal

from blocks.config import Scale
from blocks.networks.classsr import ClassSRConfig
from blocks.networks.registry import NetworkConfig
from foundation.configs import parse_config
from search.space.family import FamilySpace
from search.space.hyperparameters import (
    ONE_OR_MORE,
    Booleans,
    Hyperparameter,
    IntegerRange,
    Integers,
    Value,
    each_of,
    values_of,
)

INTERPOLATION = "interpolation"
RCAN_BLOCKS = 20
"""In every group, as published; depth 10 then makes ClassSR's own branches."""


@dataclass(frozen=True)
class Backbone:
    """The networks of one family that can be branches, each given by its width and depth."""

    depth: str | None
    """The field that counts what is repeated; None where nothing is repeated at will."""
    fields: Callable[[int], Mapping[str, Any]] = lambda channels: {}
    """What else describes a network of so many channels."""


# Short trainings need the image skip, which FSRCNN, CARN-M and RCAN have not and MSRResNet always
# has. Without recursion SeemoRe takes patches of any size.
BACKBONES: Mapping[str, Backbone] = MappingProxyType(
    {
        "fsrcnn": Backbone("mapping_layers", lambda channels: {"design": "rgb"}),
        "msrresnet": Backbone("blocks"),
        "carn": Backbone(None),
        "rcan": Backbone("groups", lambda channels: {"blocks": RCAN_BLOCKS}),
        "splitsr": Backbone(
            "blocks",
            lambda channels: {
                "groups": 1,
                "active_channels": max(1, channels // 4),
                "hybrid_scope": "block",
                "hybrid_index": 1,
                "upsampler": "one_step",
                "image_skip": "bilinear",
            },
        ),
        "seemore": Backbone("groups", lambda channels: {"recursion": 1, "image_skip": "bilinear"}),
    }
)


class ClassSRSpace(FamilySpace):
    """ClassSR: classes of patches, how they are cut, and a branch for each (sheet, section 7).

    All branches are of one backbone and one depth, which counts FSRCNN's mapping layers, the
    blocks of MSRResNet and of SplitSR's one group, the groups of SeemoRe, or RCAN's of 20 blocks;
    CARN-M ("carn", ClassSR's variant) is the same at every depth. `channels` are the widths of all
    of them: each class draws its own, and the wider network gets the harder class.
    With `interpolate_easiest` the easiest class is enlarged without a network. `overlap_px` is
    what neighbouring patches share: the stride is `patch_px` less that.
    """

    family: ClassVar[str] = "classsr"
    classes: Integers = (2, 3)
    interpolate_easiest: Booleans = (False, True)
    backbone: Annotated[
        tuple[Literal["fsrcnn", "msrresnet", "carn", "rcan", "splitsr", "seemore"], ...],
        *ONE_OR_MORE,
    ] = ("msrresnet", "splitsr", "seemore")
    channels: Integers = (16, 32, 48, 64)
    depth: Integers = IntegerRange(low=1, high=4)
    patch_px: Integers = (16, 32)
    overlap_px: Integers = (0, 4, 8)
    classifier_channels: Integers = (16, 32, 64, 128)

    def hyperparameters(self) -> dict[str, Hyperparameter]:
        """The fields, where `channels` stands for a hyperparameter of each class."""
        hyperparameters = super().hyperparameters()
        channels = hyperparameters.pop("channels")
        return {**hyperparameters, **dict.fromkeys(_width_names(self._most_classes), channels)}

    def key_of(self, name: str) -> str:
        return "channels" if name in _width_names(self._most_classes) else name

    def network(self, values: Mapping[str, Value], scale: Scale) -> ClassSRConfig:
        classes, backbone = int(values["classes"]), BACKBONES[str(values["backbone"])]
        widths = each_of(_width_names(classes), values)
        easiest = [{"family": INTERPOLATION}] if values["interpolate_easiest"] else []
        learned = sorted(int(width) for width in widths[len(easiest) :])
        branches = [
            {
                "family": values["backbone"],
                "channels": channels,
                **({backbone.depth: values["depth"]} if backbone.depth else {}),
                **backbone.fields(channels),
            }
            for channels in learned
        ]
        patch_px = int(values["patch_px"])
        fields = {
            "scale": scale,
            "branches": [*easiest, *branches],
            "patch_px": patch_px,
            "stride_px": patch_px - int(values["overlap_px"]),
            "classifier_channels": values["classifier_channels"],
        }
        return parse_config(ClassSRConfig, fields, self.family)

    def values(self, config: NetworkConfig) -> dict[str, Value]:
        fields = config.model_dump()
        branches = fields["branches"]
        hardest = branches[-1]
        return {
            "classes": len(branches),
            "interpolate_easiest": branches[0]["family"] == INTERPOLATION,
            "backbone": hardest["family"],
            "depth": self._depth_of(hardest),
            "patch_px": fields["patch_px"],
            "overlap_px": fields["patch_px"] - fields["stride_px"],
            "classifier_channels": fields["classifier_channels"],
            **self._widths_of(branches),
        }

    def _depth_of(self, branch: Mapping[str, Any]) -> Value:
        """The depth, or the first of the space where a branch is the same at every depth."""
        backbone = BACKBONES.get(branch["family"])
        if backbone is None:
            return 0
        return branch[backbone.depth] if backbone.depth else values_of(self.depth)[0]

    def _widths_of(self, branches: Sequence[Mapping[str, Any]]) -> dict[str, Value]:
        """The widths by name; one that makes no branch has the width of its neighbour."""
        widths = [branch["channels"] for branch in branches if "channels" in branch] or [0]
        names = _width_names(max(len(branches), self._most_classes))
        before = len(branches) - len(widths)
        behind = len(names) - len(branches)
        padded = [widths[0]] * before + widths + [widths[-1]] * behind
        return dict(zip(names, padded, strict=True))

    @property
    def _most_classes(self) -> int:
        return max(int(number) for number in values_of(self.classes))


def _width_names(classes: int) -> list[str]:
    return [f"channels_{number}" for number in range(1, classes + 1)]
