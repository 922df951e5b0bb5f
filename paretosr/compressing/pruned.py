"""What pruning gives: the networks on the way from the parent to the child, and a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks import NetworkConfig
from imaging import Quality
from paretosr.results import Result, Table


@dataclass(frozen=True)
class PrunedStage:
    """One of the networks on the way from the parent to the child."""

    name: str
    """"parent", "inherited" or "trained"."""
    params: int
    macs: int
    """For an output of 1280x720."""
    quality: Quality
    """On the bundled validation images."""
    crops_psnr_db: float
    """Of RGB, on crops of the training images, which decides between the last two."""


@dataclass(frozen=True, repr=False)
class Pruning(Result):
    """A smaller network with the weights that it inherited, and what it gives.

    Attributes:
        model: the parent's reference.
        config: the child's design.
        checkpoint: DIR/model.safetensors, the child.
        cut: what is other in the child's design, each with the parent's value and its own.
        method: how the weights were inherited: "slices" or "least squares".
        teacher: the checkpoint whose images were learned; None where nothing was trained.
        steps: of the training; 0 for none.
        stages: the parent, the child as it inherited and, where it was trained, after that.
        kept: which of the child's stages the checkpoint holds.
        report: DIR/report.md.
    """

    model: str
    config: NetworkConfig
    checkpoint: Path
    cut: Mapping[str, tuple[object, object]]
    method: str
    teacher: str | None
    steps: int
    stages: tuple[PrunedStage, ...]
    kept: str
    report: Path

    @property
    def share(self) -> float:
        """Of the parent's parameters."""
        return self.stages[-1].params / self.stages[0].params

    @property
    def lost_db(self) -> float:
        """Of PSNR on Y, to the parent on the bundled validation images."""
        return self.stages[0].quality.psnr_y_db - self._kept.quality.psnr_y_db

    @property
    def _kept(self) -> PrunedStage:
        return next(stage for stage in self.stages if stage.name == self.kept)

    def to_dict(self) -> Mapping[str, object]:
        return {
            "model": self.model,
            "method": "prune",
            "arch_id": self.config.arch_id,
            "scale": self.config.scale,
            "checkpoint": str(self.checkpoint),
            "cut": {name: list(values) for name, values in self.cut.items()},
            "inheritance": self.method,
            "teacher": self.teacher,
            "train_steps": self.steps,
            "kept": self.kept,
            "share": self.share,
            "lost_db": self.lost_db,
            "stages": [
                {
                    "name": stage.name,
                    "params": stage.params,
                    "macs": stage.macs,
                    "psnr_y_db": stage.quality.psnr_y_db,
                    "ssim_y": stage.quality.ssim_y,
                    "crops_psnr_db": stage.crops_psnr_db,
                }
                for stage in self.stages
            ],
            "report": str(self.report),
        }

    def tables(self) -> Sequence[Table]:
        parent, *_ = self.stages
        numeric = ("parameters", "GMACs", "PSNR on Y (dB)", "SSIM on Y", "to the parent (dB)")
        rows = tuple(
            (
                stage.name,
                f"{stage.params:,}",
                f"{stage.macs / 1e9:.2f}",
                f"{stage.quality.psnr_y_db:.2f}",
                f"{stage.quality.ssim_y:.4f}",
                ""
                if stage is parent
                else f"{stage.quality.psnr_y_db - parent.quality.psnr_y_db:+.2f}",
            )
            for stage in self.stages
        )
        title = f"{self.model} x{self.config.scale}, on the bundled validation images"
        return (Table(("network", *numeric), rows, frozenset(numeric), title),)

    def sentences(self) -> Sequence[str]:
        return (*self._story(), str(self.checkpoint), str(self.report))

    def _story(self) -> Iterator[str]:
        cut = ", ".join(f"{name} {was} -> {now}" for name, (was, now) in self.cut.items())
        yield f"{self.share:.0%} of the parameters are left: {cut}"
        yield f"weights inherited by {self.method}"
        if self.teacher is not None:
            yield f"then {self.steps:,} steps with the teacher {self.teacher}"
            before, after = (f"{stage.crops_psnr_db:.2f} dB" for stage in self.stages[1:])
            yield (
                f"kept is the {self.kept} network: on other crops of the training images the "
                f"inherited one gives {before} and the trained one {after}"
            )

    def page(self) -> str:
        """The report."""
        (table,) = self.tables()
        lines = [table.headings, ["---"] * len(table.headings), *table.rows]
        rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        story = "\n".join(f"- {sentence}" for sentence in self._story())
        return (
            f"# {self.model} made smaller\n\n{self.config.arch_id}\n\n{story}\n\n"
            f"## Quality on the bundled validation images\n\n{rows}\n\n"
            "GMACs are for an output of 1280x720.\n"
        )
