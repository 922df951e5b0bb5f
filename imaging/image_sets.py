"""The images that a run or a training began with, so that others are noticed when it goes on."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Self

import numpy as np

from foundation import write_text_atomically
from foundation.configs import FrozenConfig, parse_config
from foundation.documents import read_json
from imaging.images import Image

IMAGES_FILE = "images.json"
_NAMED = 5
"""So many images of a kind are named; of the others the number is told."""


class ImageSets(FrozenConfig):
    """A short digest of the decoded pixels of each image, by its name."""

    training: dict[str, str]
    validation: dict[str, str]

    @classmethod
    def of(cls, training: Iterable[Image], validation: Iterable[Image]) -> Self:
        """Return the digests of both sets."""
        return cls(training=_digests(training), validation=_digests(validation))

    def record(self, folder: Path) -> None:
        """Write down that what is in `folder` began with these images.

        Raises:
            OSError: the folder cannot be written.
        """
        write_text_atomically(folder / IMAGES_FILE, self.model_dump_json() + "\n")

    def check(self, folder: Path, *, remedy: str) -> str | None:
        """Compare with the images that what is in `folder` began with.

        Returns a note where they were not recorded, as in folders of earlier versions.

        Raises:
            ValueError: they are others; the message names them and ends with `remedy`.
        """
        file = folder / IMAGES_FILE
        if not file.exists():
            return (
                f"whether the images are those that {folder} began with cannot be checked: "
                f"{IMAGES_FILE}, which says so, is missing, as in folders of earlier versions"
            )
        began = parse_config(ImageSets, read_json(file), str(file))
        for name in ImageSets.model_fields:
            if change := _change(getattr(began, name), getattr(self, name)):
                raise ValueError(
                    f"the {name} images must be those that {folder} began with, but differ "
                    f"({change}): {remedy}"
                )
        return None


def _digests(images: Iterable[Image]) -> dict[str, str]:
    # Ten hexadecimal digits, by the fastest hash of the standard library.
    hashes: defaultdict[str, hashlib.blake2b] = defaultdict(lambda: hashlib.blake2b(digest_size=5))
    for image in images:
        hashes[image.name].update(repr(image.pixels.shape).encode())
        hashes[image.name].update(np.ascontiguousarray(image.pixels).data)
    return {name: digest.hexdigest() for name, digest in hashes.items()}


def _change(began: Mapping[str, str], now: Mapping[str, str]) -> str:
    """What happened to the images in words; empty if nothing did."""
    kinds = {
        "added": now.keys() - began.keys(),
        "removed": began.keys() - now.keys(),
        "changed": {name for name in began.keys() & now.keys() if began[name] != now[name]},
    }
    return "; ".join(f"{kind}: {_names(sorted(names))}" for kind, names in kinds.items() if names)


def _names(names: list[str]) -> str:
    others = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {others} more" if others > 0 else "")
