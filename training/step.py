"""One network in training: its weights, Adam's moments and the moving average of the weights."""

import math
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from blocks.networks.registry import SuperResolutionNetwork
from training.distributed import ALONE, Processes, shared_by_processes
from training.objectives.registry import objective_for
from training.recipes.recipe import Recipe
from training.taught_images import TaughtImages
from training.teacher import teacher_of

Precision = Literal["float32", "bfloat16"]
"""The number format of the activations; weights and updates are float32 in both."""

WEIGHTS, AVERAGE, MOMENTS = "weights/", "average/", "adam/"


class TrainingDiverged(RuntimeError):  # noqa: N818
    """The loss or the weights of a training are no longer finite numbers."""


@dataclass(frozen=True)
class StepLoss:
    """The loss on one batch before the weights changed, and its parts, which stay on the device."""

    value: float
    parts: Mapping[str, Tensor]


class TrainingStep:
    """A network and what changes with it from step to step; `take` makes one step.

    The network moves to `device`, in channels_last, and into training mode. With several
    processes each has its own part of the batch, and all make the same step.

    Raises:
        ValueError: the recipe is for another family of networks, or its teacher cannot teach this
            one.
    """

    def __init__(
        self,
        network: SuperResolutionNetwork,
        recipe: Recipe,
        *,
        device: str,
        precision: Precision,
        seed: int = 0,
        processes: Processes = ALONE,
    ) -> None:
        self.network = network
        self.teacher = teacher_of(recipe, network.config, device=device)
        self.taught_images: TaughtImages | None = None
        """Where what the teacher makes of every batch is kept, if anywhere."""
        objective = objective_for(network, recipe, processes)
        if recipe.zero_last_convolution:
            for convolution in network.last_convolutions:
                _zero(convolution)
        network.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        network.train()
        self.recipe = recipe
        self._device = device
        self._draws_noise = objective.draws_noise
        self._noise_key = (seed, processes.rank)
        self._objective: nn.Module = objective
        if processes.count > 1:
            self._objective = shared_by_processes(objective)
        self._autocast = torch.autocast(
            torch.device(device).type, torch.bfloat16, enabled=precision == "bfloat16"
        )
        self._parameters = dict(network.named_parameters())
        self._weights: list[torch.Tensor] = list(self._parameters.values())
        self._average = AveragedModel(network)
        # Else the average would start at the weights after the first step.
        self._average.update_parameters(network)
        self._adam = torch.optim.Adam(
            self._weights,
            lr=recipe.learning_rate,
            betas=recipe.betas,
            eps=recipe.epsilon,
            fused=True,
        )
        self.steps_done: int | None = 0
        """None while a step changes the tensors: what they hold then must not be saved."""

    def take(self, low: Tensor, high: Tensor, *, learning_rate: float, progress: float) -> StepLoss:
        """Train on one batch, when `progress` of the training, in [0, 1), is done.

        `low` is (N, 3, p, p) and `high` (N, 3, sp, sp), both float32 in [0, 1].

        Raises:
            TrainingDiverged: the loss is not finite; the weights stay as they were.
        """
        low, high = low.to(self._device), high.to(self._device)
        step = self.steps_done or 0
        with self._autocast, self._noise(step):
            loss = self._objective(low, high, progress, *self._taught(low, step))
        value = loss.total.item()
        if not math.isfinite(value):
            raise TrainingDiverged(f"the loss became {value} at step {step}")
        self._adam.zero_grad()
        loss.total.backward()
        if self.recipe.clip_norm is not None:
            nn.utils.clip_grad_norm_(self._weights, self.recipe.clip_norm)
        for group in self._adam.param_groups:
            group["lr"] = learning_rate
        self.steps_done = None
        self._adam.step()
        # The average forgets the random first weights faster than ema_decay alone would.
        decay = min(self.recipe.ema_decay, (1 + step) / (10 + step))
        self._average.multi_avg_fn = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        self._average.update_parameters(self.network)
        self.steps_done = step + 1
        return StepLoss(value, loss.parts)

    def _taught(self, low: Tensor, step: int) -> tuple[Tensor, ...]:
        """What the teacher makes of a batch, if there is a teacher."""
        if self.teacher is None:
            return ()
        if self.taught_images is None:
            return (self.teacher.images(low),)
        return (self.taught_images.images(low, step),)

    def tensors(self) -> dict[str, Tensor]:
        """Return everything that `restore` needs to continue from here."""
        saved = {WEIGHTS + name: value for name, value in self.network.state_dict().items()}
        saved |= {AVERAGE + name: value for name, value in self.averaged_weights().items()}
        for name, weight in self._parameters.items():
            for key, value in self._adam.state[weight].items():
                saved[f"{MOMENTS}{key}/{name}"] = value
        return saved

    def restore(self, tensors: Mapping[str, Tensor], steps_done: int) -> None:
        """Continue from what `tensors` returned after `steps_done` steps.

        Raises:
            ValueError: a tensor is missing.
        """
        names = self.network.state_dict().keys()
        if missing := {prefix + n for prefix in (WEIGHTS, AVERAGE) for n in names} - tensors.keys():
            raise ValueError(f"the training state lacks {min(missing)}")
        for prefix, network in ((WEIGHTS, self.network), (AVERAGE, self.averaged_network)):
            network.load_state_dict({name: tensors[prefix + name] for name in names})
        for name, weight in self._parameters.items():
            # A weight that no batch has reached yet has no moments.
            if f"{MOMENTS}step/{name}" in tensors:
                self._adam.state[weight] = {
                    "step": tensors[f"{MOMENTS}step/{name}"].to(weight.device, copy=True),
                    "exp_avg": _like(weight, tensors[f"{MOMENTS}exp_avg/{name}"]),
                    "exp_avg_sq": _like(weight, tensors[f"{MOMENTS}exp_avg_sq/{name}"]),
                }
        self.steps_done = steps_done

    @property
    def averaged_network(self) -> SuperResolutionNetwork:
        """A copy of the network that has the averaged weights."""
        network = self._average.module
        assert isinstance(network, SuperResolutionNetwork)  # a copy of one
        return network

    def averaged_weights(self) -> dict[str, Tensor]:
        """Return the network's state with the averaged weights in place of the last ones."""
        return self.averaged_network.state_dict()

    def finish(self) -> None:
        """Put the averaged weights into the network and set it to evaluation mode.

        Raises:
            TrainingDiverged: some of them are not finite.
        """
        for name, average in self.averaged_network.named_parameters():
            if not torch.isfinite(average).all():
                raise TrainingDiverged(
                    f"weights of {name} were not finite after step {self.steps_done}"
                )
        self.network.load_state_dict(self.averaged_weights())
        self.network.requires_grad_(True).eval()

    def _noise(self, step: int) -> AbstractContextManager[None]:
        """What makes a random step the same after every interruption."""
        if not self._draws_noise:
            return nullcontext()
        return seeded_noise(self._device, step, *self._noise_key)


def _like(weight: Tensor, saved: Tensor) -> Tensor:
    """Return `saved` on the device and in the memory format of `weight`.

    The fused kernel needs the moments in the weight's format, which files do not keep.
    """
    return torch.empty_like(weight, requires_grad=False).copy_(saved)


@torch.no_grad()
def _zero(convolution: nn.Conv2d | nn.ConvTranspose2d) -> None:
    convolution.weight.zero_()
    if convolution.bias is not None:
        convolution.bias.zero_()


@contextmanager
def seeded_noise(device: str, *numbers: int) -> Iterator[None]:
    """Seed torch's generators by `numbers`, and put them back as they were afterwards."""
    entropy = [number % 2**64 for number in numbers]
    seed = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
    on_cuda = torch.device(device).type == "cuda"
    with torch.random.fork_rng(devices=[device] if on_cuda else []):
        torch.manual_seed(int(seed))
        yield
