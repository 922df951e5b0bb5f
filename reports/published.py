"""Numbers that papers print, kept as CSV files with the source of every row.

Beside what is printed stands what this project counts itself, where it has the network
(counted.csv): papers count multiply-adds in several ways (`CONVENTIONS`), or not at all.

Of Set14 bicubic is printed with the raw values of the one file that has one channel, networks with
its Y: printed gains over bicubic are 0.09 dB larger than gains of like over like.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from types import MappingProxyType

from foundation import nearest

CONVENTIONS: Mapping[str, str] = MappingProxyType(
    {
        "smsr.csv": "at 1280x720, rounded to 0.1 G; transposed convolutions at every output pixel;"
        " SMSR with its mean mask",
        "falsr.csv": "at 1280x720, as each of its sources counts",
        "seemore.csv": "at 1280x720, mostly rounded to 1 G; SeemoRe with the one expert that runs",
        "readmes.csv": "not printed",
        "classsr.csv": "not printed: FLOPs per sub-image",
        "splitsr.csv": "not printed",
    }
)
"""How the files count multiply-adds. Where several print one model, the first one's row is taken:
the first table counts every scale alike."""

BENCHMARKS = ("Set5", "Set14", "B100", "Urban100", "Manga109")
"""The data sets that nearly all papers test on, in the order of their tables."""

HEADER = ("model", "scale", "params_k", "gmacs", "dataset", "psnr_db", "ssim", "source")
BICUBIC = "Bicubic"
_ALIASES = {"bsd100": "B100", "bsds100": "B100"}


@dataclass(frozen=True)
class CountedNetwork:
    """What this project counts of a published network, by its own convention."""

    network: str
    """A name of the catalogue, or a config without its scale as JSON."""
    params: int
    macs: int
    """For an output of 1280x720, on the costliest path."""


@dataclass(frozen=True)
class PublishedModel:
    """One model at one scale on one data set, as printed."""

    model: str
    scale: int
    params_k: float | None
    """Thousands of parameters."""
    gmacs: float | None
    """Billions of multiply-adds for an output of 1280x720, in the source's own convention."""
    dataset: str
    psnr_db: float
    ssim: float | None
    source: str
    """Where it is printed; other sources follow, with their numbers where these differ."""
    convention: str = ""
    """How the source counts multiply-adds."""
    counted: CountedNetwork | None = None


def published_models(scale: int, dataset: str = "Set5") -> tuple[PublishedModel, ...]:
    """The published models of a scale on a data set, one each, by rising GMACs.

    GMACs are those that are printed, else those that are counted here; models without either are
    left out, such as ClassSR's, whose papers count per sub-image. The scale is 2, 3 or 4; any other
    has no models.

    Raises:
        ValueError: a file is damaged.
    """
    rows = [
        row
        for row in published_results()
        if (row.scale, row.dataset) == (scale, dataset) and _giga_macs(row) is not None
    ]
    return tuple(sorted(rows, key=lambda row: (_giga_macs(row) or 0.0, row.model)))


@cache
def published_results() -> tuple[PublishedModel, ...]:
    """Everything that is printed with a PSNR, bicubic too: a row for a model, scale and data set.

    Raises:
        ValueError: a file is damaged.
    """
    counted = _counted_networks()
    found: dict[tuple[str, int, str], PublishedModel] = {}
    for name, convention in CONVENTIONS.items():
        for row in parse_rows(_text_of(name), name):
            key = (row.model, row.scale, row.dataset)
            own = replace(row, convention=convention, counted=counted.get((row.model, row.scale)))
            found[key] = _with_other_source(found[key], own) if key in found else own
    return tuple(found.values())


def dataset_named(name: str) -> str:
    """The name that papers give a data set: "b100" and "BSD100" are both B100.

    Raises:
        ValueError: no published row is of that data set.
    """
    known = {row.dataset.lower(): row.dataset for row in published_results()}
    plain = name.lower()
    found = _ALIASES.get(plain) or known.get(plain)
    if found is None:
        raise ValueError(
            f"published results are of {', '.join(known.values())}, got {name!r}"
            + nearest(name, known.values())
        )
    return found


def named_models(names: Sequence[str]) -> tuple[str, ...]:
    """Published models by their names, in whatever case these are written.

    Raises:
        ValueError: a name is unknown.
    """
    known = {row.model.lower(): row.model for row in published_results()}
    for name in names:
        if name.lower() not in known:
            raise ValueError(
                f"no published model is called {name!r}{nearest(name, known.values())}"
            )
    return tuple(known[name.lower()] for name in names)


def parse_rows(text: str, name: str) -> Iterator[PublishedModel]:
    """The rows of one file that print a PSNR.

    Raises:
        ValueError: another header, a wrong number of fields, or a number that is none.
    """
    for fields, place in _lines(text, name, HEADER):
        model, scale, *measured, dataset, psnr, ssim, source = fields
        if not (model and scale in ("2", "3", "4") and dataset and source):
            raise ValueError(f"{place} must name its model, scale (2, 3, 4), dataset and source")
        params_k, gmacs, psnr_db = (_number(field, place) for field in (*measured, psnr))
        ssim_y = _number(ssim, place)
        if psnr_db is not None:
            yield PublishedModel(
                model, int(scale), params_k, gmacs, dataset, psnr_db, ssim_y, source
            )


def _counted_networks() -> dict[tuple[str, int], CountedNetwork]:
    header = ("model", "scale", "network", "params", "macs")
    return {
        (model, int(scale)): CountedNetwork(network, int(params), int(macs))
        for (model, scale, network, params, macs), _ in _lines(
            _text_of("counted.csv"), "counted.csv", header
        )
    }


def _text_of(name: str) -> str:
    return (resources.files("reports") / "published" / name).read_text(encoding="utf-8")


def _lines(text: str, name: str, header: Sequence[str]) -> Iterator[tuple[list[str], str]]:
    """The fields of each line below the header, and its place in words."""
    lines = csv.reader(io.StringIO(text))
    found = next(lines, [])
    if tuple(found) != tuple(header):
        raise ValueError(f"{name} must begin with {','.join(header)}, got {','.join(found)}")
    for fields in lines:
        place = f"{name} line {lines.line_num}"
        if len(fields) != len(header):
            raise ValueError(f"{place} must have {len(header)} fields, got {len(fields)}")
        yield fields, place


def _giga_macs(row: PublishedModel) -> float | None:
    counted = None if row.counted is None else row.counted.macs / 1e9
    return counted if row.gmacs is None else row.gmacs


def _number(field: str, place: str) -> float | None:
    if field == "":
        return None
    try:
        number = float(field)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0):
        raise ValueError(f"{place} must hold positive numbers or nothing, got {field!r}")
    return number


def _with_other_source(drawn: PublishedModel, other: PublishedModel) -> PublishedModel:
    """`drawn`, whose source now names the other row's too, and what that prints otherwise."""
    differences = [
        f"{printed:g} {unit}"
        for field, unit in (("params_k", "K parameters"), ("gmacs", "GMACs"), ("psnr_db", "dB"))
        if (printed := getattr(other, field)) is not None and printed != getattr(drawn, field)
    ]
    note = f" prints {', '.join(differences)}" if differences else ""
    return replace(drawn, source=f"{drawn.source} | also {other.source}{note}")
