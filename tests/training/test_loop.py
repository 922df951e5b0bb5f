"""The training loop.

Covers training.state.
"""

import copy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from blocks import (
    NetworkConfig,
    SmsrConfig,
    SplitSRConfig,
    SuperResolutionNetwork,
    build_network,
    load_network,
)
from blocks.checkpoints import read_metadata
from imaging.images import Image
from training import PatchSampler, Recipe, TrainingDiverged, get_recipe, learning_rate_at, train
from training.state import planned_steps, unfinished_note

STEPS = 40
CONFIG = SplitSRConfig(
    scale=2, channels=4, groups=1, blocks=2, active_channels=2, hybrid_index=1,
    hybrid_scope="block", image_skip="bilinear",
)  # fmt: skip
RECIPE = Recipe.model_validate(
    {**get_recipe("quick").model_dump(), "batch_size": 2, "lr_patch_px": 8}
)


def make_patches(seed: int = 0, recipe: Recipe = RECIPE) -> PatchSampler:
    pixels = np.random.default_rng(3).integers(0, 256, (48, 56, 3), dtype=np.uint8)
    return PatchSampler([Image("noise.png", pixels, False)], scale=2, recipe=recipe, seed=seed)


def make_network(config: NetworkConfig = CONFIG) -> SuperResolutionNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return build_network(config)


def stop_at(step: int, error: BaseException) -> Callable[[int, float], None]:
    def on_step(steps_done: int, loss: float) -> None:
        if steps_done == step:
            raise error

    return on_step


def assert_same_weights(left: SuperResolutionNetwork, right: SuperResolutionNetwork) -> None:
    assert left.state_dict().keys() == right.state_dict().keys()
    for name, tensor in left.state_dict().items():
        assert torch.equal(tensor, right.state_dict()[name]), name


@pytest.fixture(scope="module")
def uninterrupted() -> SuperResolutionNetwork:
    network = make_network()
    train(network, make_patches(), RECIPE, steps=STEPS)
    return network


def test_a_training_does_what_a_plain_loop_does(uninterrupted: SuperResolutionNetwork) -> None:
    network, patches = make_network(), make_patches()
    torch.nn.init.zeros_(network.last_convolutions[0].weight)
    torch.nn.init.zeros_(network.last_convolutions[0].bias)
    average = copy.deepcopy(network)
    adam = torch.optim.Adam(network.parameters(), lr=0.0, betas=(0.9, 0.99), foreach=False)
    for step in range(STEPS):
        low, high = patches.batch(step)
        adam.zero_grad()
        functional.l1_loss(network(low), high).backward()
        adam.param_groups[0]["lr"] = learning_rate_at(RECIPE, step, STEPS)
        adam.step()
        decay = min(0.99, (1 + step) / (10 + step))
        with torch.no_grad():
            for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
                mean.copy_(decay * mean + (1 - decay) * weight)
    for trained, expected in zip(uninterrupted.parameters(), average.parameters(), strict=True):
        torch.testing.assert_close(trained, expected, rtol=1e-3, atol=1e-4)


def test_quick_starts_at_the_enlarged_input() -> None:
    patches = make_patches()
    low, high = patches.batch(0)
    enlarged = functional.interpolate(low, scale_factor=2, mode="bilinear")
    losses: list[float] = []
    train(make_network(), patches, RECIPE, steps=1, on_step=lambda _, loss: losses.append(loss))
    assert losses == [pytest.approx(functional.l1_loss(enlarged, high).item(), rel=1e-5)]


def test_every_step_is_reported_once_and_the_last_loss_returned() -> None:
    reports: list[tuple[int, float]] = []
    result = train(
        make_network(), make_patches(), RECIPE, steps=5, on_step=lambda *x: reports.append(x)
    )
    assert [step for step, _ in reports] == [1, 2, 3, 4, 5]
    assert (result.steps, result.loss, result.resumed_from_step) == (5, reports[-1][1], 0)
    assert result.seconds > 0


def test_a_training_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    train(make_network(), make_patches(), RECIPE, steps=2)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("stops", [[17], [1, 39], [STEPS]])
def test_an_interrupted_training_continues_to_the_last_bit(
    stops: list[int], tmp_path: Path, uninterrupted: SuperResolutionNetwork
) -> None:
    for stop in stops:
        with pytest.raises(KeyboardInterrupt):
            train(
                make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path,
                on_step=stop_at(stop, KeyboardInterrupt()),
            )  # fmt: skip
    network = make_network()
    result = train(network, make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path)
    assert result.resumed_from_step == stops[-1]
    assert_same_weights(network, uninterrupted)
    assert_same_weights(load_network(tmp_path / "model.safetensors"), uninterrupted)
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_a_training_continues_from_its_last_checkpoint_after_an_error(
    tmp_path: Path, uninterrupted: SuperResolutionNetwork
) -> None:
    with pytest.raises(MemoryError):
        train(
            make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path,
            checkpoint_every_seconds=0, on_step=stop_at(17, MemoryError()),
        )  # fmt: skip
    network = make_network()
    result = train(network, make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path)
    assert result.resumed_from_step == 16
    assert_same_weights(network, uninterrupted)


KILLED = """
from pathlib import Path
import sys
import torch
torch.set_num_threads({threads})
sys.path.insert(0, {tests!r})
from test_loop import RECIPE, STEPS, make_network, make_patches, train
train(make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=Path({folder!r}),
      checkpoint_every_seconds=0, on_step=lambda step, loss: print(step, flush=True))
"""


def test_a_killed_training_continues_to_the_last_bit(
    tmp_path: Path, uninterrupted: SuperResolutionNetwork
) -> None:
    script = KILLED.format(
        tests=str(Path(__file__).parent), folder=str(tmp_path), threads=torch.get_num_threads()
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as training:
        assert training.stdout is not None
        while training.stdout.readline() != b"13\n":
            assert training.poll() is None
        training.kill()
    network = make_network()
    result = train(network, make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path)
    assert 12 <= result.resumed_from_step < STEPS
    assert_same_weights(network, uninterrupted)


def test_an_ended_training_is_only_loaded(
    tmp_path: Path, uninterrupted: SuperResolutionNetwork
) -> None:
    first = train(make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path)
    network = make_network()
    again = train(
        network, make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path,
        on_step=stop_at(1, AssertionError("it trained")),
    )  # fmt: skip
    assert (again.seconds, again.loss) == (first.seconds, first.loss)
    assert again.resumed_from_step == STEPS
    assert_same_weights(network, uninterrupted)


@pytest.mark.parametrize("ended", [False, True])
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"steps": STEPS + 1}, "steps 40, not 41"),
        ({"patches": make_patches(seed=1)}, "seed 0, not 1"),
        ({"precision": "bfloat16"}, "precision float32, not bfloat16"),
        ({"recipe": RECIPE.replace(name="other")}, "recipe quick, not other"),
        (
            {"recipe": RECIPE.with_settings({"learning_rate": 1e-3, "sparsity.weight": 0.01})},
            "recipe quick with learning_rate 0.004, not 0.001; sparsity.weight 0.1, not 0.01",
        ),
        ({"network": make_network(CONFIG.replace(channels=5))}, "arch_id"),
    ],
)
def test_the_folder_of_another_training_is_refused(
    change: dict[str, object], named: str, ended: bool, tmp_path: Path
) -> None:
    arguments: dict[str, object] = {
        "network": make_network(),
        "patches": make_patches(),
        "recipe": RECIPE,
        "steps": STEPS,
        "checkpoint_folder": tmp_path,
    }
    if ended:
        train(**arguments)
    else:
        with pytest.raises(KeyboardInterrupt):
            train(**arguments, on_step=stop_at(3, KeyboardInterrupt()))
    with pytest.raises(ValueError, match=f"{named}.*delete {tmp_path}"):
        train(**(arguments | change))


@pytest.mark.parametrize("damage", [lambda data: data[:-100], lambda _: b"", lambda _: b"\x80\x04"])
@pytest.mark.parametrize("name", ["model.safetensors", "training-state.safetensors"])
def test_a_damaged_file_is_never_trained_over(
    name: str, damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(
            make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path,
            on_step=stop_at(3, KeyboardInterrupt()),
        )  # fmt: skip
    path = tmp_path / name
    path.write_bytes(damage(path.read_bytes()))
    if name == "model.safetensors":
        (tmp_path / "training-state.safetensors").unlink()
    with pytest.raises(ValueError, match=f"{name}.*delete {tmp_path}") as caught:
        train(make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path)
    assert "\n" not in str(caught.value)


def test_a_half_trained_model_without_its_state_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(
            make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path,
            on_step=stop_at(3, KeyboardInterrupt()),
        )  # fmt: skip
    (tmp_path / "training-state.safetensors").unlink()
    with pytest.raises(ValueError, match="half trained"):
        train(make_network(), make_patches(), RECIPE, steps=STEPS, checkpoint_folder=tmp_path)


STEADY = RECIPE.with_settings({"decay": "constant", "ema_decay": 0.999, "steps": 20})
COOLED = STEADY.with_settings({"cooldown_fraction": 0.25})
SPARSE = SmsrConfig(scale=2, channels=16, modules=1, layers=1)


@pytest.mark.parametrize("recipe", [STEADY, COOLED])
@pytest.mark.parametrize("config", [CONFIG, SPARSE])
@pytest.mark.parametrize("rungs", [[10, 30], [20, 21, 30]])
def test_a_training_continued_to_a_longer_one_is_the_longer_one_to_the_last_bit(
    rungs: list[int], config: NetworkConfig, recipe: Recipe, tmp_path: Path
) -> None:
    for steps in rungs:
        whole, rung = make_network(config), make_network(config)
        train(whole, make_patches(), recipe, steps=steps)
        train(rung, make_patches(), recipe, steps=steps, checkpoint_folder=tmp_path)
        assert_same_weights(rung, whole)
        assert_same_weights(load_network(tmp_path / "model.safetensors"), whole)


def test_a_cooldown_is_left_out_when_its_training_is_continued(tmp_path: Path) -> None:
    steps: list[int] = []
    for rung in (20, 40):
        result = train(
            make_network(), make_patches(), COOLED, steps=rung, checkpoint_folder=tmp_path,
            on_step=lambda step, _: steps.append(step),
        )  # fmt: skip
    assert steps == [*range(1, 21), *range(16, 41)]
    assert (result.steps, result.resumed_from_step) == (40, 15)


def test_a_training_that_goes_on_has_no_cooldown_to_leave_out(tmp_path: Path) -> None:
    steps: list[int] = []
    for rung in (20, 30, 40):
        goes_on, whole = make_network(), make_network()
        train(
            goes_on, make_patches(), COOLED, steps=rung, checkpoint_folder=tmp_path,
            goes_on=rung < 40, on_step=lambda step, _: steps.append(step),
        )  # fmt: skip
        recipe = COOLED if rung == 40 else STEADY
        train(whole, make_patches(), recipe, steps=rung)
        assert_same_weights(goes_on, whole)
    assert steps == [*range(1, 41)]


@pytest.mark.parametrize(("stop", "resumed_from"), [(12, 12), (15, 15), (16, 15), (20, 15)])
def test_a_cooldown_that_is_interrupted_begins_anew(
    stop: int, resumed_from: int, tmp_path: Path
) -> None:
    whole = make_network()
    train(whole, make_patches(), COOLED, steps=20)
    with pytest.raises(KeyboardInterrupt):
        train(
            make_network(), make_patches(), COOLED, steps=20, checkpoint_folder=tmp_path,
            checkpoint_every_seconds=0, on_step=stop_at(stop, KeyboardInterrupt()),
        )  # fmt: skip
    network = make_network()
    result = train(network, make_patches(), COOLED, steps=20, checkpoint_folder=tmp_path)
    assert result.resumed_from_step == resumed_from
    assert_same_weights(network, whole)


@pytest.mark.parametrize("recipe", [STEADY, COOLED])
def test_a_rung_that_was_reached_is_only_loaded(recipe: Recipe, tmp_path: Path) -> None:
    first, again = make_network(), make_network()
    train(first, make_patches(), recipe, steps=20, checkpoint_folder=tmp_path)
    train(
        again, make_patches(), recipe, steps=20, checkpoint_folder=tmp_path,
        on_step=stop_at(1, AssertionError("it trained")),
    )  # fmt: skip
    assert_same_weights(first, again)


def test_a_shorter_training_than_there_is_is_refused(tmp_path: Path) -> None:
    train(make_network(), make_patches(), STEADY, steps=20, checkpoint_folder=tmp_path)
    with pytest.raises(ValueError, match=rf"of step 20, .* or more, or delete {tmp_path}"):
        train(make_network(), make_patches(), STEADY, steps=19, checkpoint_folder=tmp_path)
    (tmp_path / "training-state.safetensors").unlink()
    for steps in (19, 21):
        with pytest.raises(ValueError, match=rf"of step 20, not {steps}, .* delete {tmp_path}"):
            train(make_network(), make_patches(), STEADY, steps=steps, checkpoint_folder=tmp_path)


def test_a_schedule_that_stretches_is_refused_another_length_with_the_reason(
    tmp_path: Path,
) -> None:
    train(make_network(), make_patches(), RECIPE, steps=20, checkpoint_folder=tmp_path)
    with pytest.raises(ValueError, match="steps 20, not 40, and by a recipe whose schedule has"):
        train(make_network(), make_patches(), RECIPE, steps=40, checkpoint_folder=tmp_path)


def test_a_loss_that_is_not_finite_ends_the_training() -> None:
    network = make_network()

    def poison(steps_done: int, loss: float) -> None:
        if steps_done == 3:
            torch.nn.init.constant_(network.last_convolutions[0].bias, float("nan"))

    with pytest.raises(TrainingDiverged, match="loss became nan at step 3"):
        train(network, make_patches(), RECIPE, steps=STEPS, on_step=poison)


def test_weights_that_diverge_in_the_last_step_are_noticed() -> None:
    recipe = RECIPE.model_copy(update={"learning_rate": 3e38})
    with pytest.raises(TrainingDiverged, match=r"weights of .* not finite after step 1"):
        train(make_network(), make_patches(recipe=recipe), recipe, steps=1)


def test_no_steps_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        train(make_network(), make_patches(), RECIPE, steps=0)


def test_bfloat16_trains_float32_weights() -> None:
    network = make_network()
    train(network, make_patches(), RECIPE, steps=3, precision="bfloat16")
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_training_continues_on_a_gpu(tmp_path: Path) -> None:
    patches = make_patches()
    with pytest.raises(KeyboardInterrupt):
        train(
            make_network(), patches, RECIPE, steps=STEPS, checkpoint_folder=tmp_path,
            device="cuda", on_step=stop_at(17, KeyboardInterrupt()),
        )  # fmt: skip
    network = make_network()
    result = train(network, patches, RECIPE, steps=STEPS, checkpoint_folder=tmp_path, device="cuda")
    assert result.resumed_from_step == 17
    assert next(network.parameters()).is_cuda


def test_a_checkpoint_says_that_its_training_has_not_ended(tmp_path: Path) -> None:
    steady = get_recipe("steady").replace(batch_size=2, lr_patch_px=8)
    for recipe in (RECIPE, steady):
        folder = tmp_path / recipe.name
        with pytest.raises(KeyboardInterrupt):
            train(
                make_network(), make_patches(recipe=recipe), recipe, steps=8,
                checkpoint_folder=folder, on_step=stop_at(5, KeyboardInterrupt()),
            )  # fmt: skip
        checkpoint = folder / "model.safetensors"
        told = unfinished_note(checkpoint)
        assert told == f"{checkpoint} is of step 5 of 8: its training has not ended"
        # The best on the way is of an unfinished training as well, as long as that is.
        best = folder / "best.safetensors"
        best.write_bytes(checkpoint.read_bytes())
        assert unfinished_note(best) is not None
        train(
            make_network(), make_patches(recipe=recipe), recipe, steps=8, checkpoint_folder=folder,
            notes={"minutes": "3"},
        )  # fmt: skip
        assert unfinished_note(checkpoint) is None and unfinished_note(best) is None
        metadata = read_metadata(checkpoint)
        assert planned_steps(metadata) == 8 and metadata["minutes"] == "3"
        assert "config" not in metadata
