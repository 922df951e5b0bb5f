"""An exported ClassSR as a function of images, by ONNX Runtime.

It reads nothing but the exported folder, whose manifest says in words what any other program has to
do to run the networks.
"""

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from blocks.windows import Canvas, Windows
from foundation.configs import FrozenConfig

MANIFEST_FILE = "manifest.json"
CLASSIFIER_FILE = "classifier.onnx"

_CUTTING = (
    "A side shorter than patch_px is first made as long by repeating its last pixels. Then "
    "square patches from the top left corner on, stride_px apart, row by row, until they cover "
    "the image: ceil((side - patch_px) / stride_px) + 1 along each side; what the last ones "
    "cover beyond the image is mirrored there, without repeating its border."
)
_ROUTING = (
    "The class of a patch, counted from 0, is the place of its largest logit; the branch of that "
    "place in `branches` enlarges it."
)
_BLENDING = (
    "Along each axis a pixel of an enlarged patch weighs 1, over the overlap with the patch "
    "before it later_weights, and over that with the patch behind it 1 - later_weights; its "
    "weight is the product of both axes'. The image is the sum of the weighted patches, cropped "
    "to scale times the image's height and width and then clamped to [0, 1]."
)

Images = NDArray[np.float32]


class BranchFile(FrozenConfig):
    """The graph of one branch."""

    file: str
    family: str


class Manifest(FrozenConfig):
    """How the graphs of a folder make up one network."""

    format: Literal["paretosr-classsr"] = "paretosr-classsr"
    format_version: Literal[1] = 1
    scale: int
    patch_px: int
    stride_px: int
    lr_size_px: tuple[int, int] | None = None
    """Height and width of the images if they have one size: the graphs then take one patch."""
    images: str = "float32, (number, 3, height, width), red, green, blue from 0 to 1"
    cutting: str = _CUTTING
    classifier: str = CLASSIFIER_FILE
    """The graph from `images`, patches, to `logits`, (number, classes)."""
    routing: str = _ROUTING
    branches: tuple[BranchFile, ...]
    """The graphs from `images`, patches, to `enlarged`, in the order of the classes."""
    blending: str = _BLENDING
    later_weights: tuple[float, ...]
    """scale * (patch_px - stride_px) weights, from the patch's border inwards."""
    config: dict[str, Any]
    """The configuration of the network."""
    versions: dict[str, str]
    """Of what wrote the folder."""


class OnnxRouter:
    """The network of a folder.

    Shape: (3, h, w) float32 in [0, 1] -> (3, scale h, scale w), not clamped.

    Raises:
        ValueError: on a call, the folder was written for images of another size.
    """

    def __init__(self, folder: Path) -> None:
        from onnxruntime import InferenceSession

        def session(file: str) -> Any:
            return InferenceSession(folder / file, providers=["CPUExecutionProvider"])

        text = (folder / MANIFEST_FILE).read_text(encoding="utf-8")
        self.manifest = Manifest.model_validate_json(text)
        self._classifier = session(self.manifest.classifier)
        self._branches = [session(branch.file) for branch in self.manifest.branches]

    def __call__(self, image: Images) -> Images:
        size_px = self.manifest.lr_size_px
        if size_px is not None and image.shape[1:] != size_px:
            wanted, given = ("x".join(map(str, sides)) for sides in (size_px, image.shape[1:]))
            raise ValueError(f"the image must be of {wanted} px, got {given}; export without size")
        images = self._at_least_a_patch(torch.tensor(image)[None])
        windows = Windows.covering(images, self.manifest.patch_px, self.manifest.stride_px)
        canvas = Canvas(images, windows, self.manifest.scale, self._later_weights)
        patches: Images = windows.cut(images).numpy()
        for place, patch in enumerate(self._enlarge(patches, self.classes(patches))):
            canvas.add(torch.from_numpy(patch)[None], [place])
        height, width = (self.manifest.scale * side for side in image.shape[1:])
        blended: Images = canvas.images[0, :, :height, :width].numpy()
        return blended

    def classes(self, patches: Images) -> NDArray[np.int64]:
        """The class, from 0, of each patch. Shape: (N, 3, patch_px, patch_px) -> (N,)."""
        classes: NDArray[np.int64] = self._run(self._classifier, patches).argmax(axis=1)
        return classes

    def branch(self, number: int, patches: Images) -> Images:
        """The patches enlarged by the branch of class `number`, from 0."""
        return self._run(self._branches[number], patches)

    def _run(self, session: Any, patches: Images) -> Images:
        at_once = len(patches) if self.manifest.lr_size_px is None else 1
        return np.concatenate(
            [
                session.run(None, {"images": patches[start : start + at_once]})[0]
                for start in range(0, len(patches), at_once)
            ]
        )

    def _at_least_a_patch(self, images: torch.Tensor) -> torch.Tensor:
        """The images, their last row and column repeated where they are smaller than a patch."""
        below, beside = (max(0, self.manifest.patch_px - side) for side in images.shape[2:])
        return torch.nn.functional.pad(images, (0, beside, 0, below), mode="replicate")

    def _enlarge(self, patches: Images, classes: NDArray[np.int64]) -> Images:
        side = self.manifest.scale * self.manifest.patch_px
        enlarged = np.empty((len(patches), 3, side, side), np.float32)
        for number in np.unique(classes):
            chosen = classes == number
            enlarged[chosen] = self.branch(number, patches[chosen])
        return enlarged

    def _later_weights(self, overlap_px: int) -> Tensor:
        """The manifest's, which are for the one overlap that its patches have."""
        return torch.tensor(self.manifest.later_weights)
