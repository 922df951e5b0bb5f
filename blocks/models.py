"""What a MODEL reference stands for: a design and, where there are any, its trained weights."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from blocks import (
    CATALOGUE,
    NetworkConfig,
    SuperResolutionNetwork,
    catalogue_config,
    load_checkpoint,
    load_network,
    parse_network_config,
)
from blocks.catalogue import SCALES
from blocks.random_weights import seeded_network
from foundation import alternatives, has_suffix
from foundation.documents import read_json, read_yaml

BICUBIC = "bicubic"
_PYTORCH_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin", ".tar")


@dataclass(frozen=True)
class Model:
    """A network's design with its trained weights, if there are any, or bicubic enlargement.

    Example:
        >>> import paretosr as psr
        >>> net = psr.load("fsrcnn", scale=2)
        >>> sum(parameter.numel() for parameter in net.network().parameters())
        12644

    Attributes:
        name: the reference that it was loaded by.
        scale: enlargement of height and width: 2, 3 or 4.
        config: the network's design; None for bicubic, which is not a network.
        weights: checkpoint with trained weights; None where there is none.
        artefact: folder of the network quantised for one runtime, in which `weights` are those in
            float; None where it is not.
    """

    name: str
    scale: int
    config: NetworkConfig | None
    weights: Path | None = None
    artefact: Path | None = None

    def network(self, seed: int = 0) -> SuperResolutionNetwork:
        """The PyTorch module, on the CPU and in training mode, with its trained weights.

        A design without weights gets the random ones of `seed`.

        Shape of its calls: (N, 3, H, W) -> (N, 3, scale * H, scale * W), RGB in [0, 1].

        Raises:
            ValueError: this is bicubic, or the checkpoint is missing or corrupt.
        """
        if self.config is None:
            raise ValueError(f"a model with a network is needed, but {self.name} has none")
        if self.weights is not None:
            return load_network(self.weights)
        return seeded_network(self.config, seed)


TrialReader = Callable[[str], Model]
"""Returns the candidate of a search that RUN_DIR:TRIAL names."""


def resolve_model(reference: str, scale: int | None, read_trial: TrialReader) -> Model:
    """Return what `reference` stands for, at `scale` or at the scale it names itself.

    Raises:
        ValueError: the reference is unknown, needs a scale, contradicts the given one, or
            its file is not what its name says.
        OSError: its file cannot be read.
    """
    model = _resolve(reference, scale, read_trial)
    check_scale(model, scale)
    return model


def check_scale(model: Model, scale: int | None) -> None:
    """Check that `model` enlarges by `scale`, where one is given.

    Raises:
        ValueError: it does not.
    """
    if scale is not None and scale != model.scale:
        raise ValueError(
            f"the scale must be that of MODEL: {model.name!r} enlarges by {model.scale}, "
            f"got {scale}"
        )


def _resolve(reference: str, scale: int | None, read_trial: TrialReader) -> Model:
    if scale is not None and scale not in SCALES:
        raise ValueError(f"the scale must be 2, 3 or 4, got {scale}")
    path = Path(reference)
    if has_suffix(path, ".json", ".yaml", ".yml"):
        data = read_json(path) if has_suffix(path, ".json") else read_yaml(path)
        config = parse_network_config(data, reference)
        return Model(reference, config.scale, config)
    if has_suffix(path, ".safetensors"):
        config = load_checkpoint(path).config
        return Model(reference, config.scale, config, path)
    if has_suffix(path, *_PYTORCH_SUFFIXES):
        raise ValueError(
            f"{reference} may be a checkpoint of a network's authors: convert it with paretosr"
            f" import-weights {reference} --as NAME --out {path.stem}.safetensors"
        )
    if has_suffix(path, ".onnx"):
        raise ValueError(
            f"{reference} is a graph without a network's design, which MODEL must name: give the"
            " checkpoint or the config that it was exported from"
        )
    if ":" in reference:
        return read_trial(reference)
    return _by_name(reference, scale)


def did_you_mean(name: str, known: Sequence[str], cutoff: float = 0.0) -> str:
    """A hint with the three names most alike, or those of them above the cutoff."""
    alike = [repr(other) for other in get_close_matches(name, known, n=3, cutoff=cutoff)]
    return f"; did you mean {alternatives(alike)}?" if alike else ""


def _check_is_no_path(path: Path) -> None:
    """Refuse a path, of which no name of the catalogue would be a useful hint.

    Raises:
        ValueError: there is a file or a folder of that name, or it names a place where none is.
    """
    if path.is_dir():
        found = [name for name in ("run.yaml", "model.safetensors") if (path / name).exists()]
        trial, training = f"{path}:TRIAL of a search", f"{path}/model.safetensors of a training"
        give = {"run.yaml": trial, "model.safetensors": training}
        raise ValueError(
            f"MODEL must not be a folder, unless of paretosr compress, got '{path}': give "
            + (" or ".join(give[name] for name in found or give))
        )
    if path.exists():
        raise ValueError(
            "a file as MODEL must be a .json or .yaml config or a .safetensors checkpoint, got "
            f"'{path}'"
        )
    if len(path.parts) > 1:
        raise ValueError(f"no such file or folder: {path}")


def _by_name(name: str, scale: int | None) -> Model:
    known = [*dict.fromkeys(entry.name for entry in CATALOGUE), BICUBIC]
    if name not in known:
        _check_is_no_path(Path(name))
        raise ValueError(
            "MODEL must be a catalogue name, a .json or .yaml config, a .safetensors checkpoint, "
            f"RUN_DIR:TRIAL or bicubic, got {name!r}{did_you_mean(name, known)} (paretosr models "
            "lists all)"
        )
    if scale is None:
        raise ValueError(
            f"{name!r} exists at several scales: choose 2, 3 or 4 with --scale, or scale= in Python"
        )
    config = None if name == BICUBIC else catalogue_config(name, scale)
    return Model(name, scale, config)
