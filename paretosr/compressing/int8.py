"""A trained network as an int8 program, and what each layer of it loses."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import compressors
from compressors import Artefact, LayerSensitivity, Trial
from foundation import write_text_atomically
from foundation.listener import SILENT, Listener
from imaging import BUNDLED
from paretosr.compressing.quantising import QuantiserInputs, quantiser_inputs
from paretosr.measuring.subjects import as_target
from paretosr.models import Model, load
from paretosr.results import Result, Table
from profilers import Target
from upscaling import require_weights

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SENSITIVITY_TABLE = "sensitivity.csv"
SENSITIVITY_FIGURE = "sensitivity.png"


@dataclass(frozen=True, repr=False)
class QuantisedModel(Result):
    """An int8 program of a network, and what every program that was tried lost.

    Decibels are PSNR on the Y channel of held-out crops of the calibration images, on the target.
    """

    model: str
    """Its reference."""
    scale: int
    target: str
    """On which the programs ran."""
    folder: Path
    """The quantised network, which is a model itself."""
    instruction_set: str
    """Of the target's processor, which the program is made for."""
    float_psnr_y_db: float
    """Of the network in float32."""
    float_weights_kib: float
    """Its weights."""
    chosen: Trial
    """The program that was kept."""
    tried: tuple[Trial, ...]
    """All of them, in the order they were made."""
    sensitivity: tuple[LayerSensitivity, ...] = ()
    """What each quantised layer loses, if that was asked for."""

    def to_dict(self) -> Mapping[str, object]:
        return {
            "method": "int8",
            "model": self.model,
            "scale": self.scale,
            "target": self.target,
            "folder": str(self.folder),
            "instruction_set": self.instruction_set,
            "float_psnr_y_db": self.float_psnr_y_db,
            "float_weights_kib": self.float_weights_kib,
            "chosen": self.chosen.model_dump(mode="json"),
            "tried": [trial.model_dump(mode="json") for trial in self.tried],
            "sensitivity": [asdict(layer) for layer in self.sensitivity],
        }

    def tables(self) -> Sequence[Table]:
        title = f"{self.model} x{self.scale} in int8 on {self.target}"
        tables = [tried_table(self.tried, title)]
        if self.sensitivity:
            tables.append(_sensitivity_table(self.sensitivity))
        return tables

    def sentences(self) -> Sequence[str]:
        smaller = self.float_weights_kib / self.chosen.weights_kib
        written = [
            f"{self.folder}: {self.chosen.scheme.name}, {self.chosen.loss_db:.3f} dB below float32 "
            f"({self.float_psnr_y_db:.2f} dB) on held-out crops, weights {smaller:.2f} times "
            "smaller"
        ]
        if self.sensitivity:
            written += [str(self.folder / name) for name in (SENSITIVITY_TABLE, SENSITIVITY_FIGURE)]
        return written

    def plot(self) -> "Figure":
        """What each layer loses alone, and what is lost without it, as bars.

        Raises:
            ValueError: it was not measured.
        """
        from reports.figures.sensitivity import sensitivity_bars

        if not self.sensitivity:
            raise ValueError("the sensitivity of the layers was not measured: ask for it")
        return sensitivity_bars(
            [(it.layer, it.loss_alone_db, it.loss_without_db) for it in self.sensitivity],
            title=f"{self.model} x{self.scale} in int8",
            loss_db=self.chosen.loss_db,
        )


def quantise(
    model: Model | str | Path,
    out: str | Path,
    target: Target | str,
    *,
    calibration_images: str | Path = BUNDLED,
    max_loss_db: float | None = None,
    sensitivity: bool = False,
    listener: Listener = SILENT,
) -> QuantisedModel:
    """Return the int8 program of a trained network that loses least, written as a folder.

    Convolutions are quantised, but for the first, the last and those of squeeze-and-excitation. A
    few schemes are tried, on crops of training images; the one is kept that loses least on other
    crops of them, enlarged on the target by the program itself. The folder is a model for targets
    of this runtime with precision=int8: `evaluate`, `profile`, `compare` and `upscale` take it.

    Args:
        model: a trained network, or a reference to one.
        out: a new folder.
        target: RUNTIME:precision=int8[,key=value,...], of onnxruntime, openvino or xnnpack. What
            its processor has for 8-bit integers decides, too, how the network is quantised.
        calibration_images: folder of training images, or "bundled" for the photographs that
            scikit-image contains. Take training images: what validates must not decide.
        max_loss_db: the most that may be lost on the held-out crops. The layers that lose most
            then stay in float, as few as will do.
        sensitivity: also measure what each layer loses alone, and what is lost without it, into
            sensitivity.csv and sensitivity.png of the folder; two programs are made for each.
        listener: hears how far it is.

    Raises:
        ValueError: the model has no trained weights, the folder is not new, the target is not
            valid or missing here, something that its engine needs is not installed, or the images
            do not suit the network.
        LossTooHigh: every program loses more than `max_loss_db`; `tried` says what each loses. It
            is a RuntimeError, as the others are.
        ExportFailed, QuantisationFailed: the engine refuses the network.
        ProfilingFailed: the target cannot run it.
        OSError: a file cannot be read or written.

    Examples:
        >>> import paretosr as psr
        >>> int8 = "openvino:precision=int8"
        >>> quantised = psr.quantise("runs/x2/model.safetensors", "int8", int8)  # doctest: +SKIP
        >>> psr.evaluate("int8", target=int8).psnr_y_db  # doctest: +SKIP
    """
    resolved, wanted, folder = load(model, listener=listener), as_target(target), Path(out)
    if resolved.config is None:
        raise ValueError("MODEL must be a network to be quantised, got bicubic")
    require_weights(resolved)
    listener.status("cutting crops of the calibration images")
    with quantiser_inputs(resolved, wanted, calibration_images) as inputs:
        artefact = compressors.quantise(
            inputs.network,
            inputs.engine,
            inputs.crops,
            inputs.run,
            inputs.instructions,
            folder,
            max_loss_db=max_loss_db,
            listener=listener,
        )
        layers = _sensitivity(inputs, artefact, listener) if sensitivity else ()
    manifest = artefact.manifest
    quantised = QuantisedModel(
        model=resolved.name,
        scale=resolved.scale,
        target=str(wanted),
        folder=folder,
        instruction_set=manifest.instruction_set,
        float_psnr_y_db=manifest.float_psnr_y_db,
        float_weights_kib=manifest.float_weights_kib,
        chosen=manifest.chosen,
        tried=manifest.tried,
        sensitivity=layers,
    )
    if layers:
        _write_sensitivity(quantised)
    return quantised


def tried_table(tried: Sequence[Trial], title: str = "") -> Table:
    """Return what each program lost and takes, as people read it."""
    numeric = ("layers in float", "lost (dB)", "weights (KiB)", "files (KiB)")
    rows = tuple(
        (
            trial.scheme.name,
            str(len(trial.kept_float)),
            f"{trial.loss_db:.3f}",
            f"{trial.weights_kib:.1f}",
            f"{trial.file_kib:.1f}",
        )
        for trial in tried
    )
    return Table(("scheme", *numeric), rows, frozenset(numeric), title)


def _sensitivity(
    inputs: QuantiserInputs, artefact: Artefact, listener: Listener
) -> tuple[LayerSensitivity, ...]:
    return compressors.sensitivity(
        inputs.network,
        inputs.engine,
        inputs.crops,
        inputs.run,
        inputs.instructions,
        artefact.manifest.chosen.scheme,
        listener=listener,
    )


def _sensitivity_table(layers: Sequence[LayerSensitivity]) -> Table:
    numeric = ("lost by it alone (dB)", "lost without it (dB)")
    rows = tuple(
        (it.layer, f"{it.loss_alone_db:.4f}", f"{it.loss_without_db:.4f}") for it in layers
    )
    return Table(("layer", *numeric), rows, frozenset(numeric), "what each layer loses in int8")


def _write_sensitivity(quantised: QuantisedModel) -> None:
    from reports.figures.style import save_figure

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("layer", "loss_alone_db", "loss_without_db"))
    writer.writerows(
        (it.layer, it.loss_alone_db, it.loss_without_db) for it in quantised.sensitivity
    )
    write_text_atomically(quantised.folder / SENSITIVITY_TABLE, text.getvalue())
    save_figure(quantised.plot(), quantised.folder / SENSITIVITY_FIGURE)
