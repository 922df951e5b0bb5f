"""ClassSR's space: branches of one backbone from few hyperparameters."""

from typing import Any

import pytest

from blocks.catalogue import catalogue_config
from blocks.networks.classsr import ClassSRConfig
from search.space import ClassSRSpace

VALUES: dict[str, Any] = {
    "classes": 3,
    "interpolate_easiest": False,
    "backbone": "msrresnet",
    "depth": 2,
    "patch_px": 32,
    "overlap_px": 4,
    "classifier_channels": 32,
    "channels_1": 32,
    "channels_2": 16,
    "channels_3": 48,
}


def test_the_wider_network_gets_the_harder_class() -> None:
    config = ClassSRSpace().network(VALUES, 3)
    fields = {"family": "msrresnet", "scale": 3, "blocks": 2}
    assert config.branches == tuple(
        branch
        for branch in ClassSRConfig.model_validate(
            {"scale": 3, "branches": [{**fields, "channels": width} for width in (16, 32, 48)]}
        ).branches
    )
    assert (config.patch_px, config.stride_px, config.classifier_channels) == (32, 28, 32)


def test_interpolation_takes_the_place_of_the_first_width() -> None:
    config = ClassSRSpace().network({**VALUES, "interpolate_easiest": True}, 2)
    assert [branch.family for branch in config.branches] == ["interpolation", *["msrresnet"] * 2]
    assert [branch.model_dump().get("channels") for branch in config.branches] == [None, 16, 48]


def test_only_as_many_widths_are_used_as_there_are_classes() -> None:
    config = ClassSRSpace().network({**VALUES, "classes": 2}, 2)
    assert [branch.model_dump()["channels"] for branch in config.branches] == [16, 32]


@pytest.mark.parametrize(
    ("backbone", "fields"),
    [
        ("fsrcnn", {"mapping_layers": 2, "mapping_channels": 12, "design": "rgb"}),
        ("msrresnet", {"blocks": 2}),
        ("carn", {"convolution_groups": 4, "design": "classsr"}),
        ("rcan", {"groups": 2, "blocks": 20}),
        # Of two blocks the first is split, with a quarter of the channels active.
        ("splitsr", {"groups": 1, "blocks": 2, "active_channels": 12, "hybrid_index": 1}),
        ("seemore", {"groups": 2, "recursion": 1, "ranks": (2, 4, 8)}),
    ],
)
def test_depth_and_width_of_every_backbone(backbone: str, fields: dict[str, Any]) -> None:
    config = ClassSRSpace().network({**VALUES, "backbone": backbone}, 2)
    shown = {
        **config.branches[-1].model_dump(),
        "design": getattr(config.branches[-1], "design", 0),
    }
    assert shown.items() >= {"family": backbone, "channels": 48, **fields}.items()


@pytest.mark.parametrize(
    ("name", "channels", "depth"),
    [("classsr-carn-m", (36, 52, 64), (1, 2)), ("classsr-rcan", (36, 50, 64), (10,))],
)
def test_the_published_networks_can_be_proposed(
    name: str, channels: tuple[int, ...], depth: tuple[int, ...]
) -> None:
    published = catalogue_config(name, 4)
    assert isinstance(published, ClassSRConfig)
    space = ClassSRSpace.model_validate(
        {
            "classes": 3,
            "backbone": published.branches[0].family,
            "channels": channels,
            "depth": depth,
            "patch_px": 32,
            "overlap_px": 4,
            "classifier_channels": 128,
        }
    )
    assert space.misfit(published) is None
    assert space.network(space.values(published), 4).canonical() == published.canonical()


def test_carn_is_the_same_at_every_depth() -> None:
    networks = {
        ClassSRSpace().network({**VALUES, "backbone": "carn", "depth": depth}, 2)
        for depth in (1, 4)
    }
    assert len(networks) == 1


def test_searches_propose_the_backbones_of_before_unless_asked() -> None:
    assert ClassSRSpace().backbone == ("msrresnet", "splitsr", "seemore")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"branches": [{"family": "fsrcnn"}] * 2}, "backbone fsrcnn is not among"),
        ({"branches": [{"family": "msrresnet", "blocks": 9}] * 2}, "depth 9 is not among"),
        ({"branches": [{"family": "msrresnet", "blocks": 2}] * 4}, "classes 4 is not among"),
        (
            {"branches": [{"family": "msrresnet", "blocks": 2, "channels": 24}] * 2},
            "channels_1 24 is not among",
        ),
        ({"stride_px": 16}, "overlap_px 16 is not among"),
        ({"classifier_layers": 3}, "parts that no hyperparameter can make"),
        (
            {"branches": [{"family": "splitsr"}, {"family": "msrresnet", "blocks": 2}]},
            "parts that no hyperparameter can make",
        ),
    ],
)
def test_what_the_hyperparameters_cannot_make_is_named(changes: dict[str, Any], words: str) -> None:
    fits = {"scale": 2, "branches": [{"family": "msrresnet", "blocks": 2}] * 2}
    assert ClassSRSpace().misfit(ClassSRConfig.model_validate(fits)) is None
    assert words in str(ClassSRSpace().misfit(ClassSRConfig.model_validate({**fits, **changes})))


@pytest.mark.parametrize(
    ("hyperparameters", "words"),
    [
        ({"classes": 6}, "branches must be 2 to 5"),
        ({"patch_px": 30}, "multiple of 4"),
        ({"patch_px": 16, "overlap_px": 12}, "stride_px must be between half of patch_px"),
        ({"channels": (0, 16)}, "channels_2 0 fits no network"),
    ],
)
def test_values_that_fit_no_network_are_refused(
    hyperparameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        ClassSRSpace.model_validate(hyperparameters)
