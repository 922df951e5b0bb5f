"""What each family's networks minimise.

Covers training.objectives.objective, training.objectives.l1, training.objectives.smsr and
training.objectives.classsr.
"""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from blocks import (
    ClassSR,
    ClassSRConfig,
    Hybrid,
    HybridConfig,
    Smsr,
    SmsrConfig,
    SplitSRConfig,
    SuperResolutionNetwork,
    build_network,
)
from training.objectives.l1 import PixelObjective
from training.objectives.losses import average_loss, class_loss, fourier_l1
from training.objectives.objective import FamilyObjective, Loss, Objective
from training.objectives.registry import OBJECTIVES, objective_for
from training.recipes.registry import RECIPES, get_recipe, patch_classes
from training.step import seeded_noise

SPLITSR = SplitSRConfig(
    scale=2, channels=4, groups=1, blocks=1, active_channels=2, hybrid_index=1, hybrid_scope="block"
)
SMSR = SmsrConfig(scale=2, channels=16, modules=2, layers=2)
HYBRID = HybridConfig(scale=2, channels=16, groups=("split", "masked"), active_channels=4)
FSRCNN = {"family": "fsrcnn", "channels": 4, "mapping_channels": 2, "mapping_layers": 1}
CLASSSR = ClassSRConfig.model_validate(
    {
        "scale": 2,
        "patch_px": 8,
        "stride_px": 8,
        "classifier_channels": 4,
        "branches": [{"family": "interpolation"}, FSRCNN, {**FSRCNN, "channels": 6}],
    }
)


def seeded(config: SplitSRConfig | SmsrConfig | ClassSRConfig) -> SuperResolutionNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network(config)


def batch(patches: int = 6) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    low = torch.rand(patches, 3, 8, 8, generator=generator)
    return low, torch.rand(patches, 3, 16, 16, generator=generator)


def trained_names(objective: Objective) -> set[str]:
    """The first parts of the names of the parameters that get a gradient other than 0."""
    objective(*batch(), 0.5).total.backward()
    named = objective.network.named_parameters()
    return {
        name for name, weight in named if weight.grad is not None and weight.grad.abs().max() > 0
    }


def test_plain_networks_minimise_the_l1_distance() -> None:
    network = seeded(SPLITSR)
    low, high = batch()
    loss = objective_for(network, get_recipe("splitsr"))(low, high, 0.0)
    expected = (network(low) - high).abs().mean()
    torch.testing.assert_close(loss.total, expected)
    torch.testing.assert_close(loss.parts["l1"], expected.detach())


def test_seemores_recipe_adds_a_tenth_of_the_spectra() -> None:
    network = seeded(SPLITSR)
    low, high = batch()
    loss = objective_for(network, get_recipe("seemore"))(low, high, 0.0)
    restored = network(low)
    expected = functional.l1_loss(restored, high) + 0.1 * fourier_l1(restored, high)
    torch.testing.assert_close(loss.total, expected)


# Weight 0.1 after 5 % of the training; temperature 1 at its start and 0.4 after 30 %.
@pytest.mark.parametrize(
    ("progress", "weight", "temperature"),
    [(0, 0, 1), (0.025, 0.05, 0.95), (0.05, 0.1, 0.9), (0.3, 0.1, 0.4), (0.9, 0.1, 0.4)],
)
@pytest.mark.parametrize("recipe", ["smsr", "quick"])
def test_smsr_weighs_its_active_fraction(
    recipe: str, progress: float, weight: float, temperature: float
) -> None:
    network = seeded(SMSR)
    assert isinstance(network, Smsr)
    low, high = batch()
    with seeded_noise("cpu", 7):
        loss = objective_for(network, get_recipe(recipe))(low, high, progress)
    with seeded_noise("cpu", 7):
        soft = network.soft(low, temperature)
    expected = 255 * functional.l1_loss(soft.images, high) + weight * soft.active_fraction
    torch.testing.assert_close(loss.total, expected)
    torch.testing.assert_close(loss.parts["soft_active_fraction"], soft.active_fraction.detach())


def test_every_recipe_trains_the_masks_of_smsr() -> None:
    names = trained_names(objective_for(seeded(SMSR), get_recipe("long")))
    assert {"blocks.1.channel_logits", "blocks.1.predictor.0.weight"} <= names


def test_a_hybrid_network_weighs_its_active_fraction_only_if_it_has_masks() -> None:
    low, high = batch()
    masked = build_network(HYBRID)
    assert isinstance(masked, Hybrid)
    with seeded_noise("cpu", 7):
        loss = objective_for(masked, get_recipe("quick"))(low, high, 0.3)
    with seeded_noise("cpu", 7):
        soft = masked.soft(low, 0.4)
    expected = 255 * functional.l1_loss(soft.images, high) + 0.1 * soft.active_fraction
    torch.testing.assert_close(loss.total, expected)
    plain = build_network(HYBRID.replace(groups=("plain", "split")))
    loss = objective_for(plain, get_recipe("quick"))(low, high, 0.3)
    torch.testing.assert_close(loss.total, functional.l1_loss(plain(low), high))
    assert set(loss.parts) == {"l1"}


def test_every_recipe_trains_the_masks_of_a_hybrid_network() -> None:
    names = trained_names(objective_for(build_network(HYBRID), get_recipe("long")))
    assert {"groups.1.channel_logits", "groups.1.predictor.0.weight"} <= names


def test_each_branch_minimises_the_distance_on_its_own_class() -> None:
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    low, high = batch(6)
    loss = objective_for(network, get_recipe("classsr-branch"))(low, high, 0.0)
    each = [
        functional.l1_loss(branch(low[2 * number : 2 * number + 2]), high[2 * number :][:2])
        for number, branch in enumerate(network.branches)
    ]
    torch.testing.assert_close(loss.total, each[0] + each[1] + each[2])
    torch.testing.assert_close(loss.parts["class_3_loss"], each[2].detach())


@pytest.mark.parametrize("recipe", ["classsr-classifier", "classsr-joint", "long"])
def test_the_classifier_is_weighed_as_published(recipe: str) -> None:
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    low, high = batch()
    loss = objective_for(network, get_recipe(recipe))(low, high, 0.0)
    probabilities = network.probabilities(low)
    mixed = sum(
        probabilities[:, number, None, None, None] * branch(low)
        for number, branch in enumerate(network.branches)
    )
    expected = (
        1000 * functional.l1_loss(torch.as_tensor(mixed), high)
        + 0.5 * class_loss(probabilities)
        + 3 * average_loss(probabilities)
    )
    torch.testing.assert_close(loss.total, expected)


def test_the_classifier_learns_its_labels_beside_the_branches_if_asked() -> None:
    recipe = get_recipe("classsr-branch")
    labelled = recipe.replace(routing={**recipe.routing.model_dump(), "label_weight": 2})
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    low, high = batch(6)
    plain = objective_for(network, recipe)(low, high, 0.0).total
    objective = objective_for(network, labelled)
    right = network.probabilities(low)[range(6), [0, 0, 1, 1, 2, 2]]
    torch.testing.assert_close(
        objective(low, high, 0.0).total - plain, -2 * right.log().mean(), atol=1e-5, rtol=1e-5
    )
    assert any(name.startswith("classifier") for name in trained_names(objective))


def test_labels_are_the_order_of_the_batch_and_weighed_as_asked() -> None:
    recipe = get_recipe("classsr-classifier")
    labelled = recipe.replace(routing={**recipe.routing.model_dump(), "label_weight": 10})
    assert (patch_classes(recipe, CLASSSR), patch_classes(labelled, CLASSSR)) == (1, 3)
    assert patch_classes(labelled, SMSR) == 1
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    low, high = batch(6)
    plain, with_labels = (
        objective_for(network, chosen)(low, high, 0.0) for chosen in (recipe, labelled)
    )
    right = network.probabilities(low)[range(6), [0, 0, 1, 1, 2, 2]]
    torch.testing.assert_close(with_labels.total - plain.total, -10 * right.log().mean())


@pytest.mark.parametrize(
    ("recipe", "trained"),
    [
        ("classsr-branch", {"branches.1", "branches.2"}),
        ("classsr-classifier", {"classifier"}),
        ("classsr-joint", {"branches.1", "branches.2", "classifier"}),
        ("quick", {"branches.1", "branches.2", "classifier"}),
    ],
)
def test_a_stage_trains_what_it_is_for(recipe: str, trained: set[str]) -> None:
    network = seeded(CLASSSR)
    names = trained_names(objective_for(network, get_recipe(recipe)))
    expected = {
        name for name, _ in network.named_parameters() if any(map(name.startswith, trained))
    }
    assert names == expected


def gradients(network: nn.Module, loss: Tensor) -> dict[str, Tensor]:
    network.zero_grad()
    loss.backward()
    named = network.named_parameters()
    return {name: weight.grad.clone() for name, weight in named if weight.grad is not None}


def test_apart_a_branch_learns_as_if_alone_and_the_classifier_as_between_frozen_ones() -> None:
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    low, high = batch()
    apart = gradients(network, objective_for(network, get_recipe("quick"))(low, high, 0.0).total)
    alone: dict[str, Tensor] = {}
    for branch in list(network.branches)[1:]:
        alone |= gradients(network, 1000 * functional.l1_loss(branch(low), high))
    assert alone
    frozen = objective_for(network, get_recipe("classsr-classifier"))
    alone |= gradients(network, frozen(low, high, 0.0).total)
    torch.testing.assert_close(apart, alone)


def taught_images() -> Tensor:
    return torch.rand(6, 3, 16, 16, generator=torch.Generator().manual_seed(2))


TEACHING = {"teacher": "teacher.safetensors", "teacher_weight": 0.25}


def both(images: Tensor, high: Tensor, taught: Tensor) -> Tensor:
    return 0.75 * functional.l1_loss(images, high) + 0.25 * functional.l1_loss(images, taught)


def test_smsrs_images_are_taught_beside_its_sparsity() -> None:
    network = seeded(SMSR)
    assert isinstance(network, Smsr)
    (low, high), taught = batch(), taught_images()
    recipe = get_recipe("smsr").with_settings(TEACHING)
    with seeded_noise("cpu", 7):
        loss = objective_for(network, recipe)(low, high, 0.9, taught)
    with seeded_noise("cpu", 7):
        soft = network.soft(low, 0.4)
    expected = 255 * both(soft.images, high, taught) + 0.1 * soft.active_fraction
    torch.testing.assert_close(loss.total, expected)
    torch.testing.assert_close(
        loss.parts["teacher_l1"], functional.l1_loss(soft.images, taught).detach()
    )


def test_each_branch_is_taught_on_its_own_class() -> None:
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    (low, high), taught = batch(6), taught_images()
    recipe = get_recipe("classsr-branch").with_settings(TEACHING)
    loss = objective_for(network, recipe)(low, high, 0.0, taught)
    each = [
        both(branch(low[first:][:2]), high[first:][:2], taught[first:][:2])
        for first, branch in zip((0, 2, 4), network.branches, strict=True)
    ]
    torch.testing.assert_close(loss.total, torch.stack(each).sum())


def test_mixed_images_are_taught_where_all_is_trained_jointly() -> None:
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    (low, high), taught = batch(), taught_images()
    recipe = get_recipe("classsr-joint").with_settings(TEACHING)
    plain = objective_for(network, get_recipe("classsr-joint"))(low, high, 0.0)
    loss = objective_for(network, recipe)(low, high, 0.0, taught)
    mixed = network.soft(low).images
    more = 1000 * (both(mixed, high, taught) - functional.l1_loss(mixed, high))
    torch.testing.assert_close(loss.total - plain.total, more)


def test_apart_a_teacher_teaches_branches_and_not_the_classifier() -> None:
    network = seeded(CLASSSR)
    assert isinstance(network, ClassSR)
    (low, high), taught = batch(), taught_images()
    quick = get_recipe("quick")
    plain = gradients(network, objective_for(network, quick)(low, high, 0.0).total)
    objective = objective_for(network, quick.with_settings(TEACHING))
    guided = gradients(network, objective(low, high, 0.0, taught).total)
    branch = list(network.branches)[1]
    own = gradients(branch, 1000 * both(branch(low), high, taught))
    for name, gradient in guided.items():
        expected = own.get(name.removeprefix("branches.1."), gradient)
        if name.startswith("classifier."):
            expected = plain[name]
        torch.testing.assert_close(gradient, expected)


@pytest.mark.parametrize("recipe", ["smsr", "classsr-branch", "classsr-joint"])
def test_a_recipe_of_another_family_is_refused(recipe: str) -> None:
    family = RECIPES[recipe].family
    with pytest.raises(ValueError, match=f"recipe {recipe} trains .* {family}, got splitsr"):
        objective_for(seeded(SPLITSR), get_recipe(recipe))


def test_an_objective_adds_no_weights_to_the_network() -> None:
    network: nn.Module = seeded(SMSR)
    objective = objective_for(seeded(SMSR), get_recipe("smsr"))
    assert objective.network.state_dict().keys() == network.state_dict().keys()


def test_an_added_objective_is_what_its_family_minimises(monkeypatch: pytest.MonkeyPatch) -> None:
    class Twice(PixelObjective):
        def forward(self, low: Tensor, high: Tensor, progress: float) -> Loss:
            loss = super().forward(low, high, progress)
            return Loss(2 * loss.total, loss.parts)

    monkeypatch.setattr(OBJECTIVES, "_entries", dict(OBJECTIVES))
    network, (low, high) = seeded(SPLITSR), batch()
    plain = objective_for(network, get_recipe("quick"))(low, high, 0.0)
    OBJECTIVES.add(FamilyObjective("splitsr", Twice))
    torch.testing.assert_close(
        objective_for(network, get_recipe("quick"))(low, high, 0.0).total, 2 * plain.total
    )
    with pytest.raises(ValueError, match=r"forward has no parameter `taught`, got .*teacher\.safe"):
        objective_for(network, get_recipe("quick").with_settings(TEACHING))
