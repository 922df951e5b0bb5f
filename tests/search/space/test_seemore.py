"""SeemoRe's space."""

from search.space import SeemoReSpace


def test_experts_above_half_of_the_channels_are_left_out() -> None:
    values = {**SeemoReSpace().values_at(0.0), "channels": 8, "experts": 4, "top_k": 2}
    config = SeemoReSpace().network({**values, "growth": "exponential"}, 2)
    assert config.ranks == (2, 4)
    narrow = SeemoReSpace().network({**values, "channels": 4, "growth": "exponential"}, 2)
    assert (narrow.ranks, narrow.top_k) == ((2,), 1)
