"""A trained network made smaller: a design with less of everything, and inherited weights."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from blocks import NetworkConfig, load_checkpoint, load_network, save_checkpoint
from blocks.checkpoints import weights_digest
from blocks.layers import SuperResolutionNetwork
from blocks.pixels import network_upscaler
from compressors.inheritance import check_smaller, inherit, smaller
from foundation import write_text_atomically
from foundation.listener import SILENT, Listener
from imaging import BUNDLED, evaluate_quality, load_images, prepare_validation
from paretosr.compressing.pruned import PrunedStage, Pruning
from paretosr.models import Model, load
from paretosr.trainings import train
from profilers.counting.analytic_cost import macs_bound
from training import PatchSampler, Recipe
from training.recipes.choice import DEFAULT_RECIPE, RecipeChoice
from training.state import MODEL_FILE
from training.teacher import teacher_of

SELF = "self"
"""The parent as the teacher of its child."""
STEPS = 400
WARM_LEARNING_RATE = 2e-3
"""The peak of the quick recipe for weights that are inherited, half of its own.

Measured on one SplitSR of 61 K parameters, cut to 58 % and trained for 400 steps: after 0.001,
0.002 and 0.004 PSNR on Set5 differs by 0.011 dB, which is less than between two seeds.
"""
INHERITED_FILE = "inherited.safetensors"
REPORT_FILE = "report.md"
TRAINING_FOLDER = "training"
REFIT_CROPS, JUDGED_CROPS = 64, 256


def prune(
    model: Model | str | Path,
    out: str | Path,
    *,
    keep: float | None = None,
    to: Model | str | Path | None = None,
    teacher: str | Path = SELF,
    steps: int = STEPS,
    data: str | Path = BUNDLED,
    recipe: str = DEFAULT_RECIPE,
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
    device: str = "cpu",
    listener: Listener = SILENT,
) -> Pruning:
    """Return a smaller network of the same family that inherits a trained one's weights.

    The smaller design's weights are cut out of the parent's, each layer refitted to the parent's
    on crops of the training images, and then trained with a teacher. The folder gets
    model.safetensors, an ordinary checkpoint whose metadata name the parent, and report.md; the
    same call goes on where one was interrupted. Of the child before and after its training the one
    that is better on other crops is kept.

    Args:
        model: the parent, a trained network.
        out: the folder.
        keep: the share of the parameters to keep, above 0 and below 1; the nearest that the
            family's designs have is taken.
        to: instead of `keep`, the smaller design.
        teacher: checkpoint of the network whose images are learned beside the originals; by
            default the parent.
        steps: of the training; 0 for none.
        data: folder of the training images, or "bundled".
        recipe: as of `train`; "quick" has a lower peak here, 0.002, for weights that are warm.
        settings: fields of the recipe that are set otherwise.
        seed: of the crops and the training's patches.
        device: "cpu" or "cuda", of the training.
        listener: hears of progress.

    Raises:
        ValueError: the model has no trained weights, the share or the design is no smaller network
            of its family, the teacher is damaged or of another scale, the images do not fit, or
            the folder holds another network.
        KeyboardInterrupt: stopped by the user; the message says how to go on.
        OSError: a file cannot be read or written; the error names it.

    Examples:
        >>> import paretosr as psr
        >>> training = psr.train(psr.load("fsrcnn", scale=2), "runs/fsrcnn", steps=5)
        >>> pruning = psr.prune(training.checkpoint, "runs/small", keep=0.6, steps=5)
        >>> round(pruning.share, 1)
        0.6
    """
    model, out = load(model, listener=listener), Path(out)
    parent = _parent(model)
    child = _child(parent.config, keep, to)
    if steps < 0:
        raise ValueError(f"steps must be 0 or more, got {steps}")
    taught_by = str(parent.path if teacher == SELF else teacher)
    choice = _choice(recipe, settings or {}, taught_by)
    chosen = choice.for_network(child)
    teacher_of(chosen, child, device="cpu")  # refused now, before there is work to lose
    crops = _Crops.of(data, chosen, child, seed)
    inherited = _inherited(parent, child, crops, out / INHERITED_FILE, listener)
    judge = _Judge(crops, child.scale)
    stages = [
        judge.stage("parent", load_network(parent.path)),
        judge.stage("inherited", load_network(inherited)),
    ]
    kept = inherited
    if steps:
        trained = _trained(inherited, out, choice, data, steps, seed, device, listener)
        stages.append(judge.stage("trained", load_network(trained)))
        if stages[2].crops_psnr_db > stages[1].crops_psnr_db:
            kept = trained
    _publish(kept, inherited, out / MODEL_FILE)
    pruning = Pruning(
        model=model.name,
        config=child,
        checkpoint=out / MODEL_FILE,
        cut=_differences(parent.config, child),
        method=load_checkpoint(inherited).metadata["inheritance"],
        teacher=taught_by if steps else None,
        steps=steps,
        stages=tuple(stages),
        kept=stages[-1].name if kept != inherited else "inherited",
        report=out / REPORT_FILE,
    )
    write_text_atomically(pruning.report, pruning.page())
    return pruning


@dataclass(frozen=True)
class _Parent:
    path: Path
    config: NetworkConfig
    tensors: Mapping[str, Tensor]


def _parent(model: Model) -> _Parent:
    if model.config is None or model.weights is None:
        raise ValueError(
            f"MODEL must be a trained network, for its weights are inherited, got {model.name}: "
            "give a checkpoint, or train it first (paretosr train)"
        )
    network = load_network(model.weights)  # which checks the tensors
    return _Parent(model.weights, model.config, network.state_dict())


def _child(
    parent: NetworkConfig, keep: float | None, to: Model | str | Path | None
) -> NetworkConfig:
    if (keep is None) == (to is None):
        given = "neither" if keep is None else "both"
        raise ValueError(
            "the smaller network must be said in one way, by the share to keep (keep, --keep) or "
            f"by its design (to, --to), got {given}"
        )
    if keep is not None:
        child = smaller(parent, keep)
    else:
        assert to is not None  # as was just checked
        design = load(to, listener=None)
        if design.config is None:
            raise ValueError("the smaller design must be a network's, got bicubic")
        child = design.config
    check_smaller(parent, child)
    return child


def _choice(recipe: str, settings: Mapping[str, object], teacher: str) -> RecipeChoice:
    """The recipe with the teacher, and where it is quick at a rate for warm weights."""
    warm = {"learning_rate": WARM_LEARNING_RATE} if recipe == DEFAULT_RECIPE else {}
    return RecipeChoice(recipe, {**warm, "teacher": teacher, **settings})


@dataclass(frozen=True)
class _Crops:
    """Crops of the training images, for the refit and, others, to judge by."""

    refit: Tensor
    judged: tuple[Tensor, Tensor]
    identity: Mapping[str, str]

    @classmethod
    def of(cls, data: str | Path, recipe: Recipe, config: NetworkConfig, seed: int) -> "_Crops":
        images = load_images(str(data), split="training").images
        many = recipe.replace(batch_size=REFIT_CROPS, teacher=None)
        patches = PatchSampler(images, scale=config.scale, recipe=many, seed=seed)
        refit, _ = patches.batch(0)
        steps = range(1, 1 + JUDGED_CROPS // REFIT_CROPS)
        low, high = zip(*map(patches.batch, steps), strict=True)
        identity = {"crops_of": patches.images_digest, "crops_seed": str(seed)}
        return cls(refit, (torch.cat(low), torch.cat(high)), identity)


def _inherited(
    parent: _Parent, child: NetworkConfig, crops: _Crops, file: Path, listener: Listener
) -> Path:
    """The checkpoint of the child with its inherited weights, written where it is missing.

    Raises:
        ValueError: the file is of another child, or inherited from another parent or crops.
    """
    identity = {
        "parent_arch_id": parent.config.arch_id,
        "parent_weights": weights_digest(parent.tensors),
        **crops.identity,
    }
    if file.exists():
        found = load_checkpoint(file)
        wanted = {"arch_id": child.arch_id, **identity}
        stored = {**found.metadata, "arch_id": found.config.arch_id}
        for key, value in wanted.items():
            if (other := stored.get(key, "unknown")) != value:
                raise ValueError(
                    f"{file} belongs to a compression with {key} {other}, not {value}: ask for the "
                    f"same again, choose another folder with --out, or delete {file.parent}"
                )
        return file
    listener.status(f"inheriting the weights of {parent.path} by {child.arch_id}")
    inherited = inherit(parent.config, parent.tensors, child, crops.refit)
    save_checkpoint(file, inherited.weights, child, {**crops.identity, **inherited.metadata})
    return file


def _trained(
    inherited: Path,
    out: Path,
    choice: RecipeChoice,
    data: str | Path,
    steps: int,
    seed: int,
    device: str,
    listener: Listener,
) -> Path:
    try:
        training = train(
            inherited,
            out / TRAINING_FOLDER,
            data=data,
            recipe=choice.name,
            settings=choice.settings,
            steps=steps,
            init=inherited,
            seed=seed,
            device=device,
            precision="float32",  # in which the same call always gives the same network
            listener=listener,
        )
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"stopped; the same command continues it in {out}") from None
    return training.checkpoint


class _Judge:
    """What networks give, on the bundled validation images and on crops."""

    def __init__(self, crops: _Crops, scale: int) -> None:
        self._low, self._high = crops.judged
        images = load_images(BUNDLED, split="validation").images
        self._pairs = prepare_validation(images, scale)

    def stage(self, name: str, network: SuperResolutionNetwork) -> PrunedStage:
        quality = evaluate_quality(network_upscaler(network), self._pairs)
        with torch.no_grad():
            images = network.eval()(self._low).clamp(0, 1)
        error = functional.mse_loss(images, self._high).item()
        bound = macs_bound(network.config)
        crops_db = -10 * math.log10(error) if error else math.inf
        return PrunedStage(name, bound.parameters, bound.total, quality, crops_db)


def _publish(kept: Path, inherited: Path, file: Path) -> None:
    """Write the model with what both its training and its inheritance say of it."""
    chosen = load_checkpoint(kept)
    metadata = {**chosen.metadata, **load_checkpoint(inherited).metadata}
    save_checkpoint(file, chosen.tensors, chosen.config, metadata)


def _differences(parent: NetworkConfig, child: NetworkConfig) -> dict[str, tuple[Any, Any]]:
    before, after = parent.model_dump(mode="json"), child.model_dump(mode="json")
    return {key: (before[key], after[key]) for key in before if before[key] != after[key]}
