"""The published networks by name.

SeemoRe: the authors' nine test configurations (eduardzamfir/seemoredetails,
options/super_resolution/test). SplitSR: the default reading of its figure and notes. The
others are what these are compared with, as their authors defined them, but for carn-m and
fsrcnn-rgb, which are ClassSR's variants, and fsrcnn-pytorch, which is the usual port.
"""

from dataclasses import dataclass
from typing import get_args

from blocks.config import Scale
from blocks.networks.carn import CarnConfig
from blocks.networks.classsr import ClassSRConfig
from blocks.networks.edsr import EdsrConfig
from blocks.networks.fsrcnn import FsrcnnConfig
from blocks.networks.imdn import ImdnConfig
from blocks.networks.msrresnet import MsrResNetConfig
from blocks.networks.rcan import RcanConfig
from blocks.networks.registry import NetworkConfig
from blocks.networks.rlfn import RlfnConfig
from blocks.networks.safmn import SafmnConfig
from blocks.networks.seemore import SeemoReConfig
from blocks.networks.smsr import SmsrConfig
from blocks.networks.span import SpanConfig
from blocks.networks.splitsr import SplitSRConfig

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


def _smsr(scale: Scale, mega_macs: int, executed: str) -> CatalogueEntry:
    return CatalogueEntry(
        name="smsr",
        config=SmsrConfig(scale=scale),
        macs_published=mega_macs * 10**6,
        published_convention="all masks active, the transposed convolutions of the mask"
        " predictors counted at every output pixel, 4 times what they take; rounded to 0.1 G;"
        f" executed: {executed}",
        source="Wang et al. 2021, arXiv:2006.09603, Table 1",
    )


def _fsrcnn(scale: Scale, mega_macs: int) -> CatalogueEntry:
    return CatalogueEntry(
        name="fsrcnn",
        config=FsrcnnConfig(scale=scale),
        macs_published=mega_macs * 10**6,
        published_convention="transposed convolution counted at every output pixel, scale^2 times"
        " what it takes; rounded to 0.1 G",
        source="Dong et al. 2016, arXiv:1608.00367; MACs: Wang et al. 2021 (SMSR), Table 1",
    )


def _imdn(scale: Scale, mega_macs: int) -> CatalogueEntry:
    return CatalogueEntry(
        name="imdn",
        config=ImdnConfig(scale=scale),
        macs_published=mega_macs * 10**6,
        published_convention="convolutions only, rounded to 0.1 G; x3 for an input of 427x240",
        source="Hui et al. 2019, arXiv:1909.11856",
    )


def _safmn(scale: Scale, mega_macs: int, convention: str) -> CatalogueEntry:
    return CatalogueEntry(
        name="safmn",
        config=SafmnConfig(scale=scale),
        macs_published=mega_macs * 10**6,
        published_convention=convention,
        source="Sun et al. 2023, arXiv:2302.13800, and sunny2109/SAFMN",
    )


def _carn_m(scale: Scale, mega_macs: int) -> CatalogueEntry:
    return CatalogueEntry(
        name="carn-m-original",
        config=CarnConfig(scale=scale, design="original"),
        macs_published=mega_macs * 10**6,
        published_convention="convolutions only, rounded to 0.1 G; the 412 K parameters printed"
        " are the weights of one network for the three scales, each with its upsampler",
        source="Ahn et al. 2018, arXiv:1803.08664, and nmhkahn/CARN-pytorch",
    )


def _unprinted(
    name: str,
    config: NetworkConfig,
    source: str,
    reason: str = "unknown: no figure in the sources that were read",
) -> CatalogueEntry:
    return CatalogueEntry(name, config, None, reason, source)


def _classsr(
    name: str, hard: NetworkConfig, widths: tuple[int, int], mega_flops: int, remark: str = ""
) -> CatalogueEntry:
    """Three widths of one backbone, of which the last is that of the catalogue."""
    narrow = (hard.replace(channels=channels) for channels in widths)
    return _unprinted(
        f"classsr-{name}",
        ClassSRConfig(scale=hard.scale, branches=(*narrow, hard)),
        _CLASSSR,
        _PER_PATCH.format(mega_flops, f", the mean over the routes that Test2K takes{remark}"),
    )


_FVCORE = "total of fvcore, which adds the elements that nearest upsampling writes"
_PER_PATCH = "{} M FLOPs per 32x32 patch in ClassSR, 2 for each multiply-add{}"
_TRANSPOSED = ", the transposed convolution 16 times too much"
_CLASSSR = "Kong et al. 2021 (ClassSR), arXiv:2103.04039, and XPixelGroup/ClassSR"
_RLFN = "Kong et al. 2022, arXiv:2205.07514, and bytedance/RLFN"
_NTIRE = "a challenge's network, official at x4 only: Amazingren/NTIRE2024_ESR"
_SPAN = "Wan et al. 2023, arXiv:2311.12770, and hongyuanyu/SPAN"

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
    _smsr(2, 224_100, "131.6 G at a mean active fraction of 0.51"),
    _smsr(3, 100_500, "67.8 G at a mean active fraction of 0.61"),
    _smsr(4, 57_200, "41.6 G at a mean active fraction of 0.67"),
    _fsrcnn(2, 6000),
    _fsrcnn(3, 5000),
    _fsrcnn(4, 4600),
    *(
        _unprinted(
            "fsrcnn-pytorch",
            FsrcnnConfig(scale=s, design="luma_pytorch"),
            "Dong et al. 2016, arXiv:1608.00367, as ported in yjn870/FSRCNN-pytorch",
        )
        for s in SCALES
    ),
    *(
        _unprinted(
            name,
            FsrcnnConfig(scale=4, channels=channels, design="rgb"),
            f"{_CLASSSR}: its variant of FSRCNN (Dong et al. 2016), on RGB",
            _PER_PATCH.format(mega_flops, _TRANSPOSED),
        )
        for name, channels, mega_flops in (
            ("fsrcnn-rgb", 56, 468),
            ("fsrcnn-rgb-36", 36, 304),
            ("fsrcnn-rgb-16", 16, 141),
        )
    ),
    *(
        _unprinted(
            "edsr-baseline", EdsrConfig(scale=s), "Lim et al. 2017, arXiv:1707.02921; BasicSR"
        )
        for s in SCALES
    ),
    *(
        _unprinted(
            name,
            CarnConfig(scale=4, channels=channels),
            f"{_CLASSSR}: its variant of CARN-M (Ahn et al. 2018), with batch normalisation",
            _PER_PATCH.format(mega_flops, ""),
        )
        for name, channels, mega_flops in (
            ("carn-m", 64, 1150),
            ("carn-m-52", 52, 770),
            ("carn-m-36", 36, 380),
        )
    ),
    _carn_m(2, 91_200),
    _carn_m(3, 46_100),
    _carn_m(4, 32_500),
    *(
        _unprinted(
            "msrresnet",
            MsrResNetConfig(scale=s),
            "Ledig et al. 2017, arXiv:1609.04802, as in XPixelGroup/BasicSR; in ClassSR at x4 only",
        )
        for s in (2, 3)
    ),
    CatalogueEntry(
        name="msrresnet",
        config=MsrResNetConfig(scale=4),
        macs_published=146 * 10**9,
        published_convention="convolutions only, rounded to 1 G",
        source=f"{_CLASSSR}; MACs: Aitical/CFSR, README",
    ),
    *(
        _unprinted(
            name,
            MsrResNetConfig(scale=4, channels=channels),
            _CLASSSR,
            _PER_PATCH.format(mega_flops, ""),
        )
        for name, channels, mega_flops in (("msrresnet-52", 52, 3440), ("msrresnet-36", 36, 1660))
    ),
    *(
        _unprinted(
            "rcan",
            RcanConfig(scale=s),
            "Zhang et al. 2018, arXiv:1807.02758, and yulunzhang/RCAN",
        )
        for s in (2, 3)
    ),
    *(
        _unprinted(
            name,
            RcanConfig(scale=4, channels=channels),
            _CLASSSR,
            _PER_PATCH.format(mega_flops, ""),
        )
        for name, channels, mega_flops in (
            ("rcan", 64, 32_600),
            ("rcan-50", 50, 19_900),
            ("rcan-36", 36, 10_330),
        )
    ),
    _classsr("fsrcnn", FsrcnnConfig(scale=4, design="rgb"), (16, 36), 311, _TRANSPOSED),
    _classsr("carn-m", CarnConfig(scale=4), (36, 52), 841),
    _classsr("msrresnet", MsrResNetConfig(scale=4), (36, 52), 3620),
    _classsr(
        "rcan",
        RcanConfig(scale=4),
        (36, 50),
        21_220,
        ", by a retraining in icey-zhang/ClassSR_paddle",
    ),
    _imdn(2, 158_800),
    _imdn(3, 71_500),
    _imdn(4, 40_900),
    *(_unprinted("rlfn", RlfnConfig(scale=s), _RLFN) for s in SCALES),
    *(
        _unprinted("rlfn-s", RlfnConfig(scale=s, channels=48, inner_channels=48), _RLFN)
        for s in SCALES
    ),
    *(
        _unprinted(
            "rlfn-ntire", RlfnConfig(scale=s, channels=46, inner_channels=48, blocks=4), _NTIRE
        )
        for s in SCALES
    ),
    _safmn(2, 51_532, _FVCORE),
    _safmn(3, 23_000, f"{_FVCORE}; rounded to 1 G"),
    _safmn(4, 13_555, _FVCORE),
    *(
        _unprinted(
            "safmn-l",
            SafmnConfig(scale=s, channels=128, blocks=16),
            "Sun et al. 2023, arXiv:2302.13800, and sunny2109/SAFMN",
        )
        for s in SCALES
    ),
    *(_unprinted("safmn-ntire", SafmnConfig(scale=s, design="ntire"), _NTIRE) for s in SCALES),
    *(_unprinted("span", SpanConfig(scale=s), _SPAN) for s in SCALES),
    *(_unprinted("span-s", SpanConfig(scale=s, channels=48), _SPAN) for s in SCALES),
    *(_unprinted("span-train", SpanConfig(scale=s, form="training"), _SPAN) for s in SCALES),
    *(
        _unprinted("span-s-train", SpanConfig(scale=s, channels=48, form="training"), _SPAN)
        for s in SCALES
    ),
    _unprinted("span-ntire-2024", SpanConfig(scale=4, channels=28), _NTIRE),
    _unprinted(
        "span-ntire-2025",
        SpanConfig(scale=4, channels=28, fusion_channels=20),
        "a challenge's network: Amazingren/NTIRE2025_ESR",
    ),
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
