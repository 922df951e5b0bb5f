"""The rule of which convolutions are quantised.

Covers compressors.onnx_layers.
"""

from collections.abc import Mapping

import pytest

from blocks import (
    ImdnConfig,
    NetworkConfig,
    RcanConfig,
    RlfnConfig,
    SmsrConfig,
    SplitSRConfig,
)
from blocks.random_weights import seeded_network
from compressors.layers import Layer, Node, layers_of, nodes_of, quantised
from compressors.onnx_layers import exported, onnx_layers


def why_float(layers: tuple[Layer, ...]) -> dict[str, str | None]:
    return {layer.name: layer.why_float for layer in layers}


def conv(name: str, *inputs: str) -> Node:
    return Node(name, "convolution", inputs, f"{name}.weight")


def other(name: str, *inputs: str) -> Node:
    return Node(name, "other", inputs)


def test_the_first_and_the_last_stay_in_float() -> None:
    nodes = [conv("a"), conv("b", "a"), conv("c", "b")]
    assert why_float(layers_of(nodes, ["c"])) == {"a": "first", "b": None, "c": "last"}


def test_each_of_several_branches_has_a_first_and_a_last() -> None:
    nodes = [
        *(conv("a"), conv("b", "a"), conv("c", "b")),
        *(conv("x"), conv("y", "x"), conv("z", "y")),
        other("sum", "c", "z"),
    ]
    assert quantised(layers_of(nodes, ["sum"])) == ("b", "y")


def test_what_is_seen_only_through_a_gate_is_attention() -> None:
    nodes = [
        conv("a"),
        conv("b", "a"),
        conv("squeeze", "b"),
        conv("excite", "squeeze"),
        Node("sigmoid", "gate", ("excite",)),
        other("scaled", "b", "sigmoid"),
        conv("c", "scaled"),
    ]
    assert why_float(layers_of(nodes, ["c"])) == {
        "a": "first",
        "b": None,
        "squeeze": "attention",
        "excite": "attention",
        "c": "last",
    }


def test_what_passes_a_gate_and_goes_past_it_is_quantised() -> None:
    nodes = [
        *(conv("a"), conv("b", "a"), Node("sigmoid", "gate", ("b",))),
        *(other("product", "b", "sigmoid"), conv("c", "product")),
    ]
    assert quantised(layers_of(nodes, ["c"])) == ("b",)


def test_a_size_carries_nothing_on() -> None:
    nodes = [
        *(conv("a"), Node("shape", "size", ("a",)), other("resized", "shape")),
        *(conv("b", "resized"), conv("c", "b")),
    ]
    assert why_float(layers_of(nodes, ["c"])) == {"a": "first", "b": "first", "c": "last"}


def test_a_colour_shift_is_no_convolution_to_the_rule() -> None:
    nodes = [
        Node("shift", "colour shift", (), "shift.weight"),
        *(conv("a", "shift"), conv("b", "a"), conv("c", "b")),
        Node("back", "colour shift", ("c",), "back.weight"),
    ]
    assert why_float(layers_of(nodes, ["back"])) == {
        "shift": "mean shift",
        "a": "first",
        "b": None,
        "c": "last",
        "back": "mean shift",
    }


def test_transposed_ones_and_computed_weights_stay_in_float() -> None:
    nodes = [
        conv("a"),
        Node("up", "convolution", ("a",), "up.weight", is_transposed=True),
        Node("folded", "convolution", ("up",)),
        conv("c", "folded"),
    ]
    assert why_float(layers_of(nodes, ["c"])) == {
        "a": "first",
        "up": "transposed",
        "folded": "computed weights",
        "c": "last",
    }


def test_layers_that_share_their_weights_have_names_of_their_own() -> None:
    nodes = [conv("a"), Node("b", "convolution", ("a",), "a.weight"), conv("c", "b")]
    layers = layers_of(nodes, ["c"])
    assert [layer.name for layer in layers] == ["a", "a (2)", "c"]
    assert nodes_of(layers, without=["a (2)"]) == {"a", "c"}


TINY: Mapping[str, tuple[NetworkConfig, set[str], set[str]]] = {
    "squeeze and excitation": (
        SplitSRConfig(
            scale=2,
            channels=8,
            groups=1,
            blocks=2,
            active_channels=4,
            hybrid_scope="block",
            hybrid_index=1,
            attention="squeeze_excitation",
            upsampler="one_step",
            image_skip="bicubic",
        ),
        {
            "groups.0.blocks.0.convolution",
            "groups.0.blocks.1.convolution_1",
            "groups.0.blocks.1.convolution_2",
            "groups.0.convolution",
            "trunk_convolution",
        },
        {"groups.0.blocks.1.attention.squeeze", "groups.0.blocks.1.attention.excite"},
    ),
    "contrast attention": (
        ImdnConfig(scale=2, channels=8, blocks=1),
        {
            *(f"blocks.0.convolution_{number}" for number in (1, 2, 3, 4)),
            *("blocks.0.fuse", "fuse", "trunk_convolution"),
        },
        {"blocks.0.attention.squeeze", "blocks.0.attention.excite"},
    ),
    "spatial attention of images that are made large enough": (
        RlfnConfig(scale=2, channels=8, inner_channels=8, blocks=1, attention_channels=4),
        {
            *(f"blocks.0.convolution_{number}" for number in (1, 2, 3)),
            *("blocks.0.fuse", "trunk_convolution"),
        },
        {
            f"blocks.0.attention.{name}"
            for name in ("reduce", "shrink", "context", "skip", "restore")
        },
    ),
}


@pytest.mark.parametrize("case", TINY)
def test_convolutions_of_networks(case: str) -> None:
    config, in_8_bits, attention = TINY[case]
    layers = onnx_layers(exported(seeded_network(config, 0)))
    reasons = why_float(layers)
    assert set(quantised(layers)) == in_8_bits
    assert {name for name, why in reasons.items() if why == "attention"} == attention
    assert reasons["input_convolution"] == "first"
    assert reasons["output_convolution"] == "last"
    assert len(reasons) == len(in_8_bits) + len(attention) + 2


@pytest.mark.slow
def test_trained_shifts_by_the_mean_and_predictors_of_masks_stay_in_float() -> None:
    rcan = RcanConfig(scale=2, channels=16, groups=1, blocks=1)
    reasons = why_float(onnx_layers(exported(seeded_network(rcan, 0))))
    # Untrained, both are the identity, which the exporter stores once.
    shifts = [name for name, why in reasons.items() if why == "mean shift"]
    assert shifts == ["subtract_mean", "subtract_mean (2)"]
    assert reasons["input_convolution"] == "first"
    smsr = SmsrConfig(scale=2, channels=16, modules=1, layers=2)
    reasons = why_float(onnx_layers(exported(seeded_network(smsr, 0))))
    predictor = {name: why for name, why in reasons.items() if "predictor" in name}
    assert len(predictor) == 3
    assert set(predictor.values()) == {"attention"}
    assert reasons["blocks.0.convolutions.0.whole"] is None
