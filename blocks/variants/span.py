"""SPAN with the branches of each trained convolution multiplied out."""

from blocks.networks.span import BranchedConvolution, Span, SpanConfig
from blocks.variants.variant import PLAIN, FamilyVariants, Variant


def fold_span(network: Span) -> Span:
    """A network in the folded form that gives the images of one in the training form.

    The branches are multiplied out in float64; a network that is folded already is copied.
    """
    tensors = dict(network.state_dict())
    for path, part in network.named_modules():
        if isinstance(part, BranchedConvolution):
            for name in part.state_dict():
                del tensors[f"{path}.{name}"]
            weight, bias = part.folded()
            tensors |= {f"{path}.weight": weight, f"{path}.bias": bias}
    folded = Span(network.config.replace(form="folded")).to(network.output_convolution.weight)
    folded.load_state_dict(tensors)
    return folded.train(network.training)


def _has_branches(config: SpanConfig) -> bool:
    return config.form == "training"


SPAN_VARIANTS = FamilyVariants(
    "span", (PLAIN, Variant("folded", fold_span, _has_branches, is_for_export=True))
)
