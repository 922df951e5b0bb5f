"""The published networks by name.

SeemoRe: the authors' nine test configurations (eduardzamfir/seemoredetails,
options/super_resolution/test). SplitSR: the default reading of its figure and notes.
"""

from dataclasses import dataclass
from typing import get_args

from blocks.config import Scale
from blocks.networks import NetworkConfig
from blocks.seemore import SeemoReConfig
from blocks.splitsr import SplitSRConfig

SCALES: tuple[Scale, ...] = get_args(Scale)


@dataclass(frozen=True)
class CatalogueEntry:
    """One published network at one scale.

    `macs_published` is the number of multiply-adds as printed, for 1280x720 output, or None
    where none could be read; `published_convention` says how it was counted, or why not.
    """

    name: str
    config: NetworkConfig
    macs_published: int | None
    published_convention: str
    source: str


def _seemore_t(scale: Scale, giga_macs: int) -> CatalogueEntry:
    return CatalogueEntry(
        name="seemore-t",
        config=SeemoReConfig(scale=scale),
        macs_published=giga_macs * 10**9,
        published_convention="top-1 expert executed, convolutions only, rounded to 1 G",
        source="Zamfir et al. 2024, arXiv:2402.03412, Table 1",
    )


def _seemore(name: str, config: SeemoReConfig) -> CatalogueEntry:
    return CatalogueEntry(
        name=name,
        config=config,
        macs_published=None,
        published_convention="unknown: Table 2 of the paper could not be read",
        source="eduardzamfir/seemoredetails, test configurations",
    )


def _splitsr(scale: Scale) -> CatalogueEntry:
    return CatalogueEntry(
        name="splitsr",
        config=SplitSRConfig(scale=scale),
        macs_published=None,
        published_convention="unknown: the tables of the paper could not be read",
        source="Liu et al. 2021, arXiv:2101.07996, figure and secondary notes",
    )


CATALOGUE: tuple[CatalogueEntry, ...] = (
    _seemore_t(2, 45),
    _seemore_t(3, 20),
    _seemore_t(4, 12),
    *(_seemore("seemore-b", SeemoReConfig(scale=s, channels=48, groups=8)) for s in SCALES),
    *(
        _seemore(
            "seemore-l",
            SeemoReConfig(scale=s, channels=48, groups=16, recursion=1, shuffle=False),
        )
        for s in SCALES
    ),
    *(_splitsr(s) for s in SCALES),
)


def catalogue_config(name: str, scale: int) -> NetworkConfig:
    """The configuration of a published network.

    Raises:
        ValueError: the name or the scale is unknown.
    """
    entries = {entry.config.scale: entry for entry in CATALOGUE if entry.name == name}
    if not entries:
        names = ", ".join(dict.fromkeys(entry.name for entry in CATALOGUE))
        raise ValueError(f"the catalogue has no network {name!r}; known: {names}")
    if scale not in entries:
        known = ", ".join(map(str, entries))
        raise ValueError(f"{name} is published at the scales {known}, got {scale}")
    return entries[scale].config
