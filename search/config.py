"""The search config: one YAML file that says what is searched, for what, and for how long."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import pydantic

from blocks.config import Scale
from compressors.crops import CROPS
from foundation.configs import FrozenConfig, nearest, parse_config
from foundation.documents import read_yaml
from foundation.plugins import load_plugins
from imaging.images import BUNDLED
from profilers.runtimes.targets import RUNTIME_PRECISIONS, Target
from reports.columns import Precision
from reports.records import OBJECTIVES
from search.candidates.candidate import INT8
from search.ladder.choice import NO_LADDER, LadderChoice, Rungs, Trainings
from search.space import SPACES, Families, ParsedFamilies, SearchSpace
from search.space.hyperparameters import ONE_OR_MORE
from search.target_list import DEFAULT_TARGET, Targets
from search.workers.wanted import OnRay, Workers, per_device_of
from training.recipes.choice import RecipeChoice
from training.recipes.recipe import BICUBIC


def _known_column(name: str) -> str:
    if name not in OBJECTIVES:
        raise ValueError(
            f"must be one of {', '.join(OBJECTIVES)}, got {name}"
            f"{nearest(name, OBJECTIVES, none='')}"
        )
    return name


Choice = Annotated[
    RecipeChoice,
    pydantic.BeforeValidator(RecipeChoice.parse),
    pydantic.PlainSerializer(RecipeChoice.written),
]
ColumnName = Annotated[str, pydantic.AfterValidator(_known_column)]


class Bounds(FrozenConfig):
    """The least and the largest value allowed of a column, in its unit; one may be left out."""

    min: float | None = None
    max: float | None = None

    @pydantic.model_validator(mode="after")
    def _possible(self) -> "Bounds":
        if self.min is None and self.max is None:
            raise ValueError("a constraint needs min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min <= max must hold, got min {self.min} and max {self.max}")
        return self


class DataConfig(FrozenConfig):
    """Where the photographs are: a folder, or `bundled` for those inside scikit-image."""

    training: str = BUNDLED
    validation: str = BUNDLED

    @pydantic.field_validator("training", "validation")
    @classmethod
    def _absolute(cls, source: str) -> str:
        """A relative folder is one of the working directory in which the search starts."""
        return source if source == BUNDLED else str(Path(source).expanduser().absolute())


class TrainingConfig(FrozenConfig):
    """How each candidate is trained.

    `recipe` is its name, or a mapping of the fields that are set, with `name` among them.
    `seeds` trainings are run of each candidate and their mean PSNR counts; with two or
    more, the noise between them is measured. `threads` is for training and validation;
    latency has the threads of the target. `precision` auto lets a few timed steps choose for
    each family; name one where two runs must train alike to the last bit.
    """

    recipe: Choice = RecipeChoice()
    seeds: pydantic.PositiveInt = 1
    device: Literal["cpu", "cuda"] = "cpu"
    threads: pydantic.PositiveInt = 1
    precision: Literal["auto", "float32", "bfloat16"] = "auto"

    @pydantic.field_validator("recipe")
    @classmethod
    def _recipe_for_all(cls, choice: RecipeChoice) -> RecipeChoice:
        if (family := choice.recipe.family) is not None:
            raise ValueError(
                f"a search needs a recipe for all families, got {choice.name}, which trains "
                f"{family} only"
            )
        return choice


class Quantisation(FrozenConfig):
    """What int8 programs are calibrated with: crops of training images, never of those that judge.

    `images` is a folder, by default the training images; `crops` says how many show the quantiser
    the ranges of values, beside those that it judges its own schemes by.
    """

    images: str | None = None
    crops: pydantic.PositiveInt = CROPS

    @pydantic.field_validator("images")
    @classmethod
    def _absolute(cls, folder: str | None) -> str | None:
        return None if folder is None else str(Path(folder).expanduser().absolute())


class Budget(FrozenConfig):
    """When the search ends; each is a total over all its sessions, whichever comes first.

    `trials` counts trained candidates; with a ladder it is full trainings' worth of steps, so
    `trials` times `steps` of them. `minutes` is the time that has passed while the search ran,
    however many workers it has; it is checked before each training begins or goes on, so that the
    last ones may run over. `steps` is the length of one full training.
    """

    trials: pydantic.PositiveInt | None = None
    minutes: pydantic.PositiveFloat | None = None
    steps: pydantic.PositiveInt | None = None

    @pydantic.model_validator(mode="after")
    def _ends(self) -> "Budget":
        if self.trials is None and self.minutes is None:
            raise ValueError("a budget needs trials, minutes or both")
        return self


class SearchConfig(FrozenConfig):
    """Everything that determines a search; examples/quickstart.yaml explains each key."""

    plugins: tuple[str, ...] = ()
    """Modules that register families of the user's own; see `paretosr.register_family`."""
    scale: Scale
    families: ParsedFamilies
    objectives: Annotated[tuple[ColumnName, ...], pydantic.Field(min_length=1)]
    constraints: dict[ColumnName, Bounds] = pydantic.Field(default_factory=dict)
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()
    budget: Budget
    targets: Targets = pydantic.Field(alias="target", default=(Target.parse(DEFAULT_TARGET),))
    """One target, or a list of which the one counts on which a network takes the least time."""
    precision: Annotated[tuple[Precision, ...], *ONE_OR_MORE] | None = None
    """In which the target runs the candidates: each design is trained once, and judged in all.

    None is the target's alone, with the quality that training validated.
    """
    quantisation: Quantisation | None = None
    ladder: LadderChoice | None = pydantic.Field(default=None, validate_default=True)
    """The rungs of each training, or none; left out, a recipe that continues has the default ones.
    """
    timing_seconds: pydantic.PositiveFloat = 5.0
    calibration: str | None = None
    """A file of `paretosr calibrate`, by whose predictions bounds on latency_ms reject."""
    workers: Workers | None = None
    """Those who train candidates side by side; None is as many as this machine takes."""
    sampler: Literal["nsga2", "tpe", "gp", "random"] = "nsga2"
    seed: pydantic.NonNegativeInt = 0

    @pydantic.model_validator(mode="before")
    @classmethod
    def _knows_plugins(cls, data: Any) -> Any:
        """Import the plug-ins first, for the families are looked up among those registered."""
        plugins = data.get("plugins", ()) if isinstance(data, Mapping) else ()
        if isinstance(plugins, Sequence) and not isinstance(plugins, str):
            load_plugins(module for module in plugins if isinstance(module, str))
        return data

    @pydantic.field_validator("objectives")
    @classmethod
    def _different(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError(f"objectives must differ, got {', '.join(names)}")
        return names

    @pydantic.field_validator("families")
    @classmethod
    def _some_family(cls, families: Families) -> Families:
        if not families.searched():
            raise ValueError(
                f"name at least one family of {', '.join(SPACES)}, each with its ranges, such as "
                f"{next(iter(SPACES))}: {{}} for those by default"
            )
        return families

    @pydantic.field_validator("calibration")
    @classmethod
    def _absolute(cls, path: str | None) -> str | None:
        return None if path is None else str(Path(path).expanduser().absolute())

    @pydantic.field_validator("ladder", mode="after")
    @classmethod
    def _ladder_is_decided(
        cls, ladder: LadderChoice | None, info: pydantic.ValidationInfo
    ) -> LadderChoice:
        """The ladder, or in place of None what the keys above give."""
        known = info.data
        if not {"training", "budget", "objectives", "constraints", "targets"} <= known.keys():
            return NO_LADDER  # another key is wrong, and its message comes
        recipe = known["training"].recipe.recipe
        return Trainings(
            recipe,
            known["budget"].steps or recipe.steps,
            known["objectives"],
            known["constraints"],
            known.get("precision") is not None or known["targets"][0].precision == INT8,
        ).decided(ladder)

    @pydantic.model_validator(mode="after")
    def _calibration_has_a_use(self) -> "SearchConfig":
        if self.calibration is not None and "latency_ms" not in self.constraints:
            raise ValueError(
                "calibration rejects networks by a bound on latency_ms, but the constraints have "
                "none: add one, or leave calibration out"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _target_has_the_precisions(self) -> "SearchConfig":
        runtime, known = self.target.runtime, RUNTIME_PRECISIONS[self.target.runtime]
        if unknown := [name for name in self.precisions if name not in known]:
            raise ValueError(f"precision on {runtime} is {', '.join(known)}, got {unknown[0]}")
        if len(self.targets) > 1 and self.judges_programs:
            raise ValueError(
                f"precision and int8 are for a search on one target, got {len(self.targets)}: name "
                "one, or leave precision out"
            )
        if self.target.precision not in self.precisions:
            raise ValueError(
                f"precision must hold that of the target, {self.target.precision}, got "
                f"{', '.join(self.precisions)}: write target: {runtime}:precision="
                f"{self.precisions[0]},..."
            )
        return self

    @pydantic.model_validator(mode="after")
    def _quantisation_has_a_use(self) -> "SearchConfig":
        if self.quantisation is not None and INT8 not in self.precisions:
            raise ValueError(
                f"quantisation is for int8, but precision is {', '.join(self.precisions)}: add "
                "int8, or leave quantisation out"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _workers_have_a_device(self) -> "SearchConfig":
        if per_device_of(self.workers) is not None and self.training.device != "cuda":
            raise ValueError(
                "per_device of workers is for training.device cuda, got cpu: name how many, or "
                "leave it out for as many as the cores allow"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _nodes_have_the_files(self) -> "SearchConfig":
        classes_by = self.training.recipe.recipe.routing.classes_by
        if isinstance(self.workers, OnRay) and classes_by != BICUBIC:
            raise ValueError(
                "workers on Ray cannot sort patches by a network, whose file is on this machine, "
                f"got routing.classes_by {classes_by}: leave it out, or train on this machine "
                "(workers: N)"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _several_targets_have_a_use(self) -> "SearchConfig":
        if len(self.targets) == 1:
            return self
        if "latency_ms" not in self.columns:
            raise ValueError(
                "several targets are compared by latency_ms, which is no objective and has no "
                "bound here: add it to the objectives, or name one target"
            )
        if self.calibration is not None:
            raise ValueError(
                f"a calibration is of one target, got {len(self.targets)}: leave calibration out, "
                "or name one target"
            )
        return self

    @pydantic.model_validator(mode="after")
    def _recipe_settings_have_a_use(self) -> "SearchConfig":
        choice = self.training.recipe
        choice.check_use(space.family for space in self.space.families)
        if self.budget.steps is not None and "steps" in choice.settings:
            raise ValueError(
                "steps must be given once, got budget.steps and steps in training.recipe: leave "
                "one out"
            )
        return self

    @property
    def rungs(self) -> tuple[int, ...]:
        """Of each training, the last of which is its end; () without a ladder."""
        return self.ladder.rungs if isinstance(self.ladder, Rungs) else ()

    @property
    def target(self) -> Target:
        """The only target or the first of several, for what is the same on each of them."""
        return self.targets[0]

    @property
    def space(self) -> SearchSpace:
        return SearchSpace(self.scale, self.families.searched())

    @property
    def precisions(self) -> tuple[Precision, ...]:
        """In which candidates are judged."""
        return self.precision or (cast(Precision, self.target.precision),)

    @property
    def other_targets(self) -> tuple[Target, ...]:
        """Those beside `target`: in its other precisions, or named beside it."""
        others = (self.target_at(name) for name in self.precisions)
        return (*(it for it in others if it != self.target), *self.targets[1:])

    @property
    def judges_programs(self) -> bool:
        """Whether quality is that of the target's own programs, not of the trained network."""
        return self.precision is not None or self.target.precision == INT8

    @property
    def constraints_before_training(self) -> Mapping[str, Bounds]:
        """Those that a design keeps or breaks in every precision, as far as it alone tells."""
        unknown = {"size_kib"} if INT8 in self.precisions else set()
        return {name: it for name, it in self.constraints.items() if name not in unknown}

    def target_at(self, precision: str) -> Target:
        """The target as it computes in `precision`."""
        return replace(self.target, precision=precision)

    @property
    def steps(self) -> int:
        """Steps of one training."""
        return self.budget.steps or self.training.recipe.recipe.steps

    @property
    def training_seeds(self) -> tuple[int, ...]:
        """The seed of each training of a candidate; the first is the study's own."""
        return tuple(range(self.seed, self.seed + self.training.seeds))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that the search must know of each candidate."""
        return tuple(dict.fromkeys((*self.objectives, *self.constraints)))


def load_search_config(path: Path) -> SearchConfig:
    """Read a search config.

    Raises:
        ValueError: not YAML, an unknown or repeated key, or a value that breaks a rule.
        FileNotFoundError: there is no such file.
    """
    return parse_search_config(read_yaml(path), str(path))


def parse_search_config(data: object, where: str) -> SearchConfig:
    """Return the search config in `data`, which comes from `where`.

    Raises:
        ValueError: an unknown key, or a value that breaks a rule.
    """
    return parse_config(SearchConfig, data, where)
