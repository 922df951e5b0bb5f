"""Spaces: what they propose is valid, contained, and proposed again from its parameters."""

from collections.abc import Sequence

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.catalogue import catalogue_config
from blocks.networks import build_network, parse_network_config
from search.knobs import IntegerRange, Value, values_of
from search.space import SearchSpace, SeemoReSpace, SplitSRSpace

SHALLOW = IntegerRange(low=1, high=2)
SPACE = SearchSpace(
    2,
    (
        SplitSRSpace(channels=(8, 12), groups=SHALLOW, blocks=SHALLOW),
        SeemoReSpace(channels=(8, 12), groups=SHALLOW),
    ),
)


class DrawnTrial:
    """Answers every question with a value that hypothesis draws."""

    def __init__(self, data: st.DataObject) -> None:
        self._data = data
        self.parameters: dict[str, Value] = {}

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


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_every_suggestion_is_contained_builds_and_round_trips(data: st.DataObject) -> None:
    config = SPACE.suggest(DrawnTrial(data))
    assert config in SPACE
    assert parse_network_config(config.model_dump(mode="json")) == config
    side = config.minimum_size_px + 1
    with torch.inference_mode():
        output = build_network(config).eval()(torch.rand(1, 3, side, side + 2))
    assert output.shape == (1, 3, 2 * side, 2 * side + 4)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_parameters_propose_the_same_network_again(data: st.DataObject) -> None:
    config = SPACE.suggest(DrawnTrial(data))
    again = SPACE.suggest(GivenTrial(SPACE.parameters(config)))
    assert again.canonical() == config.canonical()


def test_all_knobs_are_asked_for_whichever_family_is_chosen() -> None:
    trials = [GivenTrial({"family": family}) for family in ("splitsr", "seemore")]
    configs = [SPACE.suggest(trial) for trial in trials]
    assert [config.family for config in configs] == ["splitsr", "seemore"]
    assert trials[0].asked == trials[1].asked >= {"splitsr.split_ratio", "seemore.experts"}


def test_a_knob_of_one_value_is_no_parameter() -> None:
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


def test_a_mask_that_no_placement_gives_is_not_searched() -> None:
    space = SearchSpace(2, (SplitSRSpace(),))
    fields = {"family": "splitsr", "scale": 2, "groups": 2, "blocks": 2, "image_skip": "bilinear"}
    masked = {**fields, "split_mask": [[True, False], [False, True]]}
    assert str(space.misfit(parse_network_config(masked))).startswith("hybrid_mode mask is not")


@pytest.mark.parametrize("name", ["seemore-t", "seemore-b", "seemore-l", "splitsr"])
def test_the_default_ranges_hold_what_is_published(name: str) -> None:
    space = SearchSpace(
        4, (SplitSRSpace(), SeemoReSpace(groups=IntegerRange(low=1, high=16), channels=(36, 48)))
    )
    assert catalogue_config(name, 4).replace(image_skip="bilinear") in space


def test_another_scale_is_not_contained() -> None:
    assert catalogue_config("splitsr", 3).replace(image_skip="bilinear") not in SearchSpace(
        4, (SplitSRSpace(),)
    )


def test_experts_above_half_of_the_channels_are_left_out() -> None:
    values = {**SeemoReSpace().values_at(0.0), "channels": 8, "experts": 4, "top_k": 2}
    config = SeemoReSpace().network({**values, "growth": "exponential"}, 2)
    assert config.ranks == (2, 4)
    narrow = SeemoReSpace().network({**values, "channels": 4, "growth": "exponential"}, 2)
    assert (narrow.ranks, narrow.top_k) == ((2,), 1)


def test_a_range_lists_its_values() -> None:
    assert values_of(IntegerRange(low=2, high=8, step=3)) == (2, 5, 8)
