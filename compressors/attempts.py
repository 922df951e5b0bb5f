"""Quantised programs of one network, each made, run on the target and judged."""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch

from blocks import SuperResolutionNetwork
from blocks.module_state import evaluation_mode
from compressors.artefacts import PROGRAM_FILES, EngineName, Trial
from compressors.crops import Crops
from compressors.engines import find_engine
from compressors.layers import Layer, quantised
from compressors.quantiser import KIB, Engine, Images, ProgramRunner, QuantisationFailed
from compressors.schemes import InstructionSet, Scheme


@dataclass(frozen=True)
class Attempt:
    """A quantised program in a folder of its own, and what it lost."""

    folder: Path
    trial: Trial
    quantised: tuple[str, ...]
    """The layers in 8 bits."""


class Attempts:
    """Makes and judges quantised programs of one network, in a temporary folder."""

    def __init__(
        self,
        network: SuperResolutionNetwork,
        engine: EngineName,
        crops: Crops,
        run: ProgramRunner,
        instruction_set: InstructionSet,
        folder: Path,
    ) -> None:
        self.engine: Engine = find_engine(engine)
        check_crops(network, crops)
        self._program_file = PROGRAM_FILES[engine]
        self._crops, self._run, self._folder = crops, run, folder
        self.float_psnr_y_db = crops.psnr_y_db(_enlarged(network, crops.held_out_images))
        self._quantiser = self.engine.open(network, crops.calibration, instruction_set)
        self._made = 0
        if not self.quantisable:
            raise QuantisationFailed(
                "a network needs convolutions that may be quantised, but the rule leaves all of "
                f"{network.config.family} in float"
            )

    @classmethod
    @contextmanager
    def at(
        cls,
        network: SuperResolutionNetwork,
        engine: EngineName,
        crops: Crops,
        run: ProgramRunner,
        instruction_set: InstructionSet,
    ) -> Iterator[Self]:
        """Attempts whose programs vanish when the block ends.

        Raises:
            ValueError: the engine is not installed, or the crops do not suit the network.
            ExportFailed: the network cannot become a program.
            QuantisationFailed: nothing of the network may be quantised.
        """
        with tempfile.TemporaryDirectory(prefix="paretosr-int8-") as folder:
            yield cls(network, engine, crops, run, instruction_set, Path(folder))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """All convolutions of the program."""
        return self._quantiser.layers

    @property
    def quantisable(self) -> tuple[str, ...]:
        """The layers that the rule quantises."""
        return quantised(self.layers)

    def float_layers(self, attempt: Attempt) -> dict[str, str]:
        """The layers of its program in float, and why each is."""
        return {
            layer.name: layer.why_float or "loses too much"
            for layer in self.layers
            if layer.name not in attempt.quantised
        }

    def attempt(self, scheme: Scheme, kept_float: Collection[str] = ()) -> Attempt:
        """Quantise by `scheme`, but not the layers of `kept_float`, and judge the program.

        Raises:
            QuantisationFailed: the engine refuses the network, or its program gives NaN.
        """
        self._made += 1
        folder = self._folder / str(self._made)
        folder.mkdir()
        names = [layer.name for layer in self.layers]
        may = names if scheme.scope == "everything" else self.quantisable
        chosen = tuple(name for name in may if name not in kept_float)
        weights_kib = self._quantiser.write(scheme, chosen, folder)
        enlarged = self._run(folder / self._program_file, self._crops.held_out_images)
        if not np.isfinite(enlarged).all():
            raise QuantisationFailed(f"the program of scheme {scheme.name!r} gives NaN or infinity")
        psnr_db = self._crops.psnr_y_db(enlarged)
        trial = Trial(
            scheme=scheme,
            kept_float=tuple(name for name in may if name in kept_float),
            psnr_y_db=psnr_db,
            loss_db=self.float_psnr_y_db - psnr_db,
            weights_kib=weights_kib,
            file_kib=sum(file.stat().st_size for file in folder.iterdir()) / KIB,
        )
        return Attempt(folder, trial, chosen)


def check_crops(network: SuperResolutionNetwork, crops: Crops) -> None:
    """Check that `network` can be judged by these crops.

    Raises:
        ValueError: they are of another scale, or smaller than it takes.
    """
    config = network.config
    if crops.scale != config.scale:
        raise ValueError(
            f"crops must be of the network's scale, {config.scale}, got {crops.scale}: cut others"
        )
    if crops.side_px < config.minimum_size_px:
        raise ValueError(
            f"crops must have at least the {config.minimum_size_px} px a side at low resolution "
            f"that the network takes, got {crops.side_px}: use larger images or crops"
        )


def _enlarged(network: SuperResolutionNetwork, images: Images) -> Images:
    """What the float network makes of the images, one by one."""
    with evaluation_mode(network), torch.inference_mode():
        enlarged = [network(image[None]) for image in torch.from_numpy(images)]
    return torch.cat(enlarged).numpy()
