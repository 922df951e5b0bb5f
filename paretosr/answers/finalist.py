"""One pick of a run, trained for use and judged, in a folder of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pydantic

from blocks import load_checkpoint, save_checkpoint
from blocks.checkpoints import read_metadata, weights_digest
from blocks.models import Model
from compressors.inheritance import inherit
from foundation import write_text_atomically
from foundation.documents import read_json
from foundation.listener import Listener
from imaging import Quality, evaluate_quality, load_images, prepare_validation
from imaging.evaluation import bicubic_upscaler
from paretosr.answers.model_card import (
    Cost,
    ModelCard,
    Origin,
    QualityOn,
    licence_note,
    limits_of,
)
from paretosr.answers.target_files import write_onnx, write_program
from paretosr.compressing.quantising import INT8
from paretosr.evaluating import evaluate
from paretosr.measuring.profiling import profile
from paretosr.models import load
from paretosr.trainings import Training, train
from profilers import ProfilingFailed, Target, describe_device, macs_bound
from training import PatchSampler, Precision, get_recipe

CARD, PAGE = "card.json", "card.md"
INHERITED_FILE = "inherited.safetensors"
ANCESTOR_STEPS = "ancestor_steps"
"""What a checkpoint says of the steps of the weights that it inherited."""
_CROPS = 64


@dataclass(frozen=True)
class Protocol:
    """How all finalists of a run are trained and judged, one like the other."""

    recipe: str
    settings: Mapping[str, object]
    steps: int | None
    minutes: float | None
    parent: Path | None
    teacher: Path | None
    data: str
    validation: str
    evaluated_on: tuple[str, ...]
    seed: int
    device: str
    precision: Precision
    threads: int
    max_seconds: float
    """For timing on the target."""


@dataclass(frozen=True)
class Finalist:
    """A pick of a run, and where it is trained."""

    run: Path
    trial: int
    model: Model
    target: Target
    folder: Path

    def finished(self, protocol: Protocol, listener: Listener) -> ModelCard:
        """Train, judge, time and export the network, and write its card, as far as is not done.

        Raises:
            ValueError: the folder holds another training, or the protocol does not fit the network.
            KeyboardInterrupt: stopped by the user; the same call goes on.
            OSError: a file cannot be read or written.
        """
        training = self._trained(protocol, listener)
        digest = weights_digest(load_checkpoint(training.checkpoint).tensors)
        asked = {
            "weights": digest,
            "evaluated_on": list(protocol.evaluated_on),
            "target": str(self.target),
        }
        card = self._stored(asked)
        if card is None:
            card = self._judged(training, digest, protocol, listener)
            document = {"asked": asked, **card.to_dict()}
            write_text_atomically(self.folder / PAGE, card.markdown())
            write_text_atomically(
                self.folder / CARD, json.dumps(document, indent=2, allow_nan=False) + "\n"
            )
        return card

    def _trained(self, protocol: Protocol, listener: Listener) -> Training:
        start = None if protocol.parent is None else self._inherited(protocol, listener)
        return train(
            self.model,
            self.folder,
            data=protocol.data,
            validation=protocol.validation,
            recipe=protocol.recipe,
            settings=protocol.settings,
            steps=protocol.steps,
            minutes=protocol.minutes,
            init=start,
            teacher=protocol.teacher,
            seed=protocol.seed,
            device=protocol.device,
            precision=protocol.precision,
            threads=protocol.threads,
            listener=listener,
        )

    def _inherited(self, protocol: Protocol, listener: Listener) -> Path:
        """The checkpoint of the network with its parent's weights, made where it is missing."""
        assert protocol.parent is not None and self.model.config is not None
        file = self.folder / INHERITED_FILE
        parent = load_checkpoint(protocol.parent)
        wanted = weights_digest(parent.tensors)
        if file.exists() and read_metadata(file).get("parent_weights") == wanted:
            return file
        listener.status(f"inheriting the weights of {protocol.parent}")
        images = load_images(protocol.data, split="training").images
        recipe = get_recipe(protocol.recipe).replace(batch_size=_CROPS)
        patches = PatchSampler(images, scale=self.model.scale, recipe=recipe, seed=protocol.seed)
        crops, _ = patches.batch(0)
        inherited = inherit(parent.config, parent.tensors, self.model.config, crops)
        steps = steps_with_ancestors(parent.metadata)
        metadata = {**inherited.metadata, ANCESTOR_STEPS: str(steps)}
        save_checkpoint(file, inherited.weights, self.model.config, metadata)
        return file

    def _stored(self, asked: Mapping[str, object]) -> ModelCard | None:
        """The card that answers the same question, if it is there."""
        if not (self.folder / CARD).exists() or not (self.folder / PAGE).exists():
            return None
        document = read_json(self.folder / CARD)
        if not isinstance(document, dict) or document.pop("asked", None) != asked:
            return None
        try:
            return pydantic.TypeAdapter(ModelCard).validate_python(document)
        except pydantic.ValidationError:  # of another version
            return None

    def _judged(
        self, training: Training, digest: str, protocol: Protocol, listener: Listener
    ) -> ModelCard:
        model, config = load(training.checkpoint), self.model.config
        assert config is not None
        files = {
            **write_onnx(model, self.folder, listener),
            **write_program(
                model,
                self.target,
                self.folder,
                calibration_images=protocol.data,
                listener=listener,
            ),
        }
        shipped = load(self.folder / INT8) if INT8 in files else model
        origin = self._origin(training, protocol)
        cost = self._timed(shipped, protocol, listener)
        quality = tuple(
            row
            for data in protocol.evaluated_on
            for row in self._quality(model, shipped, data, listener)
        )
        bound = macs_bound(config)
        device = describe_device()
        return ModelCard(
            trial=self.trial,
            arch_id=config.arch_id,
            family=config.family,
            scale=config.scale,
            design=config.model_dump(mode="json"),
            params=bound.parameters,
            macs=bound.total,
            weights=digest,
            origin=origin,
            quality=quality,
            cost=cost,
            files={"checkpoint": training.checkpoint.name, **files},
            limits=limits_of(config, origin, cost),
            versions={
                "paretosr": version("paretosr"),
                "torch": str(device["torch_version"]),
                "trained on": str(device["cpu_model"]),
            },
        )

    def _quality(
        self, model: Model, shipped: Model, data: str, listener: Listener
    ) -> list[QualityOn]:
        """What PyTorch gives, and what the target does where it computes otherwise."""
        judged = [evaluate(model, data, listener=listener)]
        if self.target.precision != "float32":
            judged.append(evaluate(shipped, data, target=self.target, listener=listener))
        bicubic = bicubic_quality(data, model.scale)
        return [
            QualityOn(
                data=data,
                images=len(it.images),
                computed_by="PyTorch, float32" if it.target is None else it.target,
                psnr_y_db=it.psnr_y_db,
                ssim_y=it.ssim_y,
                bicubic_psnr_y_db=bicubic.psnr_y_db,
                bicubic_ssim_y=bicubic.ssim_y,
            )
            for it in judged
        ]

    def _timed(self, model: Model, protocol: Protocol, listener: Listener) -> Cost | None:
        try:
            timed = profile(model, self.target, max_seconds=protocol.max_seconds, listener=listener)
        except ProfilingFailed as error:
            listener.warning(f"{self.model.name} is not timed on {self.target}: {error}")
            return None
        return Cost(
            target=str(self.target),
            variant=timed.variant,
            lr_height_px=self.target.lr_height_px,
            lr_width_px=self.target.lr_width_px,
            batch=self.target.batch,
            latency_ms=timed.latency_ms,
            latency_ci_low_ms=timed.latency_ci_low_ms,
            latency_ci_high_ms=timed.latency_ci_high_ms,
            peak_memory_mib=timed.peak_memory_mib,
            device=dict(timed.device),
        )

    def _origin(self, training: Training, protocol: Protocol) -> Origin:
        trained, parent = training.outcome.training, None
        ancestors = 0
        if protocol.parent is not None:
            inherited = read_metadata(self.folder / INHERITED_FILE)
            parent = f"{inherited['parent_arch_id']} ({inherited['parent_weights']})"
            ancestors = int(inherited[ANCESTOR_STEPS])
        return Origin(
            run=str(self.run),
            start="random" if parent is None else "inherited",
            parent=parent,
            teacher=None if protocol.teacher is None else trained.teacher,
            recipe=training.recipe.name,
            schedule=training.schedule,
            steps=trained.steps,
            steps_with_ancestors=trained.steps + ancestors,
            seconds=trained.seconds,
            seed=protocol.seed,
            precision=training.plan.precision,
            training_data=protocol.data,
            training_images=len(training.plan.images.training),
            licence=licence_note(protocol.data),
        )


def steps_with_ancestors(metadata: Mapping[str, str]) -> int:
    """The steps that made a checkpoint's weights, with those of the weights it inherited."""
    return int(metadata.get("step", 0)) + int(metadata.get(ANCESTOR_STEPS, 0))


def bicubic_quality(data: str, scale: int) -> Quality:
    """What bicubic gives on the images of a folder.

    Raises:
        ValueError: there is no image, or one that is too small.
    """
    images = load_images(data, split="validation", skip_bad=True)
    return evaluate_quality(bicubic_upscaler(scale), prepare_validation(images.images, scale))


def check_parent(parent: Model, models: Sequence[Model]) -> None:
    """Check that all models can inherit from a trained one, before any is trained.

    Raises:
        ValueError: the parent has no weights, or is of another family or scale.
    """
    if parent.config is None or parent.weights is None:
        raise ValueError(
            f"a parent must be a checkpoint, whose weights are inherited: {parent.name}"
        )
    for model in models:
        assert model.config is not None
        if (model.config.family, model.scale) != (parent.config.family, parent.scale):
            raise ValueError(
                f"all picks must be of the parent's family and scale, {parent.config.family} x"
                f"{parent.scale}, to inherit from {parent.name}, but {model.name} is of "
                f"{model.config.family} x{model.scale}: leave it out, or train from random weights"
            )
