"""The training loop: seeded, deterministic, and continued exactly where it stopped."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from blocks.networks.registry import SuperResolutionNetwork
from training.data.patches import PatchSampler
from training.distributed import ALONE, Processes
from training.monitor import Monitor, Watch
from training.recipes.recipe import Recipe, learning_rate_at
from training.state import NO_TEACHER, PLANNED_STEPS, Progress, TrainingFolder
from training.step import Precision, TrainingStep
from training.taught_images import TaughtImages

RANDOM_WEIGHTS = "random"


@dataclass(frozen=True)
class TrainingResult:
    """What a training came to; the weights are in the network."""

    steps: int
    seconds: float
    """Spent training, over all resumes."""
    loss: float
    """Of the last step, on its batch."""
    resumed_from_step: int
    """0 for a training that was not interrupted."""
    teacher: str = NO_TEACHER
    """The design and the weights whose images were learned, by their short names."""


def train(
    network: SuperResolutionNetwork,
    patches: PatchSampler,
    recipe: Recipe,
    *,
    steps: int,
    device: str = "cpu",
    precision: Precision = "float32",
    checkpoint_folder: Path | None = None,
    initial_weights: str = RANDOM_WEIGHTS,
    notes: Mapping[str, str] = MappingProxyType({}),
    watch: Watch | None = None,
    processes: Processes = ALONE,
    on_step: Callable[[int, float], None] | None = None,
    checkpoint_every_seconds: float = 20,
    taught_images_folder: Path | None = None,
    goes_on: bool = False,
) -> TrainingResult:
    """Train `network`, leave the averaged weights in it, and return how it went.

    The same network weights, patches, recipe and steps give the same weights to the last
    bit on the same CPU with the same number of threads, whether or not the training was
    interrupted. The network ends in evaluation mode, on `device`, in channels_last.

    With a `checkpoint_folder` the training is saved there every `checkpoint_every_seconds`,
    on KeyboardInterrupt, and at the end (`model.safetensors`); it continues from what it
    finds there, and one that has ended already is only loaded. `initial_weights` names the
    weights it starts from, which belong to its identity. Where `recipe.continues`, a call with
    more `steps` continues a training that had ended, to the weights that it would have had
    without the stop; its cooldown is left out then, and one that is interrupted begins anew. One
    that is known to go on (`goes_on`) has none to leave out. The checkpoints say `notes` too,
    which belong to nothing.

    What a teacher makes of the batches is kept in the `taught_images_folder`, for other trainings
    on the same batches.

    With a `watch` the training is logged and validated in that folder. Of several
    `processes`, which all call this alike, only the first one writes.

    `on_step` is called after every step with the number of steps done and the loss.

    Raises:
        TrainingDiverged: the loss or the weights are no longer finite.
        ValueError: the folder's files are corrupt or belong to another training, or to one of the
            same recipe with more steps; the recipe is for another family of networks, or its
            teacher cannot teach this one; the processes cannot share the batch evenly.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    processes.check_share(recipe.batch_size)
    now = recipe.replace(cooldown_fraction=0.0) if goes_on else recipe
    training = TrainingStep(
        network, now, device=device, precision=precision, seed=patches.seed, processes=processes
    )
    teacher = NO_TEACHER
    if training.teacher is not None:
        teacher = training.teacher.identity
        if taught_images_folder is not None:
            training.taught_images = TaughtImages(
                training.teacher, patches, taught_images_folder, processes
            )
    folder = None
    if checkpoint_folder is not None:
        identity = {
            "teacher": teacher,
            # Without the teacher's file, which may have moved.
            "recipe": recipe.model_dump_json(exclude={"teacher"}),
            "seed": str(patches.seed),
            **({} if recipe.continues else {"steps": str(steps)}),
            "precision": precision,
            "images": patches.images_digest,
            "initial_weights": initial_weights,
            "processes": str(processes.count),
        }
        notes = {**notes, PLANNED_STEPS: str(steps)}
        folder = TrainingFolder(checkpoint_folder, network.config, identity, notes)
    start = Progress(0, 0.0, math.nan)
    if folder is not None:
        kept = now.kept_steps(steps)
        state = folder.load_state(kept)
        may_have_ended = state is None or (recipe.continues and state[0].step == kept)
        if may_have_ended and (model := folder.load_final_model(state, steps)) is not None:
            end, tensors = model
            network.load_state_dict(tensors)
            network.eval()
            return TrainingResult(steps, end.seconds, end.loss, steps, teacher)
        if state is not None:
            start, tensors = state
            training.restore(tensors, start.step)
    writable = folder if processes.is_first else None
    loop = _Loop(training, patches, steps, processes, writable, on_step, checkpoint_every_seconds)
    if writable is not None and watch is not None:
        loop.monitor = Monitor(watch, writable, steps)
        loop.monitor.continue_after(start.step)
    end = loop.run(start)
    training.finish()
    if writable is not None:
        writable.save_final(end, training.averaged_weights(), keep_state=recipe.continues)
    return TrainingResult(steps, end.seconds, end.loss, start.step, teacher)


class _Stopwatch:
    """The time of a training: runs from its making on, from the seconds that it is given."""

    def __init__(self, seconds: float) -> None:
        self._start = time.perf_counter() - seconds

    @property
    def seconds(self) -> float:
        """The time so far."""
        return time.perf_counter() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Stand still for as long as the block takes."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self._start += time.perf_counter() - began


@dataclass
class _Loop:
    """The steps of one training, and what is done between them."""

    training: TrainingStep
    patches: PatchSampler
    steps: int
    processes: Processes
    folder: TrainingFolder | None
    on_step: Callable[[int, float], None] | None
    checkpoint_every_seconds: float
    monitor: Monitor | None = None

    def run(self, progress: Progress) -> Progress:
        """Make the steps that are left."""
        clock = _Stopwatch(progress.seconds)
        last_save = time.perf_counter()
        recipe = self.training.recipe
        kept = recipe.kept_steps(self.steps)
        try:
            while progress.step < self.steps:
                # Set only now, so that what an interrupted observation lacks is done again.
                progress = self._step(progress.step, clock)
                if self.on_step is not None:
                    with clock.paused():  # it may hold the training up
                        self.on_step(progress.step, progress.loss)
                due = time.perf_counter() - last_save >= self.checkpoint_every_seconds
                # A longer training needs the state before the cooldown, and none of it.
                due = due or (recipe.continues and progress.step == kept)
                if due and progress.step <= kept:
                    self._save(progress)
                    last_save = time.perf_counter()
        except KeyboardInterrupt:
            # Where the interrupt came inside a step, the last checkpoint has to do.
            if self.training.steps_done == progress.step <= kept:
                self._save(progress)
            raise
        return progress

    def _step(self, step: int, clock: _Stopwatch) -> Progress:
        recipe = self.training.recipe
        learning_rate = learning_rate_at(recipe, step, self.steps)
        batch = self.patches.batch(step, self.processes)
        done = min(step / recipe.course_steps(self.steps), 1.0)
        loss = self.training.take(*batch, learning_rate=learning_rate, progress=done)
        progress = Progress(step + 1, clock.seconds, loss.value)
        if self.monitor is not None:
            with clock.paused():
                self.monitor.observe(self.training, progress, learning_rate, loss)
        return progress

    def _save(self, progress: Progress) -> None:
        if self.folder is not None:
            training = self.training
            self.folder.save(progress, training.tensors(), training.averaged_weights())
