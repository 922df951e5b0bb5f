"""Training networks rung by rung, for the benchmarks of searches and schedules."""

import time
from dataclasses import dataclass
from pathlib import Path

from blocks import NetworkConfig, SuperResolutionNetwork
from blocks.pixels import network_upscaler
from blocks.random_weights import seeded_network
from imaging.evaluation import Quality, ValidationPair, evaluate_quality, prepare_validation
from imaging.images import load_images
from search.candidates.patches import CandidatePatches
from training import train
from training.recipes.choice import RecipeChoice


@dataclass(frozen=True)
class Reached:
    """A network that has been trained to a rung."""

    network: SuperResolutionNetwork
    steps: int
    steps_made: int
    """Since the rung before."""
    seconds: float
    """Since the rung before, with what starting takes."""


class Training:
    """What trains every network alike: images, a recipe, and one number format."""

    def __init__(
        self,
        images: str,
        scale: int,
        choice: RecipeChoice,
        taught_images_folder: Path | None = None,
    ) -> None:
        training = load_images(images, split="training").images
        self._taught_images_folder = taught_images_folder
        self._patches = CandidatePatches(training, scale, choice)

    def reach(self, config: NetworkConfig, seed: int, steps: int, folder: Path) -> Reached:
        """The network after so many steps, continued from what `folder` holds of it."""
        network = seeded_network(config, seed)
        patches = self._patches.sampler(config, seed)
        started = time.perf_counter()
        result = train(
            network,
            patches,
            patches.recipe,
            steps=steps,
            checkpoint_folder=folder,
            taught_images_folder=self._taught_images_folder,
        )
        seconds = time.perf_counter() - started
        return Reached(network, steps, steps - result.resumed_from_step, seconds)


def judging_pairs(images: str, scale: int) -> tuple[ValidationPair, ...]:
    return tuple(prepare_validation(load_images(images, split="validation").images, scale))


def judged(network: SuperResolutionNetwork, pairs: tuple[ValidationPair, ...]) -> Quality:
    return evaluate_quality(network_upscaler(network, device="cpu"), pairs)
