"""What a recipe says about a training, and the learning rate it gives every step.

Everything that changes during a training is given as a fraction of its length, so that a
shorter training runs through the same schedule in proportion. Only where the rate is constant are
they fractions of the recipe's own steps, so that a training can be continued to any length.
"""

import math
from collections.abc import Mapping
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import (
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
    model_validator,
)

from foundation.configs import FrozenConfig, nearest, parse_config

Decay = Literal["linear", "cosine", "halving", "constant"]
Stage = Literal["branches", "classifier", "joint", "apart"]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Rescaling = Annotated[float, Field(gt=0, lt=1)]

Settings = Mapping[str, object]
"""Values of a recipe's fields by their names in `SETTABLE_FIELDS`."""

BRANCHES: Stage = "branches"
CLASSIFIER: Stage = "classifier"
BICUBIC = "bicubic"
TEACHER_WEIGHT = 0.5


class _Fields(FrozenConfig):
    """A recipe or a part of one."""

    @field_validator("*", mode="before")
    @classmethod
    def _no_number_is_a_truth_value(cls, value: object, info: ValidationInfo) -> object:
        """Pydantic takes true for 1 and 1 for true, which in a recipe is a mistake."""
        is_switch = cls.model_fields[str(info.field_name)].annotation is bool
        if isinstance(value, bool) and not is_switch:
            raise ValueError(f"must not be true or false, got {value}")
        if is_switch and not isinstance(value, bool):
            raise ValueError(f"must be true or false, got {value!r}")
        return value


class Sparsity(_Fields):
    """How an SMSR network learns which work to leave out, whatever recipe trains it.

    Source: Wang et al. 2021 (SMSR), arXiv:2006.09603, and its code. Departures: the schedules
    change with every step instead of every epoch, and the temperature does fall, which a
    misspelt method prevented in the published code.
    """

    weight: NonNegativeFloat = 0.1
    """Of the active fraction beside the L1 distance of values from 0 to 255."""
    warmup_fraction: Fraction = 0.05
    """While the weight rises linearly from 0: 50 of 1000 epochs."""
    first_temperature: PositiveFloat = 1.0
    last_temperature: PositiveFloat = 0.4
    temperature_fraction: Annotated[float, Field(gt=0, le=1)] = 0.3
    """While the temperature of the Gumbel softmax falls linearly: 300 of 1000 epochs."""

    def weight_at(self, progress: float) -> float:
        """The weight when so much of the training is done, from 0 to 1."""
        warm = progress / self.warmup_fraction if self.warmup_fraction else 1.0
        return self.weight * min(warm, 1.0)

    def temperature_at(self, progress: float) -> float:
        """The temperature when so much of the training is done, from 0 to 1."""
        fallen = min(progress / self.temperature_fraction, 1.0)
        return self.first_temperature + fallen * (self.last_temperature - self.first_temperature)


class Routing(_Fields):
    """What of a ClassSR network is trained, and how its losses are weighed.

    Source: Kong et al. 2021 (ClassSR), arXiv:2103.04039, and its code.
    """

    stage: Stage = "joint"
    """Each branch on its class of patches, only the classifier, or everything by the mixed images.

    "apart" trains everything too, but each branch by its own images of all patches, and by the
    mixed images the classifier alone.
    """
    pixel_weight: PositiveFloat = 1000
    """Of the L1 distance of values in [0, 1]."""
    class_weight: NonNegativeFloat = 0.5
    average_weight: NonNegativeFloat = 3
    label_weight: NonNegativeFloat = 0
    """Of the cross-entropy with the classes that the patches are sorted into; not published.

    Above 0 a batch has as many patches of each class. It shows a classifier, which begins next to
    blind, in a hundred steps what the published losses let it find in many thousands.
    """
    classes_by: Annotated[str, Field(min_length=1, exclude_if=lambda by: by == BICUBIC)] = BICUBIC
    """By whose error patches are sorted into classes: bicubic's, or that of a checkpoint's network.

    The paper takes a trained MSRResNet. Absent from dumps where it is bicubic, so that trainings of
    before go on.
    """

    @field_validator("classes_by")
    @classmethod
    def _absolute(cls, source: str) -> str:
        """A relative path is one of the working directory in which the training starts."""
        return source if source == BICUBIC else str(Path(source).expanduser().absolute())

    @property
    def classes_are_known(self) -> bool:
        """Whether patches are drawn by class, as branches of one's own or labels need them."""
        return self.stage == BRANCHES or self.label_weight > 0

    @model_validator(mode="after")
    def _classes_are_used(self) -> Self:
        if self.classes_by != BICUBIC and not self.classes_are_known:
            raise ValueError(
                "classes_by has an effect only in the stage branches or with a label_weight above "
                f"0, got stage {self.stage} and label_weight 0: leave it out"
            )
        return self


class Recipe(_Fields):
    """Everything about a training that is neither the network, the data, the seed nor its length.

    Adam without weight decay minimises the L1 distance of RGB values in [0, 1], to which
    networks that decide by their input add what `sparsity` or `routing` say.
    """

    name: str
    family: str | None = None
    """The only family of networks it can train; None for all."""
    batch_size: PositiveInt
    """Patches of a step, over all processes; of each class where patches are drawn by class."""
    lr_patch_px: Annotated[int, Field(ge=2)]
    """Side of a low-resolution patch."""
    rescalings: Annotated[tuple[Rescaling, ...], Field(exclude_if=lambda sizes: not sizes)] = ()
    """Sizes of further copies of each training image, as fractions of its own.

    Absent from dumps where there are none, so that trainings of before go on.
    """
    best_of: PositiveInt
    """Each patch is the one with the most gradient energy among so many random ones."""
    learning_rate: PositiveFloat
    """The peak, reached at the end of the warm-up."""
    betas: tuple[Fraction, Fraction]
    epsilon: PositiveFloat = 1e-8
    clip_norm: PositiveFloat | None = None
    """The gradient of all weights together is shortened to this length where it is longer."""
    warmup_fraction: Fraction
    decay: Decay
    """How the learning rate falls from the peak, over the steps after the warm-up.

    Where it is "constant" the rate stays, the warm-up and all else that changes have the length
    that `steps` gives them, and a training of this recipe can be continued to a longer one.
    """
    cooldown_fraction: Annotated[Fraction, Field(exclude_if=lambda fraction: not fraction)] = 0.0
    """Where decay is "constant": the last part of any training, in which the rate falls to 0.

    A longer training leaves this part out and continues from where it began. Absent from dumps
    where it is 0, so that trainings of before go on.
    """
    halvings: tuple[Fraction, ...] = ()
    """Where decay is "halving": after which fractions of these steps."""
    cosine_horizon: Annotated[float, Field(ge=1)] = 1.0
    """Where decay is "cosine": when it would reach its end, in lengths of these steps."""
    final_learning_rate: NonNegativeFloat = 0.0
    """Where decay is "cosine": its end."""
    ema_decay: Fraction
    """Decay per step of the moving average of the weights, which is what a training returns.

    0 returns the last weights.
    """
    zero_last_convolution: bool
    """Whether training starts with the last convolution's weight and bias at zero."""
    loss: Literal["l1"]
    fourier_weight: NonNegativeFloat = 0.0
    """Of the L1 distance between the Fourier transforms, added to the loss."""
    teacher: Annotated[str | None, Field(exclude_if=lambda path: path is None)] = None
    """Checkpoint of a trained network whose images are learned beside the originals.

    This and its weight are absent from dumps where they say nothing, so that trainings of before
    go on.
    """
    teacher_weight: Annotated[
        float, Field(gt=0, le=1, exclude_if=lambda weight: weight == TEACHER_WEIGHT)
    ] = TEACHER_WEIGHT
    """Of the L1 distance to the teacher's images; that to the originals has what is left of 1."""
    sparsity: Sparsity = Sparsity()
    routing: Routing = Routing()
    steps: PositiveInt
    """The usual length, for who does not ask for another."""

    @field_validator("teacher")
    @classmethod
    def _absolute(cls, path: str | None) -> str | None:
        """A relative path is one of the working directory in which the training starts."""
        return None if path is None else str(Path(path).expanduser().absolute())

    @model_validator(mode="after")
    def _teacher_has_a_use(self) -> Self:
        if self.teacher is not None and self.routing.stage == CLASSIFIER:
            raise ValueError(
                "teacher has an effect only where images are learned, which the stage classifier "
                "does not: leave it out"
            )
        return self

    @property
    def continues(self) -> bool:
        """Whether a training can be continued to a longer one, as if it had not ended."""
        return self.decay == "constant"

    def kept_steps(self, steps: int) -> int:
        """How many of a training's first steps are those of every longer one: all but a cooldown.

        A recipe that does not continue has no longer trainings, and keeps all.
        """
        if not self.continues:
            return steps
        return max(1, steps - round(self.cooldown_fraction * steps))

    def course_steps(self, steps: int) -> int:
        """The length that the fractions of this recipe refer to, in a training of `steps`."""
        return self.steps if self.continues else steps

    @model_validator(mode="after")
    def _rate_falls(self) -> Self:
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                "final_learning_rate must not be above learning_rate, got "
                f"{self.final_learning_rate:g} and {self.learning_rate:g}"
            )
        return self

    def replace(self, **changes: object) -> "Recipe":
        """A copy with some fields changed.

        Raises:
            ValueError: a value is not allowed; one line names it.
        """
        return parse_config(Recipe, {**self.model_dump(), **changes}, f"recipe {self.name}")

    def with_settings(self, settings: Settings) -> "Recipe":
        """A copy with the fields that `settings` names changed.

        Raises:
            ValueError: there is no such field, its value is not allowed, or it has no effect with
                this decay; one line names it.
        """
        changes = self.model_dump()
        for field, value in settings.items():
            if field not in SETTABLE_FIELDS:
                hint = nearest(field, SETTABLE_FIELDS)
                raise ValueError(f"recipe {self.name}: unknown field {field!r}{hint}")
            part, _, name = field.rpartition(".")
            (changes[part] if part else changes)[name] = value
        changed = parse_config(Recipe, changes, f"recipe {self.name}")
        if "teacher_weight" in settings and changed.teacher is None:
            raise ValueError(
                f"recipe {self.name}: teacher_weight has an effect only with a teacher, got "
                f"{changed.teacher_weight:g} without one: name a teacher, or leave it out"
            )
        for field, decay in _ONLY_WITH_DECAY.items():
            if field in settings and changed.decay != decay:
                raise ValueError(
                    f"recipe {self.name}: {field} has an effect only with decay {decay}, got "
                    f"{changed.decay}: set decay to {decay} too, or leave {field} out"
                )
        return changed

    def value_of(self, field: str) -> object:
        """The value of one of `SETTABLE_FIELDS`."""
        return attrgetter(field)(self)

    def changes_from(self, other: "Recipe") -> dict[str, tuple[object, object]]:
        """The fields that differ from those of `other`, each with the other's value and its own."""
        values = {field: (other.value_of(field), self.value_of(field)) for field in SETTABLE_FIELDS}
        return {field: pair for field, pair in values.items() if pair[0] != pair[1]}


_PARTS: Mapping[str, type[_Fields]] = MappingProxyType({"sparsity": Sparsity, "routing": Routing})

SETTABLE_FIELDS: tuple[str, ...] = (
    *(field for field in Recipe.model_fields if field not in {"name", "family", *_PARTS}),
    *(f"{name}.{field}" for name, part in _PARTS.items() for field in part.model_fields),
)
"""All but what tells which recipe it is; a field of a part has the part's name before it."""

_ONLY_WITH_DECAY: Mapping[str, Decay] = MappingProxyType(
    {
        "halvings": "halving",
        "cosine_horizon": "cosine",
        "final_learning_rate": "cosine",
        "cooldown_fraction": "constant",
    }
)


def learning_rate_at(recipe: Recipe, step: int, steps: int) -> float:
    """Return the learning rate of `step` (from 0) in a training of `steps` steps.

    It rises linearly over the first `warmup_fraction` of the steps, whose last one has the
    peak, and then falls: by halves, along a line to 0 or along a cosine to the final rate,
    which the step after the last one would have. A constant one falls along a line to 0 in the
    cooldown alone.
    """
    peak, final = recipe.learning_rate, recipe.final_learning_rate
    warmup = round(recipe.warmup_fraction * recipe.course_steps(steps))
    if recipe.decay == "constant":
        warm = min(1.0, (step + 1) / warmup) if warmup else 1.0
        kept = recipe.kept_steps(steps)
        return peak * warm * (1.0 if step < kept else (steps - step) / (steps - kept))
    if step < warmup:
        return peak * (step + 1) / warmup
    elapsed = (step - warmup) / (steps - warmup)
    if recipe.decay == "halving":
        return peak * math.pow(0.5, sum(elapsed >= fraction for fraction in recipe.halvings))
    if recipe.decay == "linear":
        return peak * (1 - elapsed)
    cosine = math.cos(math.pi * elapsed / recipe.cosine_horizon)
    return final + (peak - final) * (1 + cosine) / 2
