"""Several files as one network: ClassSR's branches, which were published one by one."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from blocks.config import NetworkConfigBase
from blocks.networks.classsr import Classifier, ClassSRConfig
from blocks.networks.interpolation import InterpolationConfig
from blocks.weights.choosing import OfficialWeights, choose_by, import_official
from blocks.weights.classsr import classifier_layout
from blocks.weights.reading import read_checkpoint
from blocks.weights.renaming import renamed_to

_SEED = 0


def import_files(paths: Sequence[Path], config: NetworkConfigBase) -> OfficialWeights:
    """The weights of the network of `config`, from one file of it or from several of its parts.

    Several are the branches of a ClassSR network, from the easiest to the hardest, and last
    perhaps its classifier. One that no file holds keeps fresh weights, always the same, and a
    note says so. No code in a file is run.

    Raises:
        ValueError: a file cannot be read, is not of its part, or there are too few or too many.
    """
    if len(paths) == 1:
        return import_official(paths[0], config)
    if not isinstance(config, ClassSRConfig):
        raise ValueError(
            "several files must be the branches of a ClassSR network, got"
            f" {len(paths)} files for {config.family}: give one"
        )
    branches = {
        number: branch
        for number, branch in enumerate(config.branches)
        if not isinstance(branch, InterpolationConfig)
    }
    if len(paths) not in (len(branches), len(branches) + 1):
        raise ValueError(
            f"a network of {len(branches)} branches needs a file of all, or one for each from the"
            f" easiest to the hardest and perhaps one of the classifier, got {len(paths)} files"
        )
    state: dict[str, Tensor] = {}
    notes: list[str] = []
    for path, (number, branch) in zip(paths, branches.items(), strict=False):
        try:
            weights = import_official(path, branch)
        except ValueError as error:
            raise ValueError(f"branch {number + 1}: {error}") from error
        state |= {f"branches.{number}.{name}": tensor for name, tensor in weights.state.items()}
        notes += [f"{path.name}: {note}" for note in weights.notes]
    if len(paths) > len(branches):
        classifier = _imported_classifier(paths[-1], config)
        notes += [f"{paths[-1].name}: {note}" for note in classifier.notes]
        tensors = classifier.state
    else:
        tensors = _fresh_classifier(config)
        notes.append(
            "the classifier is not trained, as no file of it was given: train it with paretosr"
            " train --recipe classsr-classifier --init the result"
        )
    state |= {f"classifier.{name}": tensor for name, tensor in tensors.items()}
    return OfficialWeights(state, tuple(notes))


def _imported_classifier(path: Path, config: ClassSRConfig) -> OfficialWeights:
    with torch.device("meta"):
        expected = Classifier(config).state_dict()
    shapes = {name: tuple(tensor.shape) for name, tensor in expected.items()}
    convert = partial(
        renamed_to,
        shapes=shapes,
        layout=classifier_layout(config),
        whose=f"a classifier of {len(config.branches)} classes",
    )
    try:
        return choose_by(read_checkpoint(path), convert)
    except ValueError as error:
        raise ValueError(f"classifier: {path}: {error}") from error


def _fresh_classifier(config: ClassSRConfig) -> Mapping[str, Tensor]:
    with torch.random.fork_rng(devices=()):
        torch.manual_seed(_SEED)
        return Classifier(config).state_dict()
