"""Every network's configuration has an identity, and stays valid when it is changed."""

import pytest

from blocks import SeemoReConfig, SplitSRConfig


def test_arch_id_names_family_scale_and_hash() -> None:
    config = SplitSRConfig(scale=3)
    family, scale, digest = config.arch_id.split("-")
    assert (family, scale, len(digest)) == ("splitsr", "x3", 10)
    assert int(digest, 16) >= 0


def test_arch_id_is_stable() -> None:
    """Run directories name their checkpoints by it: a change here orphans them."""
    assert SplitSRConfig(scale=2).arch_id == "splitsr-x2-05f7ef709e"
    assert SeemoReConfig(scale=2).arch_id == "seemore-x2-db4c394fb6"


def test_replace_validates() -> None:
    assert SplitSRConfig(scale=2).replace(groups=7).groups == 7
    with pytest.raises(ValueError, match="active_channels must be at most channels"):
        SplitSRConfig(scale=2).replace(channels=8)
