"""How ClassSR is laid out: its classifier, and the branches, each of which inherits by itself."""

from collections.abc import Iterator, Mapping

from blocks.config import NetworkConfigBase
from blocks.networks.classsr import CLASSIFIER_FEATURES, ClassSRConfig
from blocks.networks.interpolation import InterpolationConfig
from compressors.inheritance.designs import Series
from compressors.inheritance.family import InheritedFamily
from compressors.inheritance.layout import IMAGE, Layout, channels, joined, layer


def _layout(config: ClassSRConfig) -> Layout:
    layouts, reads = [], channels(IMAGE, 3)
    for number in range(config.classifier_layers - 1):
        writes = channels(f"classifier {number}", config.classifier_channels)
        layouts.append(layer(f"classifier.cells.{2 * number}", reads, writes))
        reads = writes
    features = channels("classifier features", CLASSIFIER_FEATURES)
    layouts.append(layer("classifier.features", reads, features))
    classes = channels("classes", len(config.branches))
    layouts.append(layer("classifier.output", features, classes, kernel_axes=0))
    return joined(layouts)


def _parts(config: ClassSRConfig) -> Mapping[str, NetworkConfigBase]:
    return {f"branches.{number}": branch for number, branch in enumerate(config.branches)}


def _with_parts(config: ClassSRConfig, parts: Mapping[str, NetworkConfigBase]) -> ClassSRConfig:
    return config.replace(branches=tuple(parts.values()))


def _no_designs(config: NetworkConfigBase) -> Iterator[Series]:
    """Smaller ones have smaller parts."""
    return iter(())


CLASSSR = InheritedFamily(
    "classsr",
    _layout,
    _no_designs,
    ("classifier_channels",),
    fixed=("patch_px", "classifier_layers"),
    parts=_parts,
    with_parts=_with_parts,
)


def _nothing(config: InterpolationConfig) -> Layout:
    return Layout()


INTERPOLATION = InheritedFamily("interpolation", _nothing, _no_designs, (), fixed=("mode",))
