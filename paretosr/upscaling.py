"""From a resolved MODEL to enlarged images."""

from blocks import load_network
from paretosr.models import ResolvedModel
from training.quality import Upscaler, bicubic_upscaler, network_upscaler


def upscaler_of(model: ResolvedModel) -> Upscaler:
    """Return a function from uint8 (h, w, 3) to uint8 (s h, s w, 3), with s = model.scale.

    Raises:
        ValueError: the model is a network without trained weights, or its checkpoint is corrupt.
    """
    if model.config is None:
        return bicubic_upscaler(model.scale)
    if model.weights is None:
        raise ValueError(
            f"MODEL must have trained weights, but {model.name!r} is only a design: train it "
            f"(paretosr train {model.name} --scale {model.scale} --out DIR) and give "
            "DIR/model.safetensors"
        )
    return network_upscaler(load_network(model.weights))
