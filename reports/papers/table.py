"""The table that papers compare networks with: one row each, PSNR and SSIM on every data set."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.papers.systems import System, same_values
from reports.published import BENCHMARKS

Rank = Literal["best", "second", ""]


@dataclass(frozen=True)
class Number:
    """A number as it is printed, and how it stands among those of its scale."""

    text: str
    """Empty where it is not known."""
    rank: Rank = ""


@dataclass(frozen=True)
class Quality:
    """PSNR in dB and SSIM, both on Y, on one data set."""

    psnr: Number
    ssim: Number


@dataclass(frozen=True)
class PaperRow:
    """One network at one scale."""

    name: str
    model: str
    """The published model whose paper is cited; empty for one of ours."""
    is_ours: bool
    params_k: str
    giga_macs: str
    is_counted: bool
    """Whether the MACs of a published model are counted here and not printed."""
    latency_ms: str
    qualities: tuple[Quality, ...]


@dataclass(frozen=True)
class PaperTable:
    """Rows by their scales."""

    datasets: tuple[str, ...]
    groups: Mapping[int, tuple[PaperRow, ...]]
    target: str | None
    """What latency was measured on; None where none is known."""
    conventions: tuple[str, ...]
    """How the printed MACs were counted."""

    @property
    def rows(self) -> tuple[PaperRow, ...]:
        """The rows of all scales."""
        return tuple(row for group in self.groups.values() for row in group)


def paper_table(systems: Sequence[System]) -> PaperTable:
    """The table of some systems: trained ones with a scale; of trials those on their run's front.

    Within a scale bicubic comes first, then published models and then ours, each by rising MACs.

    Raises:
        ValueError: there is no such system.
    """
    shown = [it for it in systems if _is_shown(it)]
    if not shown:
        raise ValueError("a table needs a trained network with a known PSNR, got none")
    names = [str(name) for name in same_values(shown, "data")]
    datasets = tuple(sorted(names, key=_place))
    scales = sorted({system.scale for system in shown if system.scale is not None})
    targets = same_values(shown, "target")
    with_latency = [str(target) for target in targets] if _know_latency(shown) else []
    return PaperTable(
        datasets,
        {scale: _group([it for it in shown if it.scale == scale], datasets) for scale in scales},
        " | ".join(with_latency) or None,
        tuple(str(text) for text in same_values(shown, "convention")),
    )


def _is_shown(system: System) -> bool:
    known = system.state == "trained" and system.psnr_y_db is not None and system.scale is not None
    return known and (system.kind != "trial" or system.is_baseline or system.standing == "front")


def _know_latency(systems: Sequence[System]) -> bool:
    return any(it.latency_ms is not None and not it.is_baseline for it in systems)


def _place(dataset: str) -> tuple[int, str]:
    known = BENCHMARKS.index(dataset) if dataset in BENCHMARKS else len(BENCHMARKS)
    return known, dataset


def _group(systems: Sequence[System], datasets: Sequence[str]) -> tuple[PaperRow, ...]:
    """The rows of one scale, their best numbers marked."""
    merged: dict[object, list[System]] = {}
    for system in sorted(systems, key=_order):
        key = () if system.is_baseline else (system.name, system.kind, system.run)
        merged.setdefault(key, []).append(system)
    rows = list(merged.values())
    psnr = [_marked(rows, data, _psnr) for data in datasets]
    ssim = [_marked(rows, data, _ssim) for data in datasets]
    return tuple(
        _row(members, tuple(Quality(psnr[at][place], ssim[at][place]) for at in range(len(psnr))))
        for place, members in enumerate(rows)
    )


def _order(system: System) -> tuple[int, bool, float]:
    """Of two kinds of bicubic, that which was measured here comes first and is taken."""
    part = 0 if system.is_baseline else 2 if system.is_ours else 1
    return part, part == 0 and not system.is_ours, system.macs or 0.0


def _row(members: Sequence[System], qualities: tuple[Quality, ...]) -> PaperRow:
    first = members[0]
    if first.is_baseline:
        latency = _text(first.latency_ms, "{:,.1f}")
        return PaperRow("Bicubic", "", False, "", "", False, latency, qualities)
    published = first.kind == "published"
    return PaperRow(
        name=f"{first.run}, trial {first.trial}" if first.kind == "trial" else first.name,
        model=(first.model or "") if published else "",
        is_ours=first.is_ours,
        params_k=_text(first.params, "{:,.0f}", 1e3),
        giga_macs=_text(first.macs, "{:,.1f}", 1e9),
        is_counted=published and first.macs is not None and first.convention is None,
        latency_ms=_text(first.latency_ms, "{:,.1f}"),
        qualities=qualities,
    )


def _marked(
    rows: Sequence[Sequence[System]], data: str, value: Callable[[System], str]
) -> list[Number]:
    """What is printed for each row, the largest number marked best and the next one second.

    Numbers that are printed alike are marked alike.
    """
    texts = []
    for members in rows:
        found = [text for it in members if it.data == data and (text := value(it))]
        texts.append(found[0] if found else "")
    ranked = sorted({float(text) for text in texts if text}, reverse=True)
    ranks: dict[float, Rank] = dict(zip(ranked, ("best", "second"), strict=False))
    return [Number(text, ranks.get(float(text), "") if text else "") for text in texts]


def _psnr(system: System) -> str:
    return _text(system.psnr_y_db, "{:.2f}")


def _ssim(system: System) -> str:
    return _text(system.ssim_y, "{:.4f}")


def _text(value: float | None, form: str, divisor: float = 1.0) -> str:
    return "" if value is None else form.format(value / divisor)
