"""Spaces: what they propose is valid, contained, trained, and proposed again from parameters.

Covers search.space.family and search.space.smsr.

Covers search.space.hyperparameters.
"""

import itertools
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.catalogue import catalogue_config
from blocks.networks.registry import build_network, parse_network_config
from search.space import (
    SPACES,
    ClassSRSpace,
    HybridSpace,
    SearchSpace,
    SeemoReSpace,
    SmsrSpace,
    SplitSRSpace,
)
from search.space.hyperparameters import IntegerRange, Value, values_of
from training.recipes.registry import get_recipe, recipe_for
from training.step import TrainingStep

SHALLOW = IntegerRange(low=1, high=2)
SPACE = SearchSpace(
    2,
    (
        SplitSRSpace(channels=(8, 12), groups=SHALLOW, blocks=SHALLOW),
        SeemoReSpace(channels=(8, 12), groups=SHALLOW),
        SmsrSpace(channels=(16, 32), modules=SHALLOW, layers=SHALLOW),
        ClassSRSpace(
            classes=IntegerRange(low=2, high=4),
            backbone=("fsrcnn", "msrresnet", "splitsr", "seemore"),
            channels=(8, 12),
            depth=SHALLOW,
            patch_px=(8, 12),
            overlap_px=(0, 4),
            classifier_channels=(4, 8),
        ),
        HybridSpace(channels=(16, 32), groups=SHALLOW, blocks=SHALLOW, recursion=1),
    ),
)
FAMILIES = [space.family for space in SPACE.families]


def test_every_space_is_here() -> None:
    assert set(FAMILIES) == set(SPACES)


class DrawnTrial:
    """Answers every question with a value that hypothesis draws, except for the family."""

    def __init__(self, data: st.DataObject, family: str) -> None:
        self._data = data
        self.parameters: dict[str, Value] = {"family": family}

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Value:
        return self.parameters.setdefault(name, self._data.draw(st.sampled_from(choices), name))

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        drawn = self._data.draw(st.integers(0, (high - low) // step), name)
        return int(self.parameters.setdefault(name, low + drawn * step))


class GivenTrial:
    """Answers with given parameters, and with the first choice where there is none."""

    def __init__(self, parameters: dict[str, Value]) -> None:
        self._parameters = parameters
        self.asked: set[str] = set()

    def suggest_categorical(self, name: str, choices: Sequence[Value]) -> Value:
        self.asked.add(name)
        return self._parameters.get(name, choices[0])

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1) -> int:
        self.asked.add(name)
        return int(self._parameters.get(name, low))


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_every_suggestion_is_contained_builds_and_round_trips(
    family: str, data: st.DataObject
) -> None:
    config = SPACE.suggest(DrawnTrial(data, family))
    assert config.family == family
    assert config in SPACE
    assert parse_network_config(config.model_dump(mode="json")) == config
    side = config.minimum_size_px + 1
    with torch.inference_mode():
        output = build_network(config).eval()(torch.rand(1, 3, side, side + 2))
    assert output.shape == (1, 3, 2 * side, 2 * side + 4)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_every_suggestion_is_trained_by_the_quick_recipe(family: str, data: st.DataObject) -> None:
    config = SPACE.suggest(DrawnTrial(data, family))
    recipe = recipe_for(get_recipe("quick"), config)
    step = TrainingStep(build_network(config), recipe, device="cpu", precision="float32")
    side = recipe.lr_patch_px
    low, high = torch.rand(2, 3, side, side), torch.rand(2, 3, 2 * side, 2 * side)
    before = [weight.clone() for weight in step.averaged_weights().values()]
    step.take(low, high, learning_rate=1e-3, progress=0.5)
    after = step.averaged_weights().values()
    assert any(not torch.equal(old, new) for old, new in zip(before, after, strict=True))


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_parameters_propose_the_same_network_again(family: str, data: st.DataObject) -> None:
    config = SPACE.suggest(DrawnTrial(data, family))
    again = SPACE.suggest(GivenTrial(SPACE.parameters(config)))
    assert again.canonical() == config.canonical()


def test_all_hyperparameters_are_asked_for_whichever_family_is_chosen() -> None:
    trials = [GivenTrial({"family": family}) for family in FAMILIES]
    configs = [SPACE.suggest(trial) for trial in trials]
    assert [config.family for config in configs] == FAMILIES
    asked = {
        "splitsr.split_ratio", "seemore.experts", "smsr.layers", "classsr.channels_4",
        "hybrid.kind_2",
    }  # fmt: skip
    assert trials[0].asked >= asked
    assert all(trial.asked == trials[0].asked for trial in trials)


def test_a_hyperparameter_of_one_value_is_no_parameter() -> None:
    space = SearchSpace(2, (SplitSRSpace(channels=8, image_skip="none"),))
    config = space.suggest(GivenTrial({}))
    assert not {"family", "splitsr.channels", "splitsr.image_skip"} & set(space.parameters(config))


def test_published_networks_that_fit_take_the_skip_of_the_space() -> None:
    space = SearchSpace(3, (SeemoReSpace(channels=(24, 36), groups=IntegerRange(low=1, high=6)),))
    published = {name: (config, misfit) for name, config, misfit in space.published()}
    config, misfit = published["seemore-t"]
    assert misfit is None
    assert config == catalogue_config("seemore-t", 3).replace(image_skip="bilinear")
    assert space.suggest(GivenTrial(space.parameters(config))).canonical() == config.canonical()
    assert published["seemore-b"][1] == "channels 48 is not among [24, 36]"
    assert set(published) == {"seemore-t", "seemore-b", "seemore-l"}


@pytest.mark.parametrize("name", ["seemore-t", "seemore-b", "seemore-l", "splitsr"])
def test_the_default_ranges_hold_what_is_published(name: str) -> None:
    space = SearchSpace(
        4, (SplitSRSpace(), SeemoReSpace(groups=IntegerRange(low=1, high=16), channels=(36, 48)))
    )
    assert catalogue_config(name, 4).replace(image_skip="bilinear") in space


def test_networks_that_have_a_skip_are_proposed_as_published() -> None:
    space = SearchSpace(
        4, (SmsrSpace(), ClassSRSpace(backbone="fsrcnn", channels=(16, 36, 56), patch_px=32))
    )
    published = {name: (config, misfit) for name, config, misfit in space.published()}
    assert {name: misfit for name, (_, misfit) in published.items()} == {
        "smsr": None,
        "classsr-fsrcnn": None,
        "classsr-carn-m": "backbone carn is not among ['fsrcnn']",
        "classsr-msrresnet": "backbone msrresnet is not among ['fsrcnn']",
        "classsr-rcan": "backbone rcan is not among ['fsrcnn']",
    }
    for name in ("smsr", "classsr-fsrcnn"):
        config = published[name][0]
        assert config == catalogue_config(name, 4)
        assert space.suggest(GivenTrial(space.parameters(config))).canonical() == config.canonical()


def test_another_scale_is_not_contained() -> None:
    assert catalogue_config("splitsr", 3).replace(image_skip="bilinear") not in SearchSpace(
        4, (SplitSRSpace(),)
    )


def test_a_range_lists_its_values() -> None:
    assert values_of(IntegerRange(low=2, high=8, step=3)) == (2, 5, 8)


def test_the_networks_of_a_space_are_those_of_all_values() -> None:
    # Two widths x three depths of the one family, 2 x 2 x 2 of the other.
    smsr = SmsrSpace(channels=(16, 32), modules=(1, 2, 3), layers=2)
    seemore = SeemoReSpace(
        channels=(8, 16), groups=SHALLOW, experts=1, growth="linear", top_k=1, recursion=1,
        shuffle=True, kernel=(5, 7), ffn_ratio=1.0,
    )  # fmt: skip
    space = SearchSpace(3, (smsr, seemore))
    networks = list(space.networks())
    assert len({config.arch_id for config in networks}) == len(networks) == 6 + 8
    assert all(config in space for config in networks)


@pytest.mark.parametrize("family", FAMILIES)
@settings(max_examples=30)
@given(data=st.data())
def test_a_space_of_few_values_holds_every_network_that_it_makes(
    family: str, data: st.DataObject
) -> None:
    """Also where values give way: to what there is of groups, ranks, experts, or split places."""
    # Built without the checks, which build dozens of networks; what makes none is passed over.
    whole = SPACES[family].space_type()
    few = {
        name: (
            *data.draw(
                st.lists(st.sampled_from(values_of(ranges)), min_size=1, max_size=2, unique=True)
            ),
        )
        for name, ranges in ((it, getattr(whole, it)) for it in type(whole).model_fields)
    }
    space = SearchSpace(2, (type(whole).model_construct(**few),))
    try:
        config = space.suggest(DrawnTrial(data, family))
    except ValueError:
        return
    assert config in space and config.canonical() in space
    assert space.suggest(GivenTrial(space.parameters(config))).canonical() == config.canonical()
    assert all(it in space for it in itertools.islice(space.neighbours(config), 3))
