"""A trained network teaches another one beside the originals.

Covers training.taught_images.
"""

import copy
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from blocks import (
    ClassSRConfig,
    SplitSRConfig,
    SuperResolutionNetwork,
    parse_network_config,
    save_checkpoint,
)
from blocks.checkpoints import weights_digest
from blocks.random_weights import seeded_network
from imaging.images import Image
from training import PatchSampler, Recipe, get_recipe, learning_rate_at, train
from training.recipes.choice import RecipeChoice
from training.taught_images import TaughtImages
from training.teacher import Teacher, teacher_of

STEPS = 20
CONFIG = SplitSRConfig(
    scale=2, channels=4, groups=1, blocks=2, active_channels=2, hybrid_index=1,
    hybrid_scope="block", image_skip="bilinear",
)  # fmt: skip
RECIPE = get_recipe("quick").replace(batch_size=2, lr_patch_px=8)
TEACHER_CONFIG = CONFIG.replace(channels=6, active_channels=3)


def make_patches() -> PatchSampler:
    pixels = np.random.default_rng(3).integers(0, 256, (48, 56, 3), dtype=np.uint8)
    return PatchSampler([Image("noise.png", pixels, False)], scale=2, recipe=RECIPE, seed=0)


def make_network() -> SuperResolutionNetwork:
    return seeded_network(CONFIG, 0)


def stored(path: Path, network: SuperResolutionNetwork) -> Path:
    save_checkpoint(path, network.state_dict(), network.config, {})
    return path


@pytest.fixture
def teacher(tmp_path: Path) -> SuperResolutionNetwork:
    network = seeded_network(TEACHER_CONFIG, 5)
    stored(tmp_path / "teacher.safetensors", network)
    return network


@pytest.fixture
def recipe(teacher: SuperResolutionNetwork, tmp_path: Path) -> Recipe:
    settings = {"teacher": str(tmp_path / "teacher.safetensors"), "teacher_weight": 0.25}
    return RECIPE.with_settings(settings)


def test_a_taught_training_does_what_a_plain_loop_does(
    teacher: SuperResolutionNetwork, recipe: Recipe
) -> None:
    network, plain, patches = make_network(), make_network(), make_patches()
    train(network, patches, recipe.replace(ema_decay=0.0), steps=10)
    torch.nn.init.zeros_(plain.last_convolutions[0].weight)
    torch.nn.init.zeros_(plain.last_convolutions[0].bias)
    adam = torch.optim.Adam(plain.parameters(), lr=0.0, betas=(0.9, 0.99), foreach=False)
    for step in range(10):
        low, high = patches.batch(step)
        with torch.no_grad():
            taught = teacher(low)
        images = plain(low)
        adam.zero_grad()
        distances = [functional.l1_loss(images, wanted) for wanted in (high, taught)]
        (0.75 * distances[0] + 0.25 * distances[1]).backward()
        adam.param_groups[0]["lr"] = learning_rate_at(recipe, step, 10)
        adam.step()
    for trained, expected in zip(network.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(trained, expected, rtol=1e-3, atol=1e-4)


def test_a_network_that_is_its_own_teacher_has_nothing_to_learn_from_it(tmp_path: Path) -> None:
    network = make_network()
    path = stored(tmp_path / "self.safetensors", network)
    losses: list[float] = []
    own = RECIPE.replace(teacher=str(path), teacher_weight=1.0, zero_last_convolution=False)
    train(network, make_patches(), own, steps=1, on_step=lambda _, loss: losses.append(loss))
    assert losses == [pytest.approx(0, abs=1e-6)]


@pytest.mark.parametrize(
    "design",
    [
        {"family": "seemore", "channels": 8, "groups": 1},
        {"family": "smsr", "channels": 16, "modules": 2, "layers": 2},
        {"family": "fsrcnn", "channels": 4, "mapping_channels": 2, "mapping_layers": 1},
        {"family": "rlfn", "channels": 8, "blocks": 1},
    ],
)
def test_a_teacher_gives_its_own_images_and_learns_nothing(
    design: dict[str, object], tmp_path: Path
) -> None:
    network = seeded_network(parse_network_config({"scale": 2, **design}, "test"), 0)
    taught_by = RECIPE.replace(teacher=str(stored(tmp_path / "net.safetensors", network)))
    found = teacher_of(taught_by.replace(lr_patch_px=16), network.config, device="cpu")
    assert found is not None
    low = torch.rand(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    images = found.images(low)
    assert not images.requires_grad
    torch.testing.assert_close(images, network.eval()(low).detach(), rtol=0, atol=1e-4)


@pytest.mark.parametrize("stop", [1, 17])
def test_an_interrupted_taught_training_continues_to_the_last_bit(
    stop: int, recipe: Recipe, tmp_path: Path
) -> None:
    def press_ctrl_c(step: int, loss: float) -> None:
        if step == stop:
            raise KeyboardInterrupt

    straight, continued = make_network(), make_network()
    train(straight, make_patches(), recipe, steps=STEPS)
    folder = tmp_path / "training"
    with pytest.raises(KeyboardInterrupt):
        train(
            make_network(), make_patches(), recipe, steps=STEPS, checkpoint_folder=folder,
            on_step=press_ctrl_c,
        )  # fmt: skip
    moved = tmp_path / "elsewhere.safetensors"
    (tmp_path / "teacher.safetensors").rename(moved)
    recipe = recipe.replace(teacher=str(moved))
    result = train(continued, make_patches(), recipe, steps=STEPS, checkpoint_folder=folder)
    assert result.resumed_from_step == stop
    for name, tensor in straight.state_dict().items():
        assert torch.equal(tensor, continued.state_dict()[name]), name


def taught(recipe: Recipe, folder: Path, *, seed: int = 0) -> dict[str, torch.Tensor]:
    """The weights after a training that keeps its teacher's images in a folder."""
    network, patches = make_network(), make_patches().with_seed(seed)
    train(network, patches, recipe, steps=STEPS, taught_images_folder=folder)
    return network.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, other[name]) for name, tensor in one.items())


@pytest.fixture
def lessons(monkeypatch: pytest.MonkeyPatch) -> list[torch.Tensor]:
    """The batches that a teacher was asked about."""
    asked: list[torch.Tensor] = []
    images = Teacher.images

    def counted(self: Teacher, low: torch.Tensor) -> torch.Tensor:
        asked.append(low)
        return images(self, low)

    monkeypatch.setattr(Teacher, "images", counted)
    return asked


def test_a_teacher_is_asked_once_about_each_batch(
    recipe: Recipe, tmp_path: Path, lessons: list[torch.Tensor]
) -> None:
    first = taught(recipe, tmp_path / "kept")
    assert len(lessons) == STEPS
    assert same(taught(recipe, tmp_path / "kept"), first)
    assert len(lessons) == STEPS
    assert not same(taught(recipe, tmp_path / "kept", seed=1), first)  # other batches
    assert len(lessons) == 2 * STEPS


def test_kept_images_are_those_of_the_teacher_rounded_to_float16(
    teacher: SuperResolutionNetwork, recipe: Recipe, tmp_path: Path
) -> None:
    found = teacher_of(recipe, CONFIG, device="cpu")
    assert found is not None
    patches = make_patches()
    kept = TaughtImages(found, patches, tmp_path / "kept")
    for step in (3, 0, 3):
        low, _ = patches.batch(step)
        with torch.no_grad():
            expected = teacher.eval()(low)
        assert expected.abs().max() < 2  # where float16 is exact to 1/2048
        torch.testing.assert_close(kept.images(low, step), expected, rtol=0, atol=1 / 2048)


def torn(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 7)


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 0x40
    path.write_bytes(content)


@pytest.mark.parametrize("spoil", [torn, flipped])
def test_damaged_images_of_a_teacher_are_made_again(
    spoil: Callable[[Path], None], recipe: Recipe, tmp_path: Path, lessons: list[torch.Tensor]
) -> None:
    first = taught(recipe, tmp_path / "kept")
    (path,) = (tmp_path / "kept").iterdir()
    whole = path.read_bytes()
    spoil(path)
    assert same(taught(recipe, tmp_path / "kept"), first)
    assert STEPS < len(lessons) < 2 * STEPS
    assert path.read_bytes() == whole


def with_other_weights(recipe: Recipe) -> Recipe:
    assert recipe.teacher is not None
    stored(Path(recipe.teacher), seeded_network(TEACHER_CONFIG, 6))
    return recipe


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (with_other_weights, "teacher {identity}, not {arch_id}, weights (?!{digest})"),
        (lambda recipe: recipe.replace(teacher=None), "with teacher {identity}, not none"),
        (lambda recipe: recipe.replace(teacher_weight=0.3), "teacher_weight 0.25, not 0.3"),
    ],
)
def test_a_training_goes_on_with_its_own_teacher_only(
    change: Callable[[Recipe], Recipe],
    named: str,
    teacher: SuperResolutionNetwork,
    recipe: Recipe,
    tmp_path: Path,
) -> None:
    folder = tmp_path / "training"
    train(make_network(), make_patches(), recipe, steps=2, checkpoint_folder=folder)
    digest, arch_id = weights_digest(teacher.state_dict()), TEACHER_CONFIG.arch_id
    identity = f"{arch_id}, weights {digest}"
    message = named.format(identity=identity, arch_id=arch_id, digest=digest)
    with pytest.raises(ValueError, match=message):
        train(make_network(), make_patches(), change(recipe), steps=2, checkpoint_folder=folder)


def test_a_training_without_a_teacher_does_not_go_on_with_one(
    recipe: Recipe, tmp_path: Path
) -> None:
    folder = tmp_path / "training"
    train(make_network(), make_patches(), RECIPE, steps=2, checkpoint_folder=folder)
    with pytest.raises(ValueError, match="with teacher none, not splitsr-x2-"):
        train(
            make_network(),
            make_patches(),
            recipe.replace(teacher_weight=0.5),
            steps=2,
            checkpoint_folder=folder,
        )


def damaged(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-50])


def of_scale_3(path: Path) -> None:
    stored(path, seeded_network(TEACHER_CONFIG.replace(scale=3), 0))


def of_large_patches(path: Path) -> None:
    branches: list[object] = [{"family": "interpolation"}] * 2
    sizes = {"scale": 2, "patch_px": 16, "stride_px": 16, "classifier_channels": 4}
    config = ClassSRConfig.model_validate({**sizes, "branches": branches})
    stored(path, seeded_network(config, 0))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (Path.unlink, "no such file: .*teacher.safetensors"),
        (damaged, "teacher.safetensors must be a whole safetensors file"),
        (of_scale_3, "the teacher must enlarge by 2 as the network that it teaches, got x3 in"),
        (of_large_patches, r"at least the \d+ px that the teacher in .* needs, got 8"),
    ],
)
def test_a_teacher_that_cannot_teach_is_refused(
    spoil: Callable[[Path], object], message: str, recipe: Recipe, tmp_path: Path
) -> None:
    spoil(tmp_path / "teacher.safetensors")
    with pytest.raises(ValueError, match=message) as caught:
        train(make_network(), make_patches(), recipe, steps=1)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"teacher": "net.safetensors", "teacher_weight": 0}, "teacher_weight .*greater than 0"),
        ({"teacher": "net.safetensors", "teacher_weight": 1.5}, "teacher_weight .*1.5"),
        ({"teacher_weight": 0.3}, "only with a teacher, got 0.3 without one"),
        ({"teacher": "net.safetensors", "routing.stage": "classifier"}, "the stage classifier"),
    ],
)
def test_impossible_settings_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RECIPE.with_settings(settings)


def test_a_config_file_names_a_teacher_beside_the_recipe() -> None:
    choice = RecipeChoice.parse({"name": "quick", "teacher": "a.safetensors"})
    path = str(Path("a.safetensors").absolute())
    assert (choice.recipe.teacher, choice.recipe.teacher_weight) == (path, 0.5)
    assert choice.written() == {"name": "quick", "teacher": path}


def test_weights_have_the_same_digest_wherever_they_are_stored() -> None:
    tensors = make_network().state_dict()
    turned = {
        name: copy.deepcopy(tensor).contiguous(memory_format=torch.channels_last)
        if tensor.ndim == 4
        else tensor
        for name, tensor in reversed(tensors.items())
    }
    assert weights_digest(tensors) == weights_digest(turned)
    name = next(iter(tensors))
    assert weights_digest({**tensors, name: tensors[name] + 1e-6}) != weights_digest(tensors)
