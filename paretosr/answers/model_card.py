"""A model card: what a trained network is, what it was measured to do, and what it is not for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from blocks.config import NetworkConfigBase
from imaging import BUNDLED

FEW_IMAGES = 100
"""Below so many training images a network is a demonstration, not a product."""


@dataclass(frozen=True)
class Origin:
    """How the weights came about."""

    run: str
    """The run directory of the search."""
    start: str
    """"random", or "inherited" from the weights of a relative."""
    parent: str | None
    """The design and the digest of the weights that were inherited."""
    teacher: str | None
    """The design and the digest of the weights whose images were learned."""
    recipe: str
    schedule: str
    steps: int
    steps_with_ancestors: int
    """With those of the weights that were inherited."""
    seconds: float
    seed: int
    precision: str
    training_data: str
    """A folder or "bundled"."""
    training_images: int
    licence: str
    """What is known of the terms of the photographs."""


@dataclass(frozen=True)
class QualityOn:
    """How close the network comes to the originals of a folder, beside bicubic."""

    data: str
    images: int
    computed_by: str
    """PyTorch, or the target whose program enlarged the images."""
    psnr_y_db: float
    ssim_y: float
    bicubic_psnr_y_db: float
    bicubic_ssim_y: float


@dataclass(frozen=True)
class Cost:
    """What the network takes on one device."""

    target: str
    variant: str | None
    """In which the network was timed; None for a quantised program."""
    lr_height_px: int
    lr_width_px: int
    batch: int
    latency_ms: float
    latency_ci_low_ms: float
    latency_ci_high_ms: float
    peak_memory_mib: float | None
    device: Mapping[str, str | int]


@dataclass(frozen=True)
class ModelCard:
    """A trained network as its user must know it."""

    trial: int
    arch_id: str
    family: str
    scale: int
    design: Mapping[str, object]
    params: int
    macs: int
    """For an output of 1280x720."""
    weights: str
    """The digest of the weights."""
    origin: Origin
    quality: tuple[QualityOn, ...]
    cost: Cost | None
    """None where the target could not run the network."""
    files: Mapping[str, str]
    """The names of the files by their format."""
    limits: tuple[str, ...]
    """What the network is not good for."""
    versions: Mapping[str, str]

    def to_dict(self) -> Mapping[str, object]:
        """The card as its JSON document."""
        return asdict(self)

    def markdown(self) -> str:
        """The card as a page."""
        origin = self.origin
        sections = [
            f"# {self.arch_id}",
            f"A network of the family {self.family} that enlarges RGB photographs by {self.scale}, "
            f"with {self.params:,} parameters and {self.macs / 1e9:,.2f} GMACs for an output of "
            f"1280x720. It is trial {self.trial} of a search with ParetoSR.",
            "## Quality",
            _table(
                ("data", "images", "computed by", "PSNR on Y (dB)", "SSIM on Y", "bicubic (dB)"),
                map(_quality_cells, self.quality),
            ),
            f"Means over the images, which MATLAB's imresize shrank by {self.scale}, without a "
            f"border of {self.scale} pixels.",
            "## Speed",
            *self._speed(),
            "## How it was trained",
            _table(("setting", "value"), _origin_rows(origin)),
            "## Photographs and their licence",
            f"Trained on {_count(origin.training_images, 'image')} of "
            f"{_name(origin.training_data)}. {origin.licence}",
            "## What it is not good for",
            "\n".join(f"* {limit}" for limit in self.limits),
            "## Files",
            _table(("format", "file"), self.files.items()),
            "## Provenance",
            _table(("what", "which"), [("weights", self.weights), *self.versions.items()]),
        ]
        return "\n\n".join(sections) + "\n"

    def _speed(self) -> Iterator[str]:
        cost = self.cost
        if cost is None:
            yield "Not measured: the target could not run the network."
            return
        variant = "" if cost.variant is None else f", variant {cost.variant}"
        memory = "" if cost.peak_memory_mib is None else f" and {cost.peak_memory_mib:,.1f} MiB"
        yield (
            f"**{cost.latency_ms:,.4g} ms** (95 % interval {cost.latency_ci_low_ms:,.4g} to "
            f"{cost.latency_ci_high_ms:,.4g}){memory} for {_count(cost.batch, 'image')} of "
            f"{cost.lr_height_px}x{cost.lr_width_px} pixels on `{cost.target}`{variant}."
        )
        yield _table(("device", "value"), cost.device.items())


def limits_of(config: NetworkConfigBase, origin: Origin, cost: Cost | None) -> tuple[str, ...]:
    """What a network of this design and origin is not good for, in sentences."""
    scale = config.scale
    limits = [
        f"Any other scale than {scale}, and repeated use for {scale * scale}.",
        "Images that were not shrunk by MATLAB's bicubic imresize: of blur, noise, the blocks of "
        "JPEG or another reduction it knows nothing, and enlarges them.",
        "Other colours than 8-bit sRGB: no transparency, no CMYK, no HDR, no linear light. PSNR "
        "and SSIM are of the Y channel alone, in which errors of colour hardly count.",
        "Evidence: what it adds is likely, not seen. No faces, number plates or medical findings.",
        "Rich texture: it was trained for the mean error, which makes what is uncertain smooth.",
    ]
    if (side := config.minimum_size_px) > 1:
        limits.append(
            f"Images below {side}x{side} pixels, unless by the ONNX file, which pads them."
        )
    if config.receptive_field_radius_px is None:
        limits.append(
            "Tiles: its output depends on the whole image, so that large images cut into tiles "
            "come out otherwise than in one piece."
        )
    if cost is not None:
        limits.append(
            f"Promises of speed elsewhere: {cost.latency_ms:,.4g} ms hold for {cost.target} on the "
            "device above and its load then, and at this size of images alone."
        )
    if origin.training_images < FEW_IMAGES:
        limits.append(
            f"Products: {_count(origin.training_images, 'training image')} make a demonstration; "
            "train on hundreds of photographs like yours."
        )
    return tuple(limits)


def licence_note(data: str) -> str:
    """What is known of the terms of a folder of photographs, or of the bundled ones."""
    if data == BUNDLED:
        return (
            "They come with scikit-image, whose documentation (skimage.data) names the origin of "
            "each: most are CC0 or in the public domain; motorcycle_left.png is from the "
            "Middlebury 2014 stereo benchmark and states no licence."
        )
    folder = Path(data).expanduser()
    terms = sorted(
        path.name
        for parent in (folder, folder.absolute().parent)
        for path in parent.glob("*")
        if path.is_file() and path.stem.lower() in {"licence", "license", "copying", "terms"}
    )
    if terms:
        return f"Their terms are in {', '.join(terms)} beside them: read them before you publish."
    return (
        "ParetoSR knows no licence of theirs: no file beside them says it. Many data sets are for "
        "research only, which may bind the weights too; ask whoever published them."
    )


def _origin_rows(origin: Origin) -> Sequence[tuple[str, object]]:
    rows: list[tuple[str, object]] = [
        ("recipe", origin.recipe),
        ("schedule", origin.schedule),
        ("steps", f"{origin.steps:,}"),
        ("steps with those of its ancestors", f"{origin.steps_with_ancestors:,}"),
        ("start", origin.start),
        ("parent", origin.parent or "none"),
        ("teacher", origin.teacher or "none"),
        ("time", f"{origin.seconds:,.0f} s"),
        ("seed", origin.seed),
        ("precision", origin.precision),
    ]
    return rows


def _quality_cells(quality: QualityOn) -> tuple[object, ...]:
    return (
        _name(quality.data),
        quality.images,
        quality.computed_by,
        f"{quality.psnr_y_db:.2f}",
        f"{quality.ssim_y:.4f}",
        f"{quality.bicubic_psnr_y_db:.2f}",
    )


def _name(data: str) -> str:
    """The last part of a folder, since a published card must not tell the author's paths."""
    return Path(data).name or data


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def _table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in line)} |" for line in lines)


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
