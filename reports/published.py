"""Numbers that papers print, kept as CSV files with the source of every row.

A row belongs in a plot of PSNR against GMACs only if it prints both, and its parameters.

Of Set14 bicubic is printed with the raw values of the one file that has one channel, networks with
its Y: printed gains over bicubic are 0.09 dB larger than gains of like over like.
"""

import csv
import io
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import resources

# Where several sources print one model, the first row in this order is drawn. The first table
# counts every scale alike, to one decimal; seemore.csv rounds to whole GMACs.
FILES = ("smsr.csv", "falsr.csv", "seemore.csv", "classsr.csv", "splitsr.csv")
HEADER = ("model", "scale", "params_k", "gmacs", "dataset", "psnr_db", "ssim", "source")


@dataclass(frozen=True)
class PublishedModel:
    """One model at one scale on one dataset, as printed."""

    model: str
    scale: int
    params_k: float
    """Thousands of parameters."""
    gmacs: float
    """Billions of multiply-adds for an output of 1280x720, in the source's own convention."""
    dataset: str
    psnr_db: float
    ssim: float | None
    source: str
    """Where it is printed; other sources follow, with their numbers where these differ."""


def published_models(scale: int, dataset: str = "Set5") -> tuple[PublishedModel, ...]:
    """The published models of a scale on a dataset, one each, by rising GMACs.

    Models without printed GMACs, parameters or PSNR are left out, such as ClassSR's, whose
    papers count per sub-image. The scale is 2, 3 or 4; any other has no models.

    Raises:
        ValueError: a file is damaged.
    """
    models: dict[str, PublishedModel] = {}
    for name in FILES:
        text = (resources.files("reports") / "published" / name).read_text(encoding="utf-8")
        for row in parse_rows(text, name):
            if (row.scale, row.dataset) == (scale, dataset):
                first = models.get(row.model)
                models[row.model] = row if first is None else _with_other_source(first, row)
    return tuple(sorted(models.values(), key=lambda model: (model.gmacs, model.model)))


def parse_rows(text: str, name: str) -> Iterator[PublishedModel]:
    """The rows of one file that print GMACs, parameters and PSNR; the bicubic rows do not.

    Raises:
        ValueError: another header, a wrong number of fields, or a number that is none.
    """
    lines = csv.reader(io.StringIO(text))
    header = tuple(next(lines, ()))
    if header != HEADER:
        raise ValueError(f"{name} must begin with {','.join(HEADER)}, got {','.join(header)}")
    for fields in lines:
        place = f"{name} line {lines.line_num}"
        if len(fields) != len(HEADER):
            raise ValueError(f"{place} must have {len(HEADER)} fields, got {len(fields)}")
        model, scale, *measured, dataset, psnr, ssim, source = fields
        if not (model and scale in ("2", "3", "4") and dataset and source):
            raise ValueError(f"{place} must name its model, scale (2, 3, 4), dataset and source")
        params_k, gmacs, psnr_db = (_number(field, place) for field in (*measured, psnr))
        ssim_y = _number(ssim, place)
        if params_k is not None and gmacs is not None and psnr_db is not None:
            yield PublishedModel(
                model, int(scale), params_k, gmacs, dataset, psnr_db, ssim_y, source
            )


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
        f"{getattr(other, field):g} {unit}"
        for field, unit in (("params_k", "K parameters"), ("gmacs", "GMACs"), ("psnr_db", "dB"))
        if getattr(other, field) != getattr(drawn, field)
    ]
    note = f" prints {', '.join(differences)}" if differences else ""
    return replace(drawn, source=f"{drawn.source} | also {other.source}{note}")
