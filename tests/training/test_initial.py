from pathlib import Path

import pytest
import torch

from blocks import (
    NetworkConfig,
    SmsrConfig,
    SplitSRConfig,
    build_network,
    catalogue_config,
    save_checkpoint,
)
from training.initial import INTERPOLATION, give_initial_weights

CONFIG = SmsrConfig(scale=2, channels=16, modules=1, layers=1)


def save(folder: Path, config: NetworkConfig) -> Path:
    path = folder / f"{config.arch_id}.safetensors"
    save_checkpoint(path, build_network(config).state_dict(), config, {})
    return path


def test_all_weights_of_the_same_network_are_taken(tmp_path: Path) -> None:
    trained, network = build_network(CONFIG), build_network(CONFIG)
    path = tmp_path / "trained.safetensors"
    save_checkpoint(path, trained.state_dict(), CONFIG, {})
    assert give_initial_weights(network, path, seed=0).fresh == ()
    for name, tensor in network.state_dict().items():
        assert torch.equal(tensor, trained.state_dict()[name]), name


def test_of_another_scale_only_the_last_convolution_stays_as_drawn(tmp_path: Path) -> None:
    network = build_network(CONFIG.replace(scale=3))
    drawn = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    initial = give_initial_weights(network, save(tmp_path, CONFIG), seed=0)
    assert initial.scale == 2
    assert initial.fresh == ("output_convolution.weight", "output_convolution.bias")
    for name, tensor in network.state_dict().items():
        # Biases that start at the same value in every network cannot tell.
        if tensor.unique().numel() > 1:
            assert torch.equal(tensor, drawn[name]) == (name in initial.fresh), name


def test_other_files_have_other_digests(tmp_path: Path) -> None:
    network = build_network(CONFIG)
    first = give_initial_weights(network, save(tmp_path, CONFIG), seed=0).digest
    assert give_initial_weights(network, save(tmp_path, CONFIG), seed=0).digest != first


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (CONFIG.replace(modules=2), "same configuration, or leave out --init"),
        (
            SplitSRConfig(
                scale=2, channels=4, groups=1, blocks=1, active_channels=2, hybrid_index=1
            ),
            "instead of smsr-x2-",
        ),
    ],
)
def test_weights_of_another_network_are_refused(
    other: NetworkConfig, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=message):
        give_initial_weights(build_network(CONFIG), save(tmp_path, other), seed=0)


def test_only_fsrcnn_starts_as_interpolation() -> None:
    network = build_network(catalogue_config("classsr-fsrcnn", 4))
    assert give_initial_weights(network, INTERPOLATION, seed=0).digest == "interpolation"
    with pytest.raises(ValueError, match="--init interpolation is for fsrcnn"):
        give_initial_weights(build_network(CONFIG), INTERPOLATION, seed=0)


def test_what_is_drawn_follows_the_seed() -> None:
    first, same, other = (
        build_network(catalogue_config("fsrcnn-rgb", 4)).requires_grad_(False) for _ in range(3)
    )
    for network, seed in ((first, 0), (same, 0), (other, 1)):
        give_initial_weights(network, INTERPOLATION, seed=seed)
    image = torch.rand(1, 3, 8, 8)
    weights = [network.state_dict()["extract.0.weight"] for network in (first, same, other)]
    assert torch.equal(first(image), same(image))
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
