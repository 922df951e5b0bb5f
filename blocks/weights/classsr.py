"""ClassSR's checkpoints: a classifier and the branches, each as in a file of its own.

Source of the names: XPixelGroup/ClassSR.
"""

from blocks.networks.carn import CarnConfig
from blocks.networks.classsr import ClassSRConfig
from blocks.networks.fsrcnn import FsrcnnConfig
from blocks.networks.msrresnet import MsrResNetConfig
from blocks.networks.rcan import RcanConfig
from blocks.weights.layouts import layout_of
from blocks.weights.renaming import Importer, Layout, Rename


def classsr_layout(config: ClassSRConfig) -> Layout:
    """The names in the authors' checkpoints.

    Raises:
        ValueError: the branches are of a backbone that was not published.
    """
    for branch in config.branches:
        if not isinstance(branch, CarnConfig | FsrcnnConfig | MsrResNetConfig | RcanConfig):
            raise ValueError(
                "the branches must be of carn, fsrcnn (rgb), msrresnet or rcan, with which ClassSR"
                f" was published, got {branch.family}"
            )
    parts = [
        classifier_layout(config).within("classifier", "classifier"),
        *(
            layout_of(branch).within(f"net{number}", f"branches.{number - 1}")
            for number, branch in enumerate(config.branches, start=1)
        ),
    ]
    return Layout(
        tuple(rename for part in parts for rename in part.renames),
        ignored="|".join(part.ignored for part in parts if part.ignored),
    )


def classifier_layout(config: ClassSRConfig) -> Layout:
    """The names in a checkpoint of the classifier alone."""
    features = 2 * (config.classifier_layers - 1)
    return Layout(
        (
            Rename(rf"CondNet\.{features}", "features"),
            Rename(r"CondNet\.(?P<index>\d+)", "cells.{index}"),
            Rename(r"lastOut", "output"),
        )
    )


CLASSSR_IMPORTER = Importer.by_layout("classsr", classsr_layout)
