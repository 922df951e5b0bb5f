"""SplitSR's space."""

from blocks.networks.registry import parse_network_config
from search.space import SplitSRSpace


def test_a_mask_that_no_placement_gives_is_not_searched() -> None:
    fields = {"family": "splitsr", "scale": 2, "groups": 2, "blocks": 2, "image_skip": "bilinear"}
    masked = {**fields, "split_mask": [[True, False], [False, True]]}
    assert str(SplitSRSpace().misfit(parse_network_config(masked))).startswith(
        "hybrid_mode mask is not"
    )
