"""What networks decide by their input.

Covers training.behaviour.behaviour, training.behaviour.classsr, training.behaviour.seemore,
training.behaviour.smsr and training.behaviour.hybrid.
"""

import numpy as np
import pytest
import torch

from blocks import (
    ClassSR,
    ClassSRConfig,
    FsrcnnConfig,
    HybridConfig,
    SeemoReConfig,
    SmsrConfig,
    SplitSRConfig,
    build_network,
)
from imaging.evaluation import prepare_validation
from imaging.images import Image
from imaging.imresize import downscale, upscale_bicubic
from training.behaviour import (
    ClassUsage,
    ExpertChoices,
    active_fractions,
    behaviour_columns,
    class_usage,
    decisions_of,
    expert_choices,
    own_decisions_of,
)

INTERPOLATION = {"family": "interpolation"}
CLASSSR = ClassSRConfig.model_validate(
    {"scale": 2, "patch_px": 8, "stride_px": 8, "classifier_channels": 1,
     "classifier_layers": 2, "branches": [INTERPOLATION, INTERPOLATION, INTERPOLATION]}
)  # fmt: skip
SEEMORE = SeemoReConfig(scale=2, channels=8, groups=2, recursion=1)
SMSR = SmsrConfig(scale=2, channels=16, modules=2, layers=3)
HYBRID = HybridConfig(scale=2, channels=16, groups=("split", "masked", "experts"), recursion=1)


def brightness_classifier() -> ClassSR:
    """A network that sends bright patches to its third branch and others to its first."""
    network = build_network(CLASSSR)
    assert isinstance(network, ClassSR)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        network.classifier.cells[0].weight.fill_(1 / 48)  # the mean of a cell
        network.classifier.features.weight[0] = 1
        network.classifier.output.weight[2, 0] = 1
        network.classifier.output.bias.copy_(torch.tensor([0.5, 0.0, 0.0]))
    return network


def test_classes_have_their_shares_and_the_errors_of_their_patches() -> None:
    # 2 x 3 patches of 16 x 16 pixels; two of them are bright, and noisy.
    pixels = np.full((32, 48, 3), 40, np.uint8)
    noise = np.random.default_rng(0).integers(190, 256, (32, 16, 3), dtype=np.uint8)
    pixels[:, 32:] = noise
    pairs = prepare_validation([Image("a.png", pixels, False)], 2)
    easy, unused, hard = class_usage(brightness_classifier(), pairs, device="cpu")
    assert (easy.share, unused.share, hard.share) == pytest.approx((4 / 6, 0, 2 / 6))
    squared = (upscale_bicubic(downscale(pixels, 2), 2).astype(float) - pixels) ** 2
    assert easy.bicubic_mse == pytest.approx(squared[:, :32].mean())
    assert hard.bicubic_mse == pytest.approx(squared[:, 32:].mean())
    assert unused.bicubic_mse is None
    assert unused.bicubic_psnr_db is None


def test_decibels_of_an_error() -> None:
    assert ClassUsage(1.0, 255**2 / 100).bicubic_psnr_db == pytest.approx(20)
    assert ClassUsage(1.0, 0.0).bicubic_psnr_db == float("inf")


def test_active_fractions_are_meaned_over_images_of_any_size() -> None:
    generator = np.random.default_rng(0)
    images = [
        Image(f"{width}.png", generator.integers(0, 256, (40, width, 3), np.uint8), False)
        for width in (40, 52)
    ]
    pairs = prepare_validation(images, 2)
    network = build_network(SMSR)
    each = [active_fractions(network, [pair], device="cpu") for pair in pairs]
    both = active_fractions(network, pairs, device="cpu")
    assert both.shape == (2, 3)
    np.testing.assert_allclose(both, (each[0] + each[1]) / 2, rtol=1e-6)
    assert ((both >= 0) & (both <= 1)).all()


def test_only_networks_that_decide_have_columns() -> None:
    shares = ("class_1_share", "class_2_share", "class_3_share")
    assert behaviour_columns(CLASSSR) == shares
    assert behaviour_columns(SMSR) == ("active_fraction",)
    assert behaviour_columns(SEEMORE) == ("expert_1_share", "expert_2_share", "expert_3_share")
    assert behaviour_columns(SEEMORE.replace(top_k=3)) == ()
    plain = SplitSRConfig(
        scale=2, channels=4, groups=1, blocks=1, active_channels=2, hybrid_index=1
    )
    assert behaviour_columns(plain) == ()
    shares = behaviour_columns(SEEMORE)
    assert behaviour_columns(HYBRID) == ("active_fraction", *shares)
    assert behaviour_columns(HYBRID.replace(groups=("split", "experts"))) == shares
    assert behaviour_columns(HYBRID.replace(groups=("split", "plain"))) == ()


def test_what_was_decided_is_logged_told_and_written() -> None:
    # Two of the six patches are bright, and bicubic restores the others exactly.
    pixels = np.full((32, 48, 3), 40, np.uint8)
    pixels[:, 32:] = np.random.default_rng(0).integers(190, 256, (32, 16, 3), dtype=np.uint8)
    pairs = prepare_validation([Image("a.png", pixels, False)], 2)
    decisions = decisions_of(brightness_classifier(), pairs, device="cpu")
    assert decisions.logged == pytest.approx((4 / 6, 0, 2 / 6))
    assert decisions.sentences[1] == "class 2: 0.0 % of the patches"
    assert decisions.sentences[0].startswith("class 1: 66.7 % of the patches, bicubic ")
    (section,) = decisions.sections
    assert section.rows[1] == ("2", "0.0 %", "no patch", "no patch")
    assert list(decisions.document) == [
        "active_fraction", "active_fraction_by_module", "classes", "experts",
    ]  # fmt: skip
    assert decisions.document["active_fraction"] is None


def test_where_nothing_is_decided_the_document_says_so() -> None:
    plain = build_network(FsrcnnConfig(scale=2, channels=4))
    decisions = decisions_of(plain, [], device="cpu")
    assert (decisions.logged, decisions.sentences, decisions.sections) == ((), (), ())
    assert decisions.document == {
        "active_fraction": None, "active_fraction_by_module": None, "classes": [], "experts": None,
    }  # fmt: skip


def test_the_active_fractions_are_told_by_module_and_layer() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    pairs = prepare_validation([Image("a.png", pixels, False)], 2)
    network = build_network(SMSR)
    fractions = active_fractions(network, pairs, device="cpu")
    decisions = decisions_of(network, pairs, device="cpu")
    assert decisions.logged == pytest.approx((fractions.mean(),))
    assert decisions.document["active_fraction_by_module"] == pytest.approx(fractions.mean(axis=1))
    (section,) = decisions.sections
    assert section.columns == ("module", "mean", "layer 1", "layer 2", "layer 3")
    assert section.rows[1][2:] == tuple(f"{fraction:.3f}" for fraction in fractions[1])


CHOICES = ExpertChoices(
    ranks=(2, 4, 8),
    images=("a.png", "b.png", "c.png", "d.png"),
    # Two layers: of the first each expert but one is chosen, of the second only one.
    chosen=np.eye(3, dtype=bool)[[[0, 2], [0, 2], [0, 2], [1, 2]]],
)


def test_shares_of_experts_by_hand() -> None:
    np.testing.assert_array_equal(CHOICES.share_by_layer, [[0.75, 0.25, 0], [0, 0, 1]])
    assert CHOICES.never_chosen == 3
    assert CHOICES.experts == ("expert 1 (rank 2)", "expert 2 (rank 4)", "expert 3 (rank 8)")
    assert [CHOICES.numbers(3, layer) for layer in (0, 1)] == [[2], [3]]


def test_the_experts_are_told_by_layer_and_image(monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = CHOICES.chosen.copy()
    chosen[0, 0] = [True, False, True]  # as of a network with top_k 2
    pixels = np.random.default_rng(0).integers(0, 256, (4, 32, 40, 3), dtype=np.uint8)
    images = [Image(f"{name}.png", one, False) for name, one in zip("abcd", pixels, strict=True)]
    network = build_network(SEEMORE)
    answers = iter(torch.from_numpy(chosen))
    monkeypatch.setattr(network, "chosen_experts", lambda images: next(answers)[None])
    decisions = own_decisions_of(network, prepare_validation(images, 2), device="cpu")
    # Of the 8 choices of 4 images in 2 layers.
    assert decisions.logged == (3 / 8, 1 / 8, 5 / 8)
    assert decisions.sentences == (
        "chosen over all layers and images: expert 1 (rank 2) 37.5 %, expert 2 (rank 4) 12.5 %, "
        "expert 3 (rank 8) 62.5 %",
    )
    by_layer, by_image = decisions.sections
    assert "2 of 6 experts are chosen for none" in by_layer.text
    assert by_layer.rows == (
        ("1", "75.0 %", "25.0 %", "25.0 %"),
        ("2", "0.0 %", "0.0 %", "100.0 %"),
    )
    assert by_image.columns == ("image", "layer 1", "layer 2")
    assert by_image.rows[0] == ("a.png", "1, 3", "3")
    assert by_image.rows[3] == ("d.png", "2", "3")
    assert decisions.document == {
        "experts": {
            "ranks": [2, 4, 8],
            "share_by_layer": [[0.75, 0.25, 0.25], [0, 0, 1]],
            "images": [
                {"name": "a.png", "chosen_by_layer": [[1, 3], [3]]},
                {"name": "b.png", "chosen_by_layer": [[1], [3]]},
                {"name": "c.png", "chosen_by_layer": [[1], [3]]},
                {"name": "d.png", "chosen_by_layer": [[2], [3]]},
            ],
        }
    }


def test_experts_are_chosen_for_each_image_whatever_its_size() -> None:
    generator = np.random.default_rng(0)
    images = [
        Image(f"{width}.png", generator.integers(0, 256, (40, width, 3), np.uint8), False)
        for width in (40, 52)
    ]
    pairs = prepare_validation(images, 2)
    network = build_network(SEEMORE)
    both = expert_choices(network, pairs, device="cpu")
    assert both.images == ("40.png", "52.png")
    assert both.chosen.shape == (2, 2, 3)
    for number, pair in enumerate(pairs):
        alone = expert_choices(network, [pair], device="cpu")
        np.testing.assert_array_equal(alone.chosen[0], both.chosen[number])


def test_a_network_that_uses_all_its_experts_decides_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    pairs = prepare_validation([Image("a.png", pixels, False)], 2)
    for config in (SEEMORE.replace(top_k=3), SEEMORE.replace(ranks=(4,))):
        decisions = decisions_of(build_network(config), pairs, device="cpu")
        assert (decisions.logged, decisions.sentences, decisions.drawn) == ((), (), None)
        assert decisions.document["experts"] is None


def test_a_hybrid_network_tells_of_its_masks_and_of_its_experts() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    pairs = prepare_validation([Image("a.png", pixels, False)], 2)
    decisions = decisions_of(build_network(HYBRID), pairs, device="cpu")
    fraction, *shares = decisions.logged
    assert 0 <= fraction <= 1 and sorted(shares) == [0, 0, 1]
    assert decisions.document["active_fraction"] == fraction
    assert decisions.document["experts"] is not None
    headings = [section.heading for section in decisions.sections]
    assert headings == [
        "Active fraction", "Experts chosen by each layer", "Experts chosen for each image",
    ]  # fmt: skip
    assert decisions.drawn[0].name == "a.png"  # the masks
    unmasked = build_network(HYBRID.replace(groups=("experts",)))
    assert isinstance(decisions_of(unmasked, pairs, device="cpu").drawn, ExpertChoices)
    plain = build_network(HYBRID.replace(groups=("split", "plain")))
    assert own_decisions_of(plain, pairs, device="cpu").sections == ()
