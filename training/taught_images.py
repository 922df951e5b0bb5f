"""What a teacher makes of the batches of a training, kept for all that are trained on the same.

Batches are a function of the step, so that every candidate of a search sees the same ones, and its
teacher would compute the same images for each.
"""

import hashlib
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.data.patches import PatchSampler
from training.distributed import ALONE, Processes
from training.teacher import Teacher

_CHECKSUM_BYTES = 4


class TaughtImages:
    """The images of a teacher for the batches of `patches`, in a file of `folder`.

    They are computed in float32 and kept in float16, which is exact to 1/4096 below 1; whoever
    computes them learns from what is kept too. Any number of trainings may share a folder at a
    time. What is torn or damaged in it is computed again.
    """

    def __init__(
        self, teacher: Teacher, patches: PatchSampler, folder: Path, processes: Processes = ALONE
    ) -> None:
        self._teacher = teacher
        self._scale = patches.scale
        parts = (  # all that decides what the batches are
            teacher.identity,
            patches.images_digest,
            patches.recipe.model_dump_json(exclude={"teacher"}),
            patches.seed,
            0 if patches.classes is None else len(patches.classes),
            f"{processes.rank} of {processes.count}",
        )
        name = hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:16]
        self._path = folder / f"{name}.float16"
        folder.mkdir(parents=True, exist_ok=True)
        self._path.touch()

    @torch.no_grad()
    def images(self, low: Tensor, step: int) -> Tensor:
        """What the teacher makes of the batch of a step.

        Shape: (N, 3, p, p) -> (N, 3, scale p, scale p), float32.

        Raises:
            OSError: the disk is full.
        """
        shape = (*low.shape[:2], low.shape[2] * self._scale, low.shape[3] * self._scale)
        kept = self._read(step, shape)
        if kept is None:
            with torch.autocast(low.device.type, enabled=False):
                kept = self._teacher.images(low).to("cpu", torch.float16).contiguous()
            self._write(step, kept)
        return kept.to(low.device, torch.float32, memory_format=torch.channels_last)

    def _read(self, step: int, shape: tuple[int, ...]) -> Tensor | None:
        size = 2 * int(np.prod(shape))
        with self._path.open("rb") as file:
            file.seek(step * (_CHECKSUM_BYTES + size))
            checksum, content = file.read(_CHECKSUM_BYTES), bytearray(file.read(size))
        if len(content) < size or checksum != _checksum(content):
            return None
        return torch.frombuffer(content, dtype=torch.float16).view(shape)

    def _write(self, step: int, images: Tensor) -> None:
        content = images.numpy().tobytes()
        with self._path.open("r+b") as file:
            file.seek(step * (_CHECKSUM_BYTES + len(content)))
            file.write(_checksum(content) + content)


def _checksum(content: bytes | bytearray) -> bytes:
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "little")
