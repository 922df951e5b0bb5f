"""What is known of a network in the middle of its training."""

from collections.abc import Sequence
from dataclasses import dataclass

from blocks.config import NetworkConfigBase
from blocks.networks.registry import SuperResolutionNetwork
from blocks.pixels import network_upscaler
from imaging.evaluation import ValidationPair, evaluate_quality
from training.behaviour import behaviour_columns, decisions_of

PSNR = "psnr_y_db"


@dataclass(frozen=True)
class Validation:
    """Judges networks on validation images, at inference."""

    pairs: Sequence[ValidationPair]
    device: str

    @staticmethod
    def columns(config: NetworkConfigBase) -> tuple[str, ...]:
        """The columns of the training's log that a judgement fills."""
        return (PSNR, *behaviour_columns(config))

    def judge(self, network: SuperResolutionNetwork) -> dict[str, float]:
        """The values by column."""
        quality = evaluate_quality(network_upscaler(network, device=self.device), self.pairs)
        decisions = decisions_of(network, self.pairs, device=self.device)
        values = (quality.psnr_y_db, *decisions.logged)
        return dict(zip(self.columns(network.config), values, strict=True))
