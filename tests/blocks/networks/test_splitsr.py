"""SplitSR: patterns by hand, channel rotation, the split upsampler, identity of networks."""

from collections import defaultdict
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from blocks import (
    SplitSR,
    SplitSRConfig,
    active_channels_of,
    build_network,
    in_variant,
    variants_of,
)
from blocks.layers import DIV2K_MEAN, SqueezeExcitation
from blocks.networks.splitsr import SplitUpsamplingStep
from blocks.networks.splitsr_blocks import SplitBlock

KEYS = ("groups", "blocks", "hybrid_scope", "hybrid_mode", "hybrid_index", "location")


def config(**fields: object) -> SplitSRConfig:
    return SplitSRConfig.model_validate({"scale": 2, **fields})


def pattern(*values: object) -> str:
    """The split pattern, blocks as S (split) and . (standard), groups apart."""
    built = config(**dict(zip(KEYS, values, strict=False)))
    return " ".join("".join(".S"[split] for split in group) for group in built.split_pattern)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ((3, 2, "group", "split_first", 1), "SS .. .."),
        ((3, 2, "group", "standard_first", 1), ".. .. SS"),
        ((2, 3, "block", "split_first", 2), "SS. SS."),
        ((2, 3, "block", "standard_first", 2), ".SS .SS"),
        ((2, 3, "group", "split_first", 0), "... ..."),
        ((2, 3, "group", "split_first", 2), "SSS SSS"),
        # floor((j + 1) n / P) > floor(j n / P), worked out by hand
        ((1, 6, "block", "interleave", 1), ".....S"),
        ((1, 6, "block", "interleave", 2), "..S..S"),
        ((1, 6, "block", "interleave", 3), ".S.S.S"),
        ((1, 6, "block", "interleave", 4), ".SS.SS"),  # the unofficial codes' own pattern
        ((1, 5, "block", "interleave", 2), "..S.S"),
        ((1, 5, "block", "interleave", 3), ".S.SS"),
        ((1, 6, "block", "interleave", 6), "SSSSSS"),
        ((1, 6, "block", "interleave", 0), "......"),
        ((3, 1, "group", "interleave", 2), ". S S"),
        ((2, 2, "group", "split_first", 1, "both"), "SS .."),
        ((2, 2, "group", "split_first", 1, "upsampler"), ".. .."),
    ],
)
def test_split_pattern(values: tuple[object, ...], expected: str) -> None:
    assert pattern(*values) == expected


@given(st.integers(1, 12), st.data())
@settings(deadline=None)
def test_interleave_splits_as_many_places_as_asked(places: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, places))
    assert pattern(1, places, "block", "interleave", index).count("S") == index


@pytest.mark.parametrize(
    ("ratio", "channels", "active"),
    [(0.25, 64, 16), (0.125, 36, 4), (1.0, 36, 36), (0.125, 4, 1), (0.5, 33, 16)],
)
def test_split_ratio_is_rounded_down_to_at_least_one(
    ratio: float, channels: int, active: int
) -> None:
    assert active_channels_of(ratio, channels) == active


@pytest.mark.parametrize("ratio", [0.0, -0.1, 1.01, float("nan")])
def test_impossible_split_ratios_are_refused(ratio: float) -> None:
    with pytest.raises(ValueError, match=f"above 0 and at most 1, got {ratio}"):
        active_channels_of(ratio, 64)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"channels": 8, "active_channels": 9}, r"at most channels \(8\), got 9"),
        ({"hybrid_index": 7}, r"0 to 6 \(one place per group\), got 7"),
        ({"blocks": 2, "hybrid_scope": "block"}, r"0 to 2 \(one place per block\), got 3"),
        ({"location": "both", "upsampler": "one_step"}, "use 'chain' or location 'features'"),
        ({"location": "upsampler", "upsampler": "one_step"}, "got upsampler 'one_step'"),
        ({"channels": 0}, "channels"),
        ({"hybrid_index": -1}, "hybrid_index"),
        ({"active_channels": True}, "active_channels"),
        ({"scale": 5}, "scale"),
    ],
)
def test_impossible_configurations_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(**fields)


@pytest.mark.parametrize(("channels", "active", "blocks"), [(4, 2, 2), (8, 2, 4), (6, 4, 3)])
def test_split_blocks_rotate_the_channels(channels: int, active: int, blocks: int) -> None:
    """With an identity convolution a block is a left rotation by `active`, and after
    C / gcd(C, active) blocks the order is the first again (specification, 3.4)."""
    block = SplitBlock(active)
    torch.nn.init.dirac_(block.convolution.weight)
    torch.nn.init.zeros_(block.convolution.bias)  # type: ignore[arg-type]  # it has a bias
    x = torch.rand(1, channels, 3, 3)
    torch.testing.assert_close(block(x), x.roll(-active, dims=1))
    for _ in range(blocks - 1):
        assert not torch.equal(block(x), x)
    y = x
    for _ in range(blocks):
        y = block(y)
    torch.testing.assert_close(y, x)


def test_split_blocks_equal_convolutions_in_place_and_one_roll() -> None:
    """The equivalence of the specification (3.4), for C divisible by a."""
    C, a = 6, 2
    blocks = [SplitBlock(a) for _ in range(4)]
    x = torch.randn(2, C, 5, 5)
    chained = torch.nn.Sequential(*blocks)(x)
    in_place = x.clone()
    for t, block in enumerate(blocks):
        start = t * a % C
        in_place[:, start : start + a] = block.convolution(in_place[:, start : start + a]).relu()
    torch.testing.assert_close(chained, in_place.roll(-(4 * a % C), dims=1))


@pytest.mark.parametrize("active", [2, 3, 4])
def test_a_split_block_keeps_the_order_of_channels_in_memory(active: int) -> None:
    x = torch.randn(1, 4, 6, 5).to(memory_format=torch.channels_last)
    assert SplitBlock(active)(x).is_contiguous(memory_format=torch.channels_last)


def test_a_split_upsampling_step_repeats_the_passive_channels() -> None:
    """Partial expansion written out: conv a -> s^2 a, repeat, concatenate, pixel shuffle."""
    step = SplitUpsamplingStep(active_channels=2, factor=3)
    x = torch.randn(2, 5, 4, 3)
    expanded = torch.cat((x[:, 2:].repeat_interleave(9, dim=1), step.convolution(x[:, :2])), dim=1)
    torch.testing.assert_close(step(x), F.pixel_shuffle(expanded, 3))


@pytest.mark.parametrize(
    ("scale", "upsampler", "location", "parameters"),
    [  # C = 4, a = 2; the output convolution has 27 C + 3, one step 27 s^2 C + 3 s^2
        (2, "chain", "features", 4 * (9 * 16 + 4) + 111),
        (3, "chain", "features", 9 * (9 * 16 + 4) + 111),
        (4, "chain", "features", 2 * 4 * (9 * 16 + 4) + 111),
        (2, "chain", "both", 4 * (9 * 4 + 2) + 111),
        (4, "chain", "upsampler", 2 * 4 * (9 * 4 + 2) + 111),
        (2, "one_step", "features", 4 * 111),
        (4, "one_step", "features", 16 * 111),
    ],
)
def test_upsampler_parameters(scale: int, upsampler: str, location: str, parameters: int) -> None:
    network = build_network(
        config(
            scale=scale,
            channels=4,
            active_channels=2,
            groups=1,
            blocks=1,
            hybrid_index=0,
            upsampler=upsampler,
            location=location,
        )
    )
    tail = [p for n, p in network.named_parameters() if n.startswith(("upsampler", "output"))]
    assert sum(p.numel() for p in tail) == parameters


@pytest.mark.parametrize(("channels", "hidden"), [(8, 1), (32, 2), (40, 2)])
def test_squeeze_excitation(channels: int, hidden: int) -> None:
    """A reduction of 16, never below 1; with a zeroed end every channel is halved."""
    attention = SqueezeExcitation(channels)
    assert attention.squeeze.out_channels == hidden
    for parameter in attention.excite.parameters():
        torch.nn.init.zeros_(parameter)
    x = torch.randn(2, channels, 3, 4)
    torch.testing.assert_close(attention(x), x / 2)


def transcribed(network: SplitSR, images: Tensor) -> Tensor:
    """The specification's sections 2 and 3 (defaults), step by step, from the weights."""
    weights, config = network.state_dict(), network.config

    def conv(x: Tensor, name: str) -> Tensor:
        weight = weights[f"{name}.weight"]
        return F.conv2d(x, weight, weights[f"{name}.bias"], padding=weight.shape[2] // 2)

    mean = torch.tensor(DIV2K_MEAN).view(1, 3, 1, 1)
    shallow = x = conv(images - mean, "input_convolution")
    for g, group in enumerate(config.split_pattern):
        group_input = x
        for j, is_split in enumerate(group):
            name = f"groups.{g}.blocks.{j}"
            if is_split:
                u, v = x[:, : config.active_channels], x[:, config.active_channels :]
                x = torch.cat((v, conv(u, f"{name}.convolution").clamp(min=0)), dim=1)
                continue
            y = conv(conv(x, f"{name}.convolution_1").clamp(min=0), f"{name}.convolution_2")
            if config.attention == "squeeze_excitation":
                pooled = y.mean((2, 3), keepdim=True)
                squeezed = conv(pooled, f"{name}.attention.squeeze").clamp(min=0)
                y = y / (1 + torch.exp(-conv(squeezed, f"{name}.attention.excite")))
            x = x + y
        x = group_input + conv(x, f"groups.{g}.convolution")
    x = shallow + conv(x, "trunk_convolution")
    if config.upsampler == "one_step":
        return F.pixel_shuffle(conv(x, "output_convolution"), config.scale) + mean
    for step, factor in enumerate({2: (2,), 3: (3,), 4: (2, 2)}[config.scale]):
        x = F.pixel_shuffle(conv(x, f"upsampler.{step}.convolution"), factor)
    return conv(x, "output_convolution") + mean


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"scale": 3, "hybrid_mode": "standard_first"},
        {"scale": 4, "hybrid_scope": "block", "attention": "squeeze_excitation"},
        {"upsampler": "one_step", "hybrid_mode": "interleave", "hybrid_scope": "block"},
        {"scale": 4, "upsampler": "one_step", "hybrid_index": 0},
        {"location": "both", "active_channels": 32},
    ],
)
def test_network_equals_its_transcription(fields: dict[str, object]) -> None:
    shape = {"channels": 32, "active_channels": 8, "groups": 2, "blocks": 3, "hybrid_index": 1}
    network = SplitSR(config(**{**shape, **fields}))
    images = torch.rand(2, 3, 6, 7)
    with torch.no_grad():
        torch.testing.assert_close(network(images), transcribed(network, images))


def all_small_configs() -> list[SplitSRConfig]:
    configs = []
    for (groups, blocks), scope in product(((1, 1), (1, 2), (3, 2)), ("group", "block")):
        places = groups if scope == "group" else blocks
        for active, mode, index, location, (attention, upsampler) in product(
            (1, 2),
            ("split_first", "standard_first", "interleave"),
            range(places + 1),
            ("features", "upsampler", "both"),
            (("none", "chain"), ("squeeze_excitation", "chain"), ("none", "one_step")),
        ):
            if upsampler == "one_step" and location != "features":
                continue
            configs.append(
                config(
                    channels=2,
                    active_channels=active,
                    groups=groups,
                    blocks=blocks,
                    hybrid_scope=scope,
                    hybrid_mode=mode,
                    hybrid_index=index,
                    location=location,
                    attention=attention,
                    upsampler=upsampler,
                )
            )
    return configs


def test_arch_ids_are_equal_exactly_where_the_built_networks_are() -> None:
    """Every configuration of a small space, compared by the modules that it builds."""
    structures, ids = defaultdict(set), defaultdict(set)
    with torch.device("meta"):
        for each in all_small_configs():
            structure = repr(build_network(each))
            structures[each.arch_id].add(structure)
            ids[structure].add(each.arch_id)
    assert len(ids) > 50  # the comparison is of many networks
    assert all(len(found) == 1 for found in structures.values())
    assert all(len(found) == 1 for found in ids.values())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"hybrid_index": 0}, {"hybrid_index": 0, "active_channels": 5, "hybrid_scope": "block"}),
        ({"hybrid_index": 6}, {"hybrid_index": 6, "hybrid_mode": "interleave"}),
        ({"hybrid_index": 6}, {"hybrid_index": 6, "hybrid_scope": "block"}),
        ({"hybrid_index": 6}, {"hybrid_index": 6, "attention": "squeeze_excitation"}),
        ({"location": "both", "active_channels": 64}, {"active_channels": 64}),
        ({"location": "upsampler"}, {"location": "both", "hybrid_index": 0}),
        ({"location": "upsampler"}, {"location": "upsampler", "hybrid_index": 5}),
        ({"location": "upsampler", "active_channels": 64}, {"hybrid_index": 0}),
    ],
)
def test_hyperparameters_without_effect_do_not_change_the_network(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert config(**one).arch_id == config(**other).arch_id


@pytest.mark.parametrize(
    "fields",
    [
        {"active_channels": 8},
        {"hybrid_mode": "standard_first"},
        {"hybrid_scope": "block"},
        {"location": "both"},
        {"attention": "squeeze_excitation"},
        {"upsampler": "one_step"},
        {"image_skip": "bilinear"},
        {"image_skip": "bicubic"},
        {"scale": 3},
        {"groups": 5},
        {"blocks": 5},
        {"channels": 65},
    ],
)
def test_hyperparameters_with_effect_change_the_network(fields: dict[str, object]) -> None:
    assert config(**fields).arch_id != config().arch_id


MASKS = st.integers(1, 3).flatmap(
    lambda blocks: st.lists(
        st.tuples(*[st.booleans()] * blocks),
        min_size=1,
        max_size=3,
    )
)


def masked(mask: object, **fields: object) -> SplitSRConfig:
    rows = [list(row) for row in mask]  # type: ignore[attr-defined]
    shape = {"channels": 4, "active_channels": 2, "groups": len(rows), "blocks": len(rows[0])}
    return config(**{**shape, **fields}, split_mask=rows)


@given(MASKS)
@settings(deadline=None)
def test_a_mask_is_the_pattern_in_every_form_of_its_configuration(
    mask: list[tuple[bool, ...]],
) -> None:
    given_mask = masked(mask)
    assert given_mask.split_pattern == given_mask.canonical().split_pattern == tuple(mask)


@given(MASKS, st.data())
@settings(deadline=None)
def test_a_placement_and_its_mask_are_one_network(
    mask: list[tuple[bool, ...]], data: st.DataObject
) -> None:
    scope = data.draw(st.sampled_from(("group", "block")))
    shape = {
        "channels": 4,
        "active_channels": 2,
        "groups": len(mask),
        "blocks": len(mask[0]),
        "hybrid_scope": scope,
        "hybrid_mode": data.draw(st.sampled_from(("split_first", "standard_first", "interleave"))),
        "hybrid_index": data.draw(st.integers(0, len(mask) if scope == "group" else len(mask[0]))),
    }
    placed = config(**shape)
    same = config(**shape, split_mask=placed.split_pattern)
    assert same.canonical() == placed.canonical()
    assert same.canonical().split_mask is None


def test_a_mask_that_no_placement_gives_stays_and_the_placement_does_not_count() -> None:
    mask = ((True, False), (False, True))
    one = masked(mask)
    other = masked(mask, hybrid_mode="interleave", hybrid_scope="block", hybrid_index=1)
    assert one.canonical().split_mask == mask
    assert one.arch_id == other.arch_id
    assert one.arch_id != masked(((False, True), (True, False))).arch_id


def test_masks_count_for_features_only() -> None:
    mask = ((True, False), (False, True))
    assert (
        masked(mask, location="upsampler").canonical()
        == config(
            channels=4, active_channels=2, groups=2, blocks=2, hybrid_index=0, location="both"
        ).canonical()
    )


def test_configurations_without_a_mask_keep_their_identity() -> None:
    """Stored runs name their networks by it; the ids are those of before there were masks."""
    assert "split_mask" not in config().model_dump()
    assert config().arch_id == "splitsr-x2-05f7ef709e"
    assert config(scale=4, hybrid_scope="block", location="both").arch_id == "splitsr-x4-49df6a19ce"


@pytest.mark.parametrize(
    ("mask", "message"),
    [
        ([[True]], r"must have 2 groups of 3 blocks, got 1 groups of \[1\]"),
        ([[True] * 3, [False] * 2], r"must have 2 groups of 3 blocks, got 2 groups of \[3, 2\]"),
        ([[1, 0, 0], [0, 0, 0]], "valid boolean"),
    ],
)
def test_masks_of_another_shape_are_refused(mask: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        config(groups=2, blocks=3, split_mask=mask)


@st.composite
def evenly_split(draw: st.DrawFn) -> SplitSRConfig:
    active, slices = draw(st.integers(1, 4)), draw(st.integers(2, 4))
    blocks = draw(st.integers(1, 5))
    upsampler = draw(st.sampled_from(("chain", "one_step")))
    locations = ("features", "upsampler", "both") if upsampler == "chain" else ("features",)
    rows = st.lists(st.tuples(*[st.booleans()] * blocks), min_size=1, max_size=3)
    return masked(
        draw(rows),
        scale=draw(st.sampled_from((2, 3, 4))),
        channels=active * slices,
        active_channels=active,
        attention=draw(st.sampled_from(("none", "squeeze_excitation"))),
        location=draw(st.sampled_from(locations)),
        upsampler=upsampler,
        image_skip=draw(st.sampled_from(("none", "bilinear"))),
    )


@given(evenly_split(), st.integers(1, 2))
@settings(max_examples=40, deadline=None)
def test_the_variant_in_place_gives_the_same_images(config: SplitSRConfig, batch: int) -> None:
    network = SplitSR(config)
    images = torch.rand(batch, 3, 5, 6)
    if "in_place" not in variants_of(config):
        assert config.canonical().active_channels == config.channels
        return
    with torch.no_grad():
        torch.testing.assert_close(
            in_variant(network, "in_place")(images), network(images), atol=1e-6, rtol=1e-6
        )


def test_in_place_a_map_is_put_together_once_for_each_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two runs of split blocks: two concatenations instead of five."""
    network = SplitSR(masked([(True, True, False, True), (True, True, False, False)]))
    joined: list[int] = []
    cat = torch.cat
    monkeypatch.setattr(
        torch, "cat", lambda *args, **kwargs: joined.append(0) or cat(*args, **kwargs)
    )
    counts = []
    for variant in ("concatenated", "in_place"):
        joined.clear()
        with torch.no_grad():
            in_variant(network, variant)(torch.rand(1, 3, 4, 4))
        counts.append(len(joined))
    assert counts == [5, 3]


@pytest.mark.parametrize(
    ("fields", "variants"),
    [
        ({}, ("concatenated", "in_place")),
        ({"active_channels": 24}, ("concatenated",)),  # slices would wrap
        ({"hybrid_index": 0}, ("concatenated",)),  # nothing is split
        ({"active_channels": 64}, ("concatenated",)),
        ({"location": "upsampler"}, ("concatenated", "in_place")),
    ],
)
def test_variants(fields: dict[str, object], variants: tuple[str, ...]) -> None:
    assert variants_of(config(**fields)) == variants


def test_an_unknown_variant_is_refused() -> None:
    with pytest.raises(ValueError, match="one of concatenated, in_place for splitsr, got 'sparse'"):
        in_variant(SplitSR(masked([(True,)])), "sparse")
